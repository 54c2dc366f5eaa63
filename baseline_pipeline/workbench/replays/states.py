"""The states of the world that an attribution replays: dependencies, model, infrastructure and code, old or new."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from baseline_pipeline.adapters.models.remembered import remembered
from baseline_pipeline.errors import EvidenceUnavailable
from baseline_pipeline.evaluating import days_of, scores_of
from baseline_pipeline.labels import class_names
from baseline_pipeline.records import Digest, short
from baseline_pipeline.replay.attribution import FACTORS, Factor
from baseline_pipeline.replay.factorial import Sides, State
from baseline_pipeline.scoring import predict_all
from baseline_pipeline.snapshot import read
from baseline_pipeline.workbench.iteration.evaluating import load_scores, version_of
from baseline_pipeline.workbench.iteration.snapshotting import load_snapshot
from baseline_pipeline.workbench.replays.adjusting import tried_variants
from baseline_pipeline.workbench.replays.locked import Locked
from baseline_pipeline.workbench.replays.replaying import Replaying, remedy
from baseline_pipeline.workbench.replays.rows import RowSet, held_out, row_set

if TYPE_CHECKING:
    from baseline_pipeline.adapters.environments.knobs import Knobs
    from baseline_pipeline.contract import Contract
    from baseline_pipeline.evaluation import Evaluation, Scores
    from baseline_pipeline.ports import ModelCatalogue, ModelVersion
    from baseline_pipeline.replay.outcome import WorkerRun
    from baseline_pipeline.replay.stages import StagesCompared
    from baseline_pipeline.replay.variants import Variants
    from baseline_pipeline.workbench.workbench import Workbench


class World:
    """The states of model, dependencies and infrastructure, and what each says of both populations."""

    def __init__(
        self,
        bench: Workbench,
        contract: Contract,
        old: Evaluation,
        new: Evaluation,
        earlier: Evaluation | None,
        again: Evaluation | None,
        *,
        locks: tuple[Locked, Locked] | None,
        knobs: tuple[Knobs, Knobs] | None,
    ) -> None:
        self.bench, self.contract = bench, contract
        self.catalogue = remembered(bench.catalogue(contract))
        self.locks, self.knobs = locks or self._kept(old, new), knobs
        self.left_out: dict[str, str] = {}
        self.left_open: tuple[Factor, ...] = ()
        self.versions = (version_of(old), version_of(new))
        known = [one for one in (old, new, earlier) if one is not None]
        self.rows = tuple(self._rows(one.snapshot) for one in known)
        self.scored = {(one.subject.digest, one.snapshot): one for one in known}
        self.factors: list[Factor] = []
        if self.locks is not None:
            self.factors.append("dependencies")
        elif old.fingerprint.dependencies != new.fingerprint.dependencies:
            self.left_out["dependencies"] = (
                "they moved, and the lockfiles kept do not say all there is to install: --lock OLD --lock NEW"
            )
        if self.versions[0].digest != self.versions[1].digest:
            self.factors.append("model")
        if knobs is not None:
            self.factors.append("infrastructure")
        elif old.fingerprint.infrastructure != new.fingerprint.infrastructure:
            self.left_out["infrastructure"] = "it moved, and no profile was given: --profile NAME replays it"
        if old.fingerprint.code != new.fingerprint.code:
            self.left_out["code"] = "it moved, and the old code is not there to be run"
        self.together = dict(self.left_out)
        self.around = self._around(old, again)

    def _around(self, old: Evaluation, again: Evaluation | None) -> tuple[Factor, Scores] | None:
        """What moved and cannot be replayed, and what the baseline said of its rows before it did.

        Everything else is replayed as it is now: the old rows stand for it as they were scored again after it moved.
        """
        facets = self.left_open = tuple(factor for factor in FACTORS if factor in self.left_out)
        if not facets or (again is None and self.locks is None and self.knobs is None):
            return None
        if again is not None:
            self.scored[old.subject.digest, old.snapshot] = again
        self.left_out.clear()
        self.left_open = facets if len(facets) > 1 else ()
        return facets[0] if len(facets) == 1 else "surroundings", self._of(self.rows[0], old)

    def _of(self, rows: RowSet, evaluation: Evaluation) -> Scores:
        """What an evaluation said of some of its rows."""
        known = load_scores(self.bench, evaluation, self.contract)
        places = pc.index_in(rows.names, value_set=known.row_id)
        return known.take(places.drop_null().to_numpy(zero_copy_only=False))

    def _kept(self, old: Evaluation, new: Evaluation) -> tuple[Locked, Locked] | None:
        """The lockfiles of both evaluations, where they differ and say all there is to install."""
        if old.environment.lockfile_digest == new.environment.lockfile_digest:
            return None
        found = [Locked.stored(self.bench, self.contract.name, one.environment) for one in (old, new)]
        before, after = found
        if before is None or after is None or not (before.wanted.whole and after.wanted.whole):
            return None
        return before, after

    def states(self) -> dict[State, Sides]:
        """Every combination, each scored on both populations."""
        found: dict[State, Sides] = {}
        for size in range(len(self.factors) + 1):
            for some in combinations(self.factors, size):
                state = frozenset(some)
                found[state] = Sides(*(self.scores(state, rows) for rows in self.rows))
        return found

    def scores(self, state: State, rows: RowSet) -> Scores:
        """What a state says of some rows.

        Raises:
            EvidenceUnavailable: when the model does not load or predict in that state: that is a finding by itself.
        """
        version = self.versions["model" in state]
        if self.locks is None and self.knobs is None:
            before = self._scored_before(version, rows)
            if before is not None:
                return before
            return scored(self.contract, self.catalogue, version, rows)
        return self._elsewhere(state, version, rows)

    def parting(self, factor: Factor) -> StagesCompared:
        """Where within the model the new rows part when only this factor is new.

        Raises:
            EvidenceUnavailable: when a worker cannot load or score the model; see `scores`.
        """
        rows = self.rows[1]
        work, old = self._run(frozenset(), self.versions[0], rows)
        _, new = self._run(frozenset([factor]), self.versions[factor == "model"], rows)
        return work.stages(old, new)

    def variants(self) -> Variants | None:
        """The contract's variants of the training entry, on the new rows in the new environment.

        Raises:
            EvidenceUnavailable: when there are too few rows to train and to judge on.
        """
        training = self.contract.model.training
        if training is None or not training.variants:
            return None
        version = self.versions[1]
        work = Replaying(self.bench, self.contract, version, self.catalogue.artifact(version))
        place = work.place(None if self.locks is None else self.locks[1])
        return tried_variants(work, [place], held_out(self.bench, self.contract, self.rows[1]))

    def _scored_before(self, version: ModelVersion, rows: RowSet) -> Scores | None:
        """What the comparison itself rested on, where these are its rows."""
        evaluation = self.scored.get((version.digest, rows.snapshot))
        if evaluation is None:
            return None
        scores = load_scores(self.bench, evaluation, self.contract)
        same = scores.row_id.equals(rows.names) and (scores.content == rows.content).all()
        return scores if same else None

    def _elsewhere(self, state: State, version: ModelVersion, rows: RowSet) -> Scores:
        work, run = self._run(state, version, rows)
        return work.jobs.scores(run)

    def _run(self, state: State, version: ModelVersion, rows: RowSet) -> tuple[Replaying, WorkerRun]:
        """What a worker makes of some rows in a state of the world."""
        knobs = None if self.knobs is None else self.knobs["infrastructure" in state]
        artifact: dict[str, Any] = self.catalogue.artifact(version)
        work = Replaying(self.bench, self.contract, version, artifact, knobs=knobs)
        locked = None if self.locks is None else self.locks["dependencies" in state]
        name, built = work.place(locked)
        run = work.jobs.run(name, built, rows, work.knobs)
        if run.cut_short:
            message = f"version {version.version} {run.cut_short}"
            raise EvidenceUnavailable(message, next_step=remedy(run))
        if run.failure is not None:
            message = f"version {version.version} fails with {name} ({run.failure}): {run.words}"
            raise EvidenceUnavailable(
                message,
                next_step=f"that is the finding: `baseline replay {self.contract.name} --bisect` names the package",
            )
        return work, run

    def _rows(self, snapshot: Digest) -> RowSet:
        """The labelled rows of a snapshot that neither model learned from."""
        taken = load_snapshot(self.bench, self.contract.name, snapshot)
        rows = row_set(self.bench, self.contract, read(taken, self.bench.store), snapshot)
        windows = [one.training_window for one in self.versions if one.training_window is not None]
        return outside(self.bench, self.contract, rows, windows)


def scored(contract: Contract, catalogue: ModelCatalogue, version: ModelVersion, rows: RowSet) -> Scores:
    """What a version says of rows, here."""
    classes = rows.classes or class_names(contract)
    predicted, _, _ = predict_all(contract, rows.table, rows.names, version, catalogue, classes)
    return scores_of(contract, rows.table, rows.names, rows.labels, rows.classes, predicted)


def outside(bench: Workbench, contract: Contract, rows: RowSet, windows: list[tuple[str, str]]) -> RowSet:
    """Rows whose day lies in none of the windows."""
    days = days_of(rows.table, contract.data.time)
    if days is None or not windows:
        return rows
    kept = np.ones(len(rows), dtype=bool)
    for first, last in windows:
        kept &= (days < np.datetime64(first, "D")) | (days > np.datetime64(last, "D"))
    if kept.all():
        return rows
    if not kept.any():
        message = f"all rows of snapshot {short(rows.snapshot)} lie in a training window"
        raise EvidenceUnavailable(message, next_step="bring rows from after the window")
    chosen: np.ndarray[Any, Any] = kept
    part = f"outside {sorted(set(windows))}"
    return row_set(bench, contract, rows.table.filter(pa.array(chosen)), rows.snapshot, part, rows.classes)
