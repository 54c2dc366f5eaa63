"""One model and its rows, run in environments as they are asked for."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import TYPE_CHECKING, Any

from baseline_pipeline.adapters.environments.built import Built, here
from baseline_pipeline.adapters.environments.knobs import Knobs
from baseline_pipeline.adapters.environments.uv import build
from baseline_pipeline.comparison import Contrast, Moved, Side
from baseline_pipeline.contrasting import contrast
from baseline_pipeline.errors import EvidenceUnavailable
from baseline_pipeline.records import Digest, digest_of
from baseline_pipeline.replay.numeric_difference import numeric_difference
from baseline_pipeline.replay.outcome import How, Trial, WorkerRun, ended
from baseline_pipeline.replay.stages import StagesCompared, stages_compared
from baseline_pipeline.snapshot import read
from baseline_pipeline.workbench.iteration.snapshotting import load_snapshot, require_quality, take_snapshot
from baseline_pipeline.workbench.replays.jobs import Jobs
from baseline_pipeline.workbench.replays.rows import RowSet, held_out, row_set
from baseline_pipeline.workbench.replays.timing import times_in_turn

if TYPE_CHECKING:
    from baseline_pipeline.contract import Contract
    from baseline_pipeline.ports import ModelVersion
    from baseline_pipeline.workbench.replays.locked import Locked
    from baseline_pipeline.workbench.workbench import Workbench

LIMITS = "limits of a job stand in the contract: environment.job_time, environment.job_memory_mb"


def remedy(run: WorkerRun) -> str:
    """What to do about a run that could not be evaluated."""
    return "resolve the lockfile with that package" if run.failure == "packages" else LIMITS


class Replaying:
    """One model and its rows, replayed in environments as they are asked for.

    Args:
        bench: The project.
        contract: The model's contract.
        version: The exact model; the champion by default.
        artifact: What a worker loads; the version's own by default.
        knobs: What is held still.
        snapshot: Whose rows; the present baseline's by default.
    """

    def __init__(
        self,
        bench: Workbench,
        contract: Contract,
        version: ModelVersion,
        artifact: dict[str, Any],
        *,
        knobs: Knobs | None = None,
        snapshot: Digest | None = None,
    ) -> None:
        self.snapshot = snapshot
        self.bench = bench
        self.contract = contract
        self.version = version
        self.artifact = artifact
        self.knobs = knobs or Knobs.declared(contract.environment)
        self.jobs = Jobs(bench, contract, version, artifact)

    @cached_property
    def rows(self) -> RowSet:
        """Those asked for; else the baseline's, or the present ones where there is no baseline."""
        baseline = self.bench.baseline(self.contract.name)
        if self.snapshot is not None or baseline is not None:
            digest = self.snapshot or baseline.snapshot  # type: ignore[union-attr]  # one of them is there
            snapshot = load_snapshot(self.bench, self.contract.name, digest)
        else:
            taken = take_snapshot(self.bench, self.contract)
            require_quality(self.bench, taken)
            snapshot = load_snapshot(self.bench, self.contract.name, taken.snapshot)
        return row_set(self.bench, self.contract, read(snapshot, self.bench.store), snapshot.digest)

    @cached_property
    def halves(self) -> tuple[RowSet, RowSet]:
        """Rows to train on, and rows to judge on."""
        return held_out(self.bench, self.contract, self.rows)

    def environment(self, locked: Locked) -> Built:
        """The environment of a lockfile, found or built."""
        return build(
            locked.wanted,
            self.bench.settings.home / "environments",
            name=locked.name,
            python=locked.python,
            progress=self.bench.progress,
        )

    def place(self, locked: Locked | None) -> tuple[str, Built]:
        """The environment of a lockfile, or this very one, with its name."""
        if locked is not None:
            return locked.name, self.environment(locked)
        return "this environment", here()

    def trial(self, how: How, old: tuple[Locked, Built], new: tuple[Locked, Built], *, timed: bool = False) -> Trial:
        """The model in both environments: first the old one against itself, then against the new one."""
        if how == "way_back":
            return self._way_back(old, new)
        rows = self.rows if how == "artifact" else self.halves[1]
        train = None if how == "artifact" else self.halves[0]
        for one in (rows, train):
            assert one is None or one.folder  # noqa: S101  # written before several workers ask for it
        with ThreadPoolExecutor(1) as beside:  # processes of their own, and nothing is timed yet
            other = beside.submit(self.jobs.run, new[0].name, new[1], rows, self.knobs, train=train)
            first = self.jobs.run(old[0].name, old[1], rows, self.knobs, train=train)
            again = first  # what fails is not asked twice
            if first.failure is None:
                again = self.jobs.run(old[0].name, old[1], rows, self.knobs, train=train, repeat=1)
            after = other.result()
        failed = next((one for one in (first, again) if one.failure is not None), None)
        if failed is not None:
            return ended(self.contract, how, failed, None, None, None, None)
        times = None
        if timed and how == "artifact" and after.failure is None:
            times = times_in_turn(self.jobs, (old[1], self.knobs), (new[1], self.knobs), rows)
        found = self._compared(how, rows, first, after, self._apart(first, again), times)
        if after.failure is not None:
            return found
        floor = self.stages(first, again)
        return found.model_copy(update={"stages": self.stages(first, after, floor)})

    def stages(self, old: WorkerRun, new: WorkerRun, floor: StagesCompared | None = None) -> StagesCompared:
        """Where within the model two runs over the same rows part.

        Args:
            old: One run.
            new: The other.
            floor: The old run against itself.
        """
        failure = old.stages_failure or new.stages_failure
        before, after = (() if failure else self.jobs.stages(one) for one in (old, new))
        one, two = (self.jobs.scores(run).outcomes for run in (old, new))
        said = [self.jobs.outputs(run) for run in (old, new)]
        if said[0].shape != said[1].shape:  # probabilities of both classes, and of one
            said = [each.prediction if each.score is None else each.score for each in (one, two)]
        decided = None if self.contract.gives_numbers else int((one.prediction != two.prediction).sum())
        return stages_compared(before, after, numeric_difference(*said), decided, floor=floor, failure=failure)

    def once(self, how: How, locked: Locked, built: Built) -> WorkerRun:
        """One run of a trial in one environment."""
        if how == "artifact":
            return self.jobs.run(locked.name, built, self.rows, self.knobs)
        return self.jobs.run(locked.name, built, self.halves[1], self.knobs, train=self.halves[0])

    def require(self, run: WorkerRun) -> WorkerRun:
        """A run that did its job.

        Raises:
            EvidenceUnavailable: when it did not.
        """
        if run.cut_short:
            message = f"version {self.version.version} {run.cut_short}"
            raise EvidenceUnavailable(message, next_step=remedy(run))
        if run.failure is not None:
            message = f"version {self.version.version} fails with {run.lock} ({run.failure}): {run.words}"
            raise EvidenceUnavailable(message, next_step="repair that first; `baseline check` looks at the contract")
        return run

    def _way_back(self, old: tuple[Locked, Built], new: tuple[Locked, Built]) -> Trial:
        """What the new environment trained, loaded in the old one: what a rollback of the lockfile would meet."""
        train, rows = self.halves
        fresh = self.jobs.run(new[0].name, new[1], rows, self.knobs, train=train)
        if fresh.failure is not None or fresh.trained is None:
            words = fresh.words or "the trained model cannot be pickled"
            kept = fresh.model_copy(update={"failure": fresh.failure or "train", "words": words})
            return ended(self.contract, "way_back", kept, None, None, None, None)
        back = self.jobs.run(old[0].name, old[1], rows, self.knobs, artifact=self.jobs.trained(fresh.trained))
        return self._compared("way_back", rows, fresh, back, None, None)

    def _apart(self, one: WorkerRun, two: WorkerRun) -> Any:
        return numeric_difference(self.jobs.outputs(one), self.jobs.outputs(two))

    def _compared(
        self, how: How, rows: RowSet, old: WorkerRun, new: WorkerRun, noise: Any, timed: Digest | None
    ) -> Trial:
        if new.failure is not None:
            return ended(self.contract, how, old, new, noise, None, None)
        return ended(
            self.contract, how, old, new, noise, self._apart(old, new), self.contrast(how, rows, old, new, noise, timed)
        )

    def contrast(
        self,
        how: How,
        rows: RowSet,
        old: WorkerRun,
        new: WorkerRun,
        noise: Any,
        timed: Digest | None,
        moved: Moved = "dependencies",
    ) -> Contrast:
        """The verdicts of the two runs, paired by row."""
        from baseline_pipeline.workbench.iteration.timing import load_times

        question = {
            "artifact": f"Does the stored model do the same with {new.lock} as with {old.lock}?",
            "retrained": f"Is the model as good when it is trained with {new.lock} as with {old.lock}?",
            "way_back": f"Does what {old.lock} trained do the same with {new.lock}?",
        }[how]
        windows = [] if self.version.training_window is None else [self.version.training_window]
        sides = [
            Side(
                evaluation=digest_of(one.body()),
                scores_file=str(one.scores_file),
                version=f"{self.version.version} ({one.lock})",
                snapshot=rows.snapshot,
            )
            for one in (old, new)
        ]
        return contrast(
            self.contract,
            moved=moved,
            question=question,
            baseline=sides[0],
            candidate=sides[1],
            baseline_scores=self.jobs.scores(old),
            candidate_scores=self.jobs.scores(new),
            definitions=({}, {}),
            training_windows=windows if how == "artifact" else [],
            pairing="paired",
            times=load_times(self.bench, self.contract.name, timed),
            timed=timed,
            noise=0.0 if noise is None else noise.largest_absolute,
        )
