"""An earlier revision brought back, model and baseline together, after a test that it still works."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from baseline_pipeline.environment.lockfile import Lock, moved
from baseline_pipeline.errors import ModelFailed, UsageError
from baseline_pipeline.governance.events import Baseline, Event, baselines
from baseline_pipeline.labels import encode_labels
from baseline_pipeline.records import Record, digest_of
from baseline_pipeline.row_differences import ROUNDING, moved_scores
from baseline_pipeline.scoring import predict_all
from baseline_pipeline.snapshot import read
from baseline_pipeline.workbench.iteration.environment import observe
from baseline_pipeline.workbench.iteration.evaluating import load_evaluation, load_scores, version_of
from baseline_pipeline.workbench.iteration.snapshotting import load_snapshot
from baseline_pipeline.workbench.people import statement, to_sign
from baseline_pipeline.workbench.promotions.promoting import promotion_events, resume, stray_alias

if TYPE_CHECKING:
    from baseline_pipeline.contract import Contract
    from baseline_pipeline.evaluation import Evaluation
    from baseline_pipeline.governance.statements import Statement
    from baseline_pipeline.ports import ModelVersion
    from baseline_pipeline.workbench.people import Voice
    from baseline_pipeline.workbench.workbench import Workbench

ROWS = 2000
"""Rows that the old model scores once more before it comes back."""


class RolledBack(Record):
    """What was brought back."""

    model: str
    revision: int
    """The new revision, equal to the one that was restored."""
    restores: int
    version: str
    rows: int
    largest_difference: float
    """Between its scores now and those of then."""
    environment: tuple[str, ...]
    """Packages that are other ones now than when the revision was measured."""
    kept_only: bool = False
    """Whether its files were taken from those that were kept: the project holds others now, or none."""
    person: str

    def words(self) -> str:
        """The same for people."""
        lines = [
            f"{self.model} is back at revision {self.restores} (version {self.version}), as revision {self.revision}",
            f"  {self.rows} rows scored as they were then (largest difference {self.largest_difference:.2g})",
        ]
        if self.environment:
            lines.append(f"  its environment had: {'; '.join(self.environment)}: bring the lockfile back too")
        if self.kept_only:
            lines.append("  the project holds other files than that version's: bring those back too")
        return "\n".join(lines)


def _earlier(bench: Workbench, contract: Contract, revision: int) -> tuple[Baseline, Baseline]:
    """The revision that is named, and the one that stands."""
    known = baselines(bench.events(contract.name), contract.name)
    wanted = next((one for one in known if one.revision == revision), None)
    if wanted is None:
        there = ", ".join(str(one.revision) for one in known) or "none"
        message = f"{contract.name} has no baseline revision {revision}; there are {there}"
        raise UsageError(message, next_step=f"take one of those: see `baseline show {contract.name}`")
    if wanted.evaluation == known[-1].evaluation and not stray_alias(bench, contract):
        again = "" if wanted == known[-1] else f" (as revision {known[-1].revision})"
        message = f"revision {revision} is what stands{again}"
        raise UsageError(message, next_step="name an earlier one")
    return wanted, known[-1]


def to_roll_back(bench: Workbench, contract: Contract, revision: int, voice: Voice) -> Statement:
    """What `roll_back` would sign, for a signature that is made elsewhere; nothing is tested or written down.

    Raises:
        UsageError: when there is no such revision, it stands already, or person or reason is missing.
        Refused: when the roster does not know the person.
    """
    wanted, present = _earlier(bench, contract, revision)
    return to_sign(bench, contract, "roll_back", wanted.evaluation, present.revision, voice)


def roll_back(bench: Workbench, contract: Contract, revision: int, voice: Voice) -> RolledBack:
    """Bring champion and baseline of an earlier revision back together.

    So is the revision that stands, where somebody moved the champion's alias away from it.

    Raises:
        UsageError: when there is no such revision, or it stands already and the alias points at it.
        ModelFailed: when the old model does not load or predict any more, or scores otherwise; nothing moves then.
        Refused: when the person may not.
    """
    wanted, present = _earlier(bench, contract, revision)
    evaluation = load_evaluation(bench, contract.name, wanted.evaluation)
    rows, largest = _still_the_same(bench, contract, evaluation)
    environment = _moved_packages(bench, contract, wanted)
    proof = statement(bench, contract, "roll_back", evaluation.key, present.revision, voice)
    person, reason = proof["statement"]["person"], proof["statement"]["reason"]
    new = bench.last_revision(contract.name) + 1
    event = Event(
        kind="rollback",
        model=contract.name,
        actor=person,
        reason=reason,
        key=digest_of(["rollback", contract.name, new]),
        content={**proof, "revision": present.revision, "restores": revision, "rows": rows, "largest": largest},
    )
    events = promotion_events(
        bench,
        contract,
        evaluation,
        kind="rollback",
        actor=person,
        reason=reason,
        decision=wanted.decision,
        proof=proof,
        restores=revision,
    )
    bench.ledger.append(event, *events)
    resume(bench, contract)
    return RolledBack(
        model=contract.name,
        revision=new,
        restores=revision,
        version=wanted.version,
        rows=rows,
        largest_difference=largest,
        environment=environment,
        kept_only=_kept_only(bench, contract, version_of(evaluation)),
        person=person,
    )


def _still_the_same(bench: Workbench, contract: Contract, evaluation: Evaluation) -> tuple[int, float]:
    """Score the first rows of its snapshot once more; how many, and the largest difference."""
    version = version_of(evaluation)
    bench.progress(f"testing version {version.version} on the rows it was measured on")
    scores = load_scores(bench, evaluation)
    snapshot = load_snapshot(bench, contract.name, evaluation.snapshot)
    table = read(snapshot, bench.store)
    import pyarrow as pa
    import pyarrow.compute as pc

    from baseline_pipeline.content import row_names

    names = row_names(table, contract.data.row_id)
    wanted = scores.row_id[:ROWS]
    places = pc.index_in(wanted, value_set=names)
    table = table.take(places)
    _, classes = encode_labels(contract, table)
    predicted, _, _ = predict_all(
        contract, table, pa.array(wanted), version, bench.catalogue(contract), evaluation.classes or classes
    )
    before = scores.outcomes.take(np.arange(len(wanted)))
    now = replace(before, prediction=predicted.prediction, score=predicted.score)
    largest = float(moved_scores(before, now).max(initial=0.0))
    if largest > max(ROUNDING, evaluation.replay_difference or 0.0):
        message = (
            f"version {version.version} scores otherwise than it did: by up to {largest:.3g} on {len(wanted)} rows"
        )
        raise ModelFailed(
            message, next_step="bring its environment back first (the lockfile of that revision), then roll back"
        )
    return len(wanted), largest


def _kept_only(bench: Workbench, contract: Contract, version: ModelVersion) -> bool:
    made = bench.catalogue(contract).artifact(version)
    return made["loader"] == "function" and made["folder"] != str(bench.settings.project)


def _moved_packages(bench: Workbench, contract: Contract, wanted: Baseline) -> tuple[str, ...]:
    now = observe(contract, bench.settings.project)
    then = wanted.fingerprint.dependencies
    if now.lock is None or then is None or now.state.lockfile_digest == then:
        return ()
    body = bench.store.load("lockfiles", contract.name, then)
    return () if body is None else moved(now.lock, Lock.stored(body))
