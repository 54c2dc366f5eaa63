"""The third stage: the questions that a change raises, each answered by one contrast."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from baseline_pipeline.comparison import Comparison, Contrast, JointShift, Moved, Side
from baseline_pipeline.contrasting import contrast
from baseline_pipeline.drift.joint import separation
from baseline_pipeline.effects import part
from baseline_pipeline.errors import EvidenceUnavailable
from baseline_pipeline.leaning import leanings
from baseline_pipeline.matching import match
from baseline_pipeline.monitoring.data_change import DataChange, data_change
from baseline_pipeline.records import Digest, digest_of, short
from baseline_pipeline.schema_change import column_kind
from baseline_pipeline.shift import joint_shift
from baseline_pipeline.workbench.iteration.changes import contract_change, facet_changes
from baseline_pipeline.workbench.iteration.drifting import drift_between, features_of, of_both
from baseline_pipeline.workbench.iteration.evaluating import load_evaluation, load_scores
from baseline_pipeline.workbench.iteration.snapshotting import load_snapshot
from baseline_pipeline.workbench.iteration.timing import load_times
from baseline_pipeline.workbench.stages import Compared, Evaluated, Scored

if TYPE_CHECKING:
    from collections.abc import Mapping

    from baseline_pipeline.contract import Contract
    from baseline_pipeline.evaluation import Evaluation, Scores
    from baseline_pipeline.governance.events import Baseline
    from baseline_pipeline.workbench.workbench import Workbench


@dataclass(frozen=True)
class _Scored:
    """An evaluation with its rows."""

    evaluation: Evaluation
    scores: Scores

    @property
    def side(self) -> Side:
        return Side(
            evaluation=self.evaluation.key,
            scores_file=self.evaluation.scores_file,
            version=self.evaluation.subject.version,
            snapshot=self.evaluation.snapshot,
        )


def compare_present(bench: Workbench, contract: Contract, evaluated: Evaluated) -> Compared:
    """Compare what was scored with the baseline; the same evidence gives the same comparison.

    Raises:
        EvidenceUnavailable: when the baseline moved while the evaluation ran, or evidence is gone.
    """
    baseline = bench.baseline(contract.name)
    if (baseline.revision if baseline else None) != evaluated.baseline_revision:
        message = f"the baseline of {contract.name} was revised while this run evaluated"
        raise EvidenceUnavailable(message, next_step="run again: the new baseline is compared with")
    bench.progress("comparing")
    comparison = _Comparing(bench, contract, baseline).comparison(evaluated)
    digest = digest_of(comparison.body())
    bench.store.save("comparisons", contract.name, digest, comparison)
    return Compared(model=contract.name, comparison=digest, evaluated=evaluated)


def recompute(bench: Workbench, contract: Contract, comparison: Comparison) -> Comparison:
    """The same comparison once more, from the stored rows: equal to the last byte, or something is wrong.

    Args:
        bench: The project.
        contract: The contract as it was; another policy gives other verdicts.
        comparison: What is to be computed again.

    Raises:
        EvidenceUnavailable: when rows or times are gone.
    """
    evidence = _Comparing(bench, contract, None)
    return comparison.model_copy(update={"contrasts": tuple(evidence.again(one) for one in comparison.contrasts)})


class _Comparing:
    """The evidence of one comparison, loaded once."""

    def __init__(self, bench: Workbench, contract: Contract, baseline: Baseline | None) -> None:
        self.bench = bench
        self.contract = contract
        self.baseline = baseline
        self.by_key: dict[Digest, _Scored] = {}

    def again(self, contrast: Contrast) -> Contrast:
        """One contrast once more."""
        old, new = (self._load(side.evaluation) for side in (contrast.baseline, contrast.candidate))
        return self._contrast(
            contrast.moved,
            contrast.question,
            old,
            new,
            contrast.pairing,
            timed=contrast.timed,
            look=contrast.look,
            anchor=contrast.anchor_revision,
            beside=contrast.beside_unchanged,
        ).model_copy(update={"joint": self._joint(old, new) if contrast.joint is not None else None})

    def comparison(self, evaluated: Evaluated) -> Comparison:
        """What the evaluations answer."""
        scored = {role: self._load(key) for role, key in evaluated.scored.items()}
        champion, challenger = scored.get("champion"), scored.get("challenger")
        subject = challenger or champion
        contrasts: list[Contrast] = []
        drift, changed_drift = None, None
        details: tuple[str, ...] = ()
        if self.baseline is not None:
            approved = self._load(self.baseline.evaluation)
            again = scored.get("champion_on_baseline_rows")
            contrasts += self._environment(approved, again)
            if champion is not None:
                of_data, details, drift, changed_drift = self._data(
                    again or approved, champion, scored.get("baseline_model")
                )
                contrasts += of_data
            contrasts += self._model(champion, challenger, scored.get("baseline_model"), evaluated.timed)
            contrasts += self._creep(scored.get("anchor_model"), subject)
        changed = facet_changes(
            self.bench, self.contract, self.baseline, None if subject is None else subject.evaluation, details
        )
        gone = () if evaluated.failures else evaluated.gone
        unmeasured: tuple[str, ...] = ()
        if self.baseline is not None and subject is not None and not changed and not contrasts:
            changed, unmeasured = contract_change(self.bench, self.contract, self.baseline, subject.evaluation)
        return Comparison(
            model=self.contract.name,
            baseline_revision=self.baseline.revision if self.baseline else None,
            candidate=subject.evaluation.key if subject else None,
            changed=changed,
            contrasts=tuple(contrasts),
            drift=drift,
            changed_drift=changed_drift,
            evidence_missing=(*_evidence_missing([one.evaluation for one in scored.values()]), *unmeasured, *gone),
            failures=evaluated.failures,
            policy=self.contract.policy_digest(),
        )

    def _load(self, key: Digest) -> _Scored:
        if key not in self.by_key:
            evaluation = load_evaluation(self.bench, self.contract.name, key)
            self.by_key[key] = _Scored(evaluation, load_scores(self.bench, evaluation, self.contract))
        return self.by_key[key]

    def _contrast(
        self,
        moved: Moved,
        question: str,
        old: _Scored,
        new: _Scored,
        pairing: str = "paired",
        timed: Digest | None = None,
        look: int | None = None,
        *,
        anchor: int | None = None,
        beside: bool = False,
    ) -> Contrast:
        contract = self.contract if anchor is None else self.contract.against_anchor()
        found = contrast(
            contract.beside_unchanged() if beside else contract,
            moved=moved,
            question=question,
            baseline=old.side,
            candidate=new.side,
            baseline_scores=old.scores,
            candidate_scores=new.scores,
            definitions=(self._meaning(old), self._meaning(new)),
            training_windows=_windows(old, new),
            pairing=pairing,  # type: ignore[arg-type]  # one of two literals
            times=load_times(self.bench, self.contract.name, timed),
            timed=timed,
            look=self._look(moved, old.side, new.side) if look is None else look,
            noise=max(one.evaluation.replay_difference or 0.0 for one in (old, new)),
            beside_unchanged=beside,
        )
        level = self.contract.error_rates.false_alarm
        before, after = (one.evaluation.shap.importances if one.evaluation.shap else () for one in (old, new))
        return found.model_copy(
            update={
                "anchor_revision": anchor,
                "leanings": leanings(old.evaluation.importances, new.evaluation.importances, level),
                "shap_leanings": leanings(before, after, level),
            }
        )

    def _look(self, moved: Moved, old: Side, new: Side) -> int:
        """How often the same versions were compared on growing rows since the baseline was revised."""
        if self.contract.error_rates.looks == 1:
            return 1
        seen: dict[tuple[Digest, Digest], None] = {}
        for event in self.bench.events(self.contract.name):
            if event.kind in {"baseline_established", "baseline_revised"}:
                seen.clear()
            digest = event.content.get("comparison") if event.kind == "decision" else None
            for one in load_comparison(self.bench, self.contract.name, str(digest)).contrasts if digest else ():
                if (one.moved, one.baseline.version, one.candidate.version) == (moved, old.version, new.version):
                    seen.setdefault((one.baseline.scores_file, one.candidate.scores_file))
        pairs = list(seen)
        pair = (old.scores_file, new.scores_file)
        return pairs.index(pair) + 1 if pair in seen else len(pairs) + 1

    def _meaning(self, one: _Scored) -> dict[str, object]:
        """The contract's definition, and the kind of every column that model and label are made of."""
        snapshot = load_snapshot(self.bench, self.contract.name, one.evaluation.snapshot)
        needed = {*self.contract.data.feature_names, self.contract.data.label}
        kinds = {f"column {c.name}": column_kind(c.type) for c in snapshot.columns if c.name in needed}
        return {**one.evaluation.definition, **kinds}

    def _environment(self, approved: _Scored, again: _Scored | None) -> list[Contrast]:
        if again is None:
            return []
        facets = again.evaluation.fingerprint.changed_since(approved.evaluation.fingerprint)
        words = " and ".join(facets)
        question = f"Does the approved model still do the same on the baseline's rows, now that {words} moved?"
        return [self._contrast(facets[0], question, approved, again)]  # type: ignore[arg-type]  # data cannot be among them

    def _data(
        self, approved: _Scored, champion: _Scored, approved_here: _Scored | None
    ) -> tuple[list[Contrast], tuple[str, ...], Digest | None, Digest | None]:
        """The contrasts of a data change: on rows whose values moved, and on rows that are new; with the drift of both.

        The approved model's, where another one is champion by now, and in the present environment, where that moved:
        what data did is one thing, and what the model or a library did another.
        """
        if champion.evaluation.snapshot == approved.evaluation.snapshot:
            return [], (), None, None
        new = approved_here or champion
        since_baseline = data_change(approved.scores, new.scores)
        found: list[Contrast] = []
        drift, changed_drift = None, None
        sides = [new] if new is champion else [new, champion]
        held = ((self._earlier(approved, one, since_baseline), one) for one in sides)
        old, same = next((pair for pair in held if pair[0] is not None), (None, new))
        if old is not None:
            question = "What did the changed values of the same rows cost the same model?"
            found.append(self._contrast("data_values", question, old, same))
            found += self._beside_unchanged(old, same)
            changed_drift = self._drift("changed", old, same)
        if since_baseline.new:
            question = "Is the approved model as good on the new rows as it was on the baseline's?"
            plain = self._contrast("population", question, approved, new, "unpaired")
            found.append(plain.model_copy(update={"joint": self._joint(approved, new)}))
            drift = self._drift("new", approved, new)
        return found, since_baseline.words(), drift, changed_drift

    def _drift(self, rows: Literal["changed", "new"], old: _Scored, new: _Scored) -> Digest | None:
        return drift_between(
            self.bench, self.contract, rows, (old.evaluation, old.scores), (new.evaluation, new.scores)
        )

    def _beside_unchanged(self, old: _Scored, new: _Scored) -> list[Contrast]:
        """Changed values among the rows that stayed, where a metric is more than the mean of what rows add."""
        stayed = data_change(old.scores, new.scores).same
        if not stayed or not self.contract.beside_unchanged().metrics:
            return []
        question = "What did the changed values cost the same model among all rows, those as before included?"
        return [self._contrast("data_values", question, old, new, beside=True)]

    def _joint(self, approved: _Scored, new: _Scored) -> JointShift | None:
        """How the features of new rows moved together, and performance adjusted for it."""
        self.bench.progress("asking whether rows can be told apart")
        sides = (approved, new)
        matched = match(*(one.scores for one in sides), kind="new_rows", windows=_windows(*sides))
        rows = (matched.baseline, matched.candidate)
        seed = int(digest_of(sorted(one.evaluation.scores_file for one in sides))[:8], 16)
        features = [
            features_of(self.bench, self.contract, one.evaluation, one.scores, places)
            for one, places in zip(sides, rows, strict=True)
        ]
        clusters = [
            None if one.scores.cluster is None else one.scores.cluster[places]
            for one, places in zip(sides, rows, strict=True)
        ]
        told_apart = separation(*of_both(*features), seed=seed, clusters=clusters)
        if told_apart is None:
            return None
        parts = [part(one.scores, places, seed) for one, places in zip(sides, rows, strict=True)]
        return joint_shift(self.contract, parts[0], parts[1], told_apart)

    def _earlier(self, approved: _Scored, champion: _Scored, since_baseline: DataChange) -> _Scored | None:
        """The evaluation of the same model that holds earlier values of rows that changed."""
        same_model = champion.evaluation.subject.digest == approved.evaluation.subject.digest
        if since_baseline.changed and same_model:
            return approved
        previous = previous_champion(self.bench, self.contract.name)
        if previous is None or previous == champion.evaluation.key:
            return None
        candidate = self._load(previous)
        if candidate.evaluation.subject.digest != champion.evaluation.subject.digest:
            return None
        return candidate if data_change(candidate.scores, champion.scores).changed else None

    def _model(
        self,
        champion: _Scored | None,
        challenger: _Scored | None,
        approved_here: _Scored | None,
        timed: Mapping[Scored, Digest],
    ) -> list[Contrast]:
        found = []
        if champion is not None and challenger is not None:
            question = "Is the challenger as good as the champion on the same rows?"
            found.append(self._contrast("model", question, champion, challenger, timed=timed.get("challenger")))
        if champion is not None and approved_here is not None:
            question = "Is the present champion as good as the approved model on the same rows?"
            found.append(self._contrast("model", question, approved_here, champion, timed=timed.get("champion")))
        return found

    def _creep(self, first: _Scored | None, subject: _Scored | None) -> list[Contrast]:
        """Whether many small losses have added up since a person last approved a baseline."""
        anchor = self.bench.anchor(self.contract.name)
        if first is None or subject is None or anchor is None:
            return []
        question = (
            f"Is version {subject.evaluation.subject.version} still as good as version {anchor.version}, the anchor "
            f"that {anchor.actor} established as revision {anchor.revision}?"
        )
        return [self._contrast("model", question, first, subject, anchor=anchor.revision)]


def _windows(*sides: _Scored) -> list[tuple[str, str]]:
    """What the two models learned from."""
    windows = [one.evaluation.subject.training_window for one in sides]
    return [window for window in windows if window is not None]


def previous_champion(bench: Workbench, model: str) -> Digest | None:
    """The champion's evaluation that the last decision rested on."""
    decisions = [event for event in bench.events(model) if event.kind == "decision"]
    key = decisions[-1].content.get("champion") if decisions else None
    return str(key) if key else None


def _evidence_missing(evaluations: list[Evaluation]) -> tuple[str, ...]:
    """Why the evidence does not stand for the declared environment, one sentence per difference."""
    found: dict[str, None] = {}
    for evaluation in evaluations:
        state = evaluation.environment
        for one in state.differences:
            have = f"{one.installed} is installed" if one.installed else "it is not installed"
            found[f"evidence missing: {state.lockfile} locks {one.package} {one.locked}, {have}"] = None
        for words in state.contradictions:
            found[f"evidence missing: {state.manifest}: {words}"] = None
    return tuple(found)


def load_comparison(bench: Workbench, model: str, digest: Digest) -> Comparison:
    """A stored comparison.

    Raises:
        EvidenceUnavailable: when the store does not hold it.
    """
    body = bench.store.load("comparisons", model, digest)
    if body is None:
        message = f"comparison {short(digest)} of {model} is not in the store"
        raise EvidenceUnavailable(message, next_step="check BASELINE_HOME, or restore the store")
    return Comparison.stored(body)
