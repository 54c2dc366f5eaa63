"""The second stage: score what the present state asks for; what was scored before is found again."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow.compute as pc

from baseline_pipeline.content import row_names
from baseline_pipeline.errors import EvidenceUnavailable, ModelFailed, ModelGone
from baseline_pipeline.evaluating import evaluate, evaluation_key, metric_column, window_doubt
from baseline_pipeline.evaluation import Evaluation, Scores
from baseline_pipeline.figures import counted
from baseline_pipeline.fingerprint import Fingerprint
from baseline_pipeline.governance.events import Watched
from baseline_pipeline.labels import lacked
from baseline_pipeline.measuring import measure
from baseline_pipeline.ports import ModelVersion
from baseline_pipeline.records import Digest, digest_of, short
from baseline_pipeline.scores_file import read_scores
from baseline_pipeline.snapshot import Snapshot, read
from baseline_pipeline.workbench.code import code_digest
from baseline_pipeline.workbench.earlier_functions import keep_function
from baseline_pipeline.workbench.iteration.elsewhere import in_declared_environment
from baseline_pipeline.workbench.iteration.environment import Environment, observe
from baseline_pipeline.workbench.iteration.snapshotting import load_snapshot, require_quality
from baseline_pipeline.workbench.iteration.timing import time_pair
from baseline_pipeline.workbench.iteration.watching import registry_state, watched_code
from baseline_pipeline.workbench.stages import Evaluated, Scored, SnapshotTaken, TrackedRun

if TYPE_CHECKING:
    from collections.abc import Sequence

    from baseline_pipeline.contract import Contract
    from baseline_pipeline.governance.events import Baseline
    from baseline_pipeline.ports import Explainer, ModelCatalogue, RunTracker
    from baseline_pipeline.workbench.workbench import Workbench

Wanted = dict[Scored, tuple[ModelVersion, Snapshot]]
"""Who is scored in which role, and on which rows."""


def evaluate_present(
    bench: Workbench,
    contract: Contract,
    taken: SnapshotTaken,
    *,
    force: bool = False,
    candidate: ModelVersion | None = None,
) -> Evaluated:
    """Score champion and challenger on the snapshot, and what the comparison with the baseline needs.

    Args:
        bench: The project.
        contract: The model's contract.
        taken: The snapshot; it must have kept its expectations.
        force: Score again what was scored before, as a repetition of its own.
        candidate: Who stands against the champion; whom the challenger's alias names by default, once there is a
            baseline: the first one is the champion's.

    Raises:
        QualityRefused: when the snapshot breaks an expectation.
        TrackingUnavailable: when registry or tracking server cannot be had.
        ModelFailed: when the champion does not load or predict and there is no baseline yet.
    """
    require_quality(bench, taken)
    baseline = bench.baseline(contract.name)
    scoring = _Scoring(bench, contract, force=force)
    snapshot = load_snapshot(bench, contract.name, taken.snapshot)
    wanted = _wanted(bench, scoring, baseline, snapshot, candidate)
    scored: dict[Scored, Digest] = {}
    failures: list[str] = []
    gone: list[str] = []
    for role, (version, rows) in wanted.items():
        try:
            scored[role] = scoring.score(role, version, rows)
        except ModelGone as failure:
            if baseline is None:
                raise
            gone.append(f"{role.replace('_', ' ')}: {failure.message}")
        except ModelFailed as failure:
            if baseline is None:
                raise
            failures.append(f"{role.replace('_', ' ')} (version {version.version}) failed: {failure.message}")
    registry = registry_state(bench, contract)
    pairs: tuple[tuple[Scored, Scored], ...] = (("champion", "challenger"), ("baseline_model", "champion"))
    timed = {
        new: scoring.time(wanted[old][0], wanted[new][0], snapshot)
        for old, new in pairs
        if old in scored and new in scored
    }
    return Evaluated(
        model=contract.name,
        snapshot=taken.snapshot,
        baseline_revision=baseline.revision if baseline else None,
        scored=scored,
        timed={role: key for role, key in timed.items() if key is not None},
        failures=tuple(failures),
        gone=tuple(gone),
        watched=Watched(
            data=taken.source_digest,
            dependencies=scoring.environment.dependencies,
            infrastructure=scoring.environment.infrastructure,
            registry=digest_of(registry),
            code=watched_code(bench, contract),
        ),
        registry=registry,
    )


def _wanted(
    bench: Workbench, scoring: _Scoring, baseline: Baseline | None, snapshot: Snapshot, candidate: ModelVersion | None
) -> Wanted:
    """Which versions are scored in which role, on which rows.

    Raises:
        EvidenceUnavailable: when there is no champion, unless a first candidate stands for itself.
    """
    champion = _champion(bench, scoring, first=candidate is not None and baseline is None)
    if champion is None and (candidate is None or baseline is not None):
        model = scoring.contract.model
        message = f"model {scoring.contract.name}: no champion"
        raise EvidenceUnavailable(message, next_step=f"set the alias {model.champion!r} in the registry")
    wanted: Wanted = {} if champion is None else {"champion": (champion, snapshot)}
    challenger = candidate or (None if baseline is None else scoring.catalogue.resolve("challenger"))
    if challenger is not None and (champion is None or challenger.digest != champion.digest):
        wanted["challenger"] = (challenger, snapshot)
    if baseline is not None and champion is not None:
        wanted |= _for_baseline(bench, scoring, baseline, champion, snapshot)
        if {"challenger", "baseline_model"} & set(wanted) or snapshot.digest != baseline.snapshot:
            wanted |= _for_anchor(bench, baseline, {version.digest for version, _ in wanted.values()}, snapshot)
    return wanted


def _champion(bench: Workbench, scoring: _Scoring, *, first: bool) -> ModelVersion | None:
    """The champion; nobody where a first candidate is gated and none was ever made champion."""
    contract = scoring.contract
    if first and contract.model.registered is not None and not registry_state(bench, contract)[contract.model.champion]:
        return None
    return scoring.catalogue.resolve("champion")


def _for_baseline(
    bench: Workbench, scoring: _Scoring, baseline: Baseline, champion: ModelVersion, snapshot: Snapshot
) -> Wanted:
    """What has to be scored again because environment, code or champion moved since the baseline."""
    wanted: Wanted = {}
    approved = version_of(load_evaluation(bench, baseline.model, baseline.evaluation))
    now = scoring.fingerprint(approved, baseline.snapshot)
    if now.changed_since(baseline.fingerprint):
        rows = load_snapshot(bench, baseline.model, baseline.snapshot)
        later = _later_columns(scoring.contract, rows)
        if later:  # what is made of rows with and without them is not compared, and says so
            bench.progress(f"the baseline's rows are not scored again: they have no column {', '.join(later)}")
        else:
            wanted["champion_on_baseline_rows"] = (approved, rows)
    if champion.digest != approved.digest:
        wanted["baseline_model"] = (approved, snapshot)
    return wanted


def _later_columns(contract: Contract, rows: Snapshot) -> list[str]:
    """Columns that the contract came to name after rows were taken."""
    data, there = contract.data, {column.name for column in rows.columns}
    needed = [*data.row_id, *data.feature_names, data.label, data.time, data.cluster, data.weight]
    return [name for name in dict.fromkeys(needed) if name is not None and name not in there]


def _for_anchor(bench: Workbench, baseline: Baseline, scored: set[Digest], snapshot: Snapshot) -> Wanted:
    """The anchor's model, where promotions have left it behind and it is none of those scored anyway."""
    anchor = bench.anchor(baseline.model)
    if anchor is None or anchor.revision == baseline.revision:
        return {}
    first = version_of(load_evaluation(bench, baseline.model, anchor.evaluation))
    return {} if first.digest in scored else {"anchor_model": (first, snapshot)}


class _Scoring:
    """One environment and one catalogue, used for several evaluations."""

    def __init__(self, bench: Workbench, contract: Contract, *, force: bool) -> None:
        self.bench = bench
        self.contract = contract
        self.force = force
        self.environment: Environment
        self.catalogue: ModelCatalogue
        self.environment, self.catalogue = in_declared_environment(
            bench, contract, observe(contract, bench.settings.project), bench.catalogue(contract)
        )
        self.explainer = _explainer(bench, contract)
        self.code = code_digest(contract, bench.settings.project)
        _keep_declarations(bench, contract.name, self.environment)

    def fingerprint(self, version: ModelVersion, snapshot: Digest) -> Fingerprint:
        """What an evaluation of this version on this snapshot would depend on."""
        state = self.environment.state
        return Fingerprint(
            data=snapshot,
            dependencies=state.lockfile_digest,
            infrastructure=state.manifest_digest,
            code=self.code,
            model=version.digest,
        )

    def score(self, role: Scored, version: ModelVersion, snapshot: Snapshot) -> Digest:
        """The key of the evaluation, found or made; its MLflow run exists afterwards."""
        known = self._known(snapshot)
        repeat = self._repeat(version, snapshot, known)
        key = self._key(version, snapshot, repeat, known)
        if self.contract.model.function is not None:
            keep_function(self.bench.catalogue(self.contract), version, self.bench.progress)
        shown = f"{role.replace('_', ' ')} (version {version.version}) on {counted(snapshot.rows, 'row')}"
        if self.bench.store.load("evaluations", self.contract.name, key) is None:
            self.bench.progress(f"scoring {shown}")
            found, _ = evaluate(
                self.contract,
                snapshot,
                read(snapshot, self.bench.store),
                version,
                self.catalogue,
                fingerprint=self.fingerprint(version, snapshot.digest),
                environment=self.environment.state,
                store=self.bench.store,
                scratch=self.bench.settings.scratch,
                measure=measure,
                repeat=repeat,
                explainer=self.explainer,
                known=known,
            )
            if words := window_doubt(self.contract, version):
                self.bench.progress(words)
            if found.doubt:
                self.bench.progress(f"version {version.version}: {found.doubt}")
            if found.shap is not None and found.shap.note:
                self.bench.progress(f"no SHAP values: {found.shap.note}")
        else:
            self.bench.progress(f"found {shown}: evaluation {short(key)}")
        ensure_tracked(self.bench, self.contract, key)
        return key

    def time(self, baseline: ModelVersion, candidate: ModelVersion, snapshot: Snapshot) -> Digest | None:
        """The key of the times of two models, found or taken."""
        return time_pair(
            self.bench,
            self.contract,
            self.catalogue,
            self.environment,
            snapshot,
            baseline=baseline,
            candidate=candidate,
        )

    def _known(self, snapshot: Snapshot) -> tuple[str, ...]:
        """The classes that the baseline's evaluation knew, where the snapshot lacks some of them."""
        baseline = self.bench.baseline(self.contract.name)
        if baseline is None or self.contract.task != "multiclass_classification":
            return ()
        classes = load_evaluation(self.bench, baseline.model, baseline.evaluation).classes
        return lacked(self.contract, read(snapshot, self.bench.store, [self.contract.data.label]), classes)

    def _key(self, version: ModelVersion, snapshot: Snapshot, repeat: int, known: tuple[str, ...]) -> Digest:
        return evaluation_key(
            self.contract,
            self.fingerprint(version, snapshot.digest),
            self.environment.state,
            repeat=repeat,
            explainer=self.explainer,
            known=known,
            training_window=version.training_window,
        )

    def _repeat(self, version: ModelVersion, snapshot: Snapshot, known: tuple[str, ...]) -> int:
        """0, or with `force` the number of the first repetition that does not exist yet."""
        repeat = 0
        while self.force and self.bench.store.load(
            "evaluations", self.contract.name, self._key(version, snapshot, repeat, known)
        ):
            repeat += 1
        return repeat


def _explainer(bench: Workbench, contract: Contract) -> Explainer | None:
    """What computes SHAP values, where the contract asks for them."""
    if not contract.explain.shap:
        return None
    from baseline_pipeline.adapters.tracking.shap import MlflowShap

    return MlflowShap(bench.settings.scratch)


def _keep_declarations(bench: Workbench, model: str, environment: Environment) -> None:
    """Keep lockfile and manifest, so that a later comparison can say which packages moved."""
    state = environment.state
    if environment.lock is not None and state.lockfile_digest is not None:
        bench.store.save("lockfiles", model, state.lockfile_digest, environment.lock)
    if environment.wanted is not None and state.lockfile_digest is not None:
        bench.store.save("installables", model, state.lockfile_digest, environment.wanted)
    if environment.manifest is not None and state.manifest_digest is not None:
        bench.store.save("manifests", model, state.manifest_digest, environment.manifest)


def ensure_tracked(bench: Workbench, contract: Contract, key: Digest) -> TrackedRun:
    """The finished MLflow run of an evaluation, made where it is missing (a crash, an outage)."""
    body = bench.store.load("tracked", contract.name, key)
    if body is not None:
        return TrackedRun.stored(body)
    from baseline_pipeline.adapters.tracking.mlflow import MlflowTracker

    bench.progress("logging the run to MLflow")
    bench.check_tracking()
    evaluation = load_evaluation(bench, contract.name, key)
    scores = load_scores(bench, evaluation)
    table = read(load_snapshot(bench, contract.name, evaluation.snapshot), bench.store, contract.data.feature_names)
    tracker: RunTracker = MlflowTracker(bench.settings.tracking_uri, bench.settings.experiment, bench.open_run)
    plots = {} if evaluation.shap is None else evaluation.shap.plots
    files = {name: bench.store.file(digest) for name, digest in plots.items()}
    run = TrackedRun(
        run_id=tracker.track(contract, evaluation, scores, table, files),
        tracking_uri=bench.settings.tracking_shown,
    )
    bench.store.save("tracked", contract.name, key, run)
    return run


def load_evaluation(bench: Workbench, model: str, key: Digest) -> Evaluation:
    """A stored evaluation.

    Raises:
        EvidenceUnavailable: when the store does not hold it.
    """
    body = bench.store.load("evaluations", model, key)
    if body is None:
        message = f"evaluation {short(key)} of {model} is not in the store"
        raise EvidenceUnavailable(message, next_step="check BASELINE_HOME, or restore the store")
    return Evaluation.stored(body)


def load_scores(bench: Workbench, evaluation: Evaluation, contract: Contract | None = None) -> Scores:
    """The row-level results of an evaluation, checked against their digest.

    Args:
        bench: The project.
        evaluation: Names the file.
        contract: Columns that its slices and metrics came to name since are taken from the snapshot, if it has them.
    """
    scores = read_scores(bench.store.file(evaluation.scores_file))
    return scores if contract is None else _with_columns(bench, contract, evaluation, scores)


def unseen_scores(
    bench: Workbench, evaluation: Evaluation, contract: Contract | None = None, *, beside: Sequence[Evaluation] = ()
) -> Scores:
    """The row-level results that a gate would compare: of rows that the model did not learn from, perhaps none.

    Args:
        bench: The project.
        evaluation: Names the file.
        contract: See `load_scores`.
        beside: Others whose models did not learn from the rows, either.
    """
    scores = load_scores(bench, evaluation, contract)
    windows = [one.subject.training_window for one in (evaluation, *beside)]
    return scores.take(np.flatnonzero(scores.outside(one for one in windows if one is not None)))


def _with_columns(bench: Workbench, contract: Contract, evaluation: Evaluation, scores: Scores) -> Scores:
    kept = [name for name in contract.kept_columns() if name not in scores.columns.column_names]
    measured = [name for name in contract.metric_columns() if name not in scores.outcomes.columns]
    if not kept and not measured:
        return scores
    snapshot = load_snapshot(bench, evaluation.model, evaluation.snapshot)
    there = [one.name for one in snapshot.columns if one.name in {*kept, *measured}]
    table = read(snapshot, bench.store, list(dict.fromkeys([*contract.data.row_id, *there])))
    table = table.take(pc.index_in(scores.row_id, value_set=row_names(table, contract.data.row_id)))
    columns = scores.columns
    for name in kept:
        columns = columns.append_column(name, table.column(name)) if name in there else columns
    more = {name: metric_column(table, name) for name in measured if name in there}
    outcomes = replace(scores.outcomes, columns={**scores.outcomes.columns, **more})
    return replace(scores, columns=columns, outcomes=outcomes)


def version_of(evaluation: Evaluation) -> ModelVersion:
    """The exact model an evaluation scored."""
    subject = evaluation.subject
    return ModelVersion(subject.name, subject.version, subject.uri, subject.digest, subject.training_window)
