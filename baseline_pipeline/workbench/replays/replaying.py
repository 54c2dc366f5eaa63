"""`baseline replay`: the same model on the same rows in the environments of two lockfiles."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from baseline_pipeline.adapters.environments.cores import on_the_same_cores
from baseline_pipeline.adapters.environments.running import Knobs, serving
from baseline_pipeline.adapters.environments.uv import Built, build, here
from baseline_pipeline.comparison import Contrast, Moved, Side
from baseline_pipeline.contrasting import contrast
from baseline_pipeline.environment.installable import Installable, installable
from baseline_pipeline.environment.lock import Lock
from baseline_pipeline.environment.lockfile import moved, read_lockfile
from baseline_pipeline.errors import DataNotThereYet, EvidenceUnavailable
from baseline_pipeline.records import Digest, Record, digest_of, short
from baseline_pipeline.replay.numeric_difference import numeric_difference
from baseline_pipeline.replay.outcome import Ending, How, Trial, WorkerRun, ended, overall
from baseline_pipeline.replay.stages import StagesCompared, stages_compared
from baseline_pipeline.replay.variants import Variants
from baseline_pipeline.snapshot import read
from baseline_pipeline.timing import SITTINGS, Answer, in_sittings
from baseline_pipeline.workbench.iteration.snapshotting import load_snapshot, require_quality, take_snapshot
from baseline_pipeline.workbench.iteration.timing import asked_for, peaks_in_turn, times_of
from baseline_pipeline.workbench.replays.adjusting import tried_variants
from baseline_pipeline.workbench.replays.jobs import WORKER, Jobs
from baseline_pipeline.workbench.replays.rows import RowSet, held_out, row_set

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from baseline_pipeline.contract import Contract
    from baseline_pipeline.evaluation import EnvironmentState
    from baseline_pipeline.ports import ModelVersion
    from baseline_pipeline.verdicts import Tier
    from baseline_pipeline.workbench.workbench import Workbench

A_A = 2
"""Runs in the old environment: what they differ by is noise."""


class EnvironmentSeen(Record):
    """An environment that was replayed in."""

    lock: str
    key: Digest
    packages: int
    left_out: tuple[str, ...]
    beyond: tuple[str, ...]
    """Installed although the lockfile does not name them."""


class Replay(Record):
    """What a replay found."""

    model: str
    version: str
    snapshot: Digest
    rows: int
    old: EnvironmentSeen
    new: EnvironmentSeen
    moved: tuple[str, ...]
    """Packages that differ between the lockfiles."""
    trials: tuple[Trial, ...]
    ending: Ending
    why: str
    variants: Variants | None = None
    """The contract's variants of the training entry, in the new environment."""

    @property
    def tier(self) -> Tier | None:
        """How bad what it was rejected for is."""
        return overall(self.trials).tier

    @property
    def exit_code(self) -> int:
        """How the command ends."""
        from baseline_pipeline.replay.outcome import EXIT

        return EXIT[self.ending]


@dataclass(frozen=True)
class Locked:
    """A lockfile that was read.

    Attributes:
        name: Its path as it was given.
        wanted: Its content as an installer understands it.
        lock: Its packages.
    """

    name: str
    wanted: Installable
    lock: Lock

    @classmethod
    def read(cls, project: Path, name: str) -> Locked:
        """A lockfile by its path, relative to the project.

        Raises:
            DataNotThereYet: when it is not there.
            ContractError: when it cannot be understood.
        """
        try:
            text = (project / name).read_text(encoding="utf-8")
        except (FileNotFoundError, IsADirectoryError, UnicodeDecodeError) as error:
            message = f"lockfile {name} is not there, or no text (looked in {project})"
            raise DataNotThereYet(message, next_step="name a lockfile: --lock old.lock --lock new.lock") from error
        return cls(name, installable(name, text), read_lockfile(name, text))

    @classmethod
    def stored(cls, bench: Workbench, model: str, state: EnvironmentState) -> Locked | None:
        """The lockfile of an evaluation's environment, as far as it was kept."""
        if state.lockfile_digest is None:
            return None
        wanted = bench.store.load("installables", model, state.lockfile_digest)
        lock = bench.store.load("lockfiles", model, state.lockfile_digest)
        if wanted is None or lock is None:
            return None
        name = f"{state.lockfile} ({short(state.lockfile_digest)})"
        return cls(name, Installable.stored(wanted), Lock.stored(lock))


class Replaying:
    """One model and its rows, replayed in environments as they are asked for.

    Args:
        bench: The project.
        contract: The model's contract.
        version: The exact model; the champion by default.
        artifact: What a worker loads; the version's own by default.
        knobs: What is held still.
        python: Interpreter of the environments; this one's version by default.
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
        python: str | None = None,
        snapshot: Digest | None = None,
    ) -> None:
        self.snapshot = snapshot
        self.bench = bench
        self.contract = contract
        self.version = version
        self.artifact = artifact
        self.python = python
        self.knobs = knobs or Knobs(threads=contract.environment.threads or 1)
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
            python=self.python,
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
        with ThreadPoolExecutor(A_A) as pool:  # processes of their own, and nothing is timed yet
            asked = [
                pool.submit(self.jobs.run, place[0].name, place[1], rows, self.knobs, train=train, repeat=number)
                for place, number in ((old, 0), (new, 0), (old, 1))
            ]
            first, after, again = (one.result() for one in asked)
        failed = next((one for one in (first, again) if one.failure is not None), None)
        if failed is not None:
            return ended(self.contract, how, failed, None, None, None, None)
        times = self.times(old[1], new[1], rows) if timed and how == "artifact" and after.failure is None else None
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

    def times(self, old: Built, new: Built, rows: RowSet, knobs: Knobs | None = None) -> Digest | None:
        """Both workers alive at once, asked for the same rows in the order A B B A.

        Args:
            old: Environment of one worker.
            new: Environment of the other.
            rows: Where requests are taken from.
            knobs: What is held still in the new one; the same as in the old one by default.
        """
        wanted = self.contract.latency
        asked = asked_for(self.contract)
        if not asked:
            return None
        memory = [wanted.memory_runs, *sorted(asked)] if "memory" in asked else []
        key = digest_of(
            [
                *memory,
                WORKER,
                "replayed",
                old.key,
                new.key,
                self.version.digest,
                rows.key,
                wanted.model_dump(mode="json", exclude={"memory_runs"}),
                (knobs or self.knobs).body(),
                self.knobs.body(),
            ]
        )
        if self.bench.store.load("times", self.contract.name, key) is None:
            starts = [number * wanted.rows % max(len(rows) - wanted.rows, 1) for number in range(wanted.requests)]
            job = self.jobs.job(rows, self.artifact)
            scratch = self.bench.settings.scratch

            @contextmanager
            def opened(number: int) -> Iterator[tuple[Answer, Answer]]:
                self.bench.progress(f"timing both environments in turn, sitting {number + 1} of {SITTINGS}")
                with (
                    serving(old, job, self.knobs, scratch) as one,
                    serving(new, job, knobs or self.knobs, scratch) as two,
                    on_the_same_cores(one.pid, two.pid, threads=self.knobs.threads),
                ):
                    yield (lambda start: one.seconds(start, wanted.rows), lambda start: two.seconds(start, wanted.rows))

            taken = in_sittings(opened, starts, seconds=wanted.seconds)
            peaks = None
            if memory:
                sides = [(old, job, self.knobs), (new, job, knobs or self.knobs)]
                peaks = peaks_in_turn(self.bench, self.contract, sides)
            self.bench.store.save("times", self.contract.name, key, times_of(taken, peaks))
        return key


def replay(work: Replaying, old: Locked, new: Locked, *, retrain: bool = True, timed: bool = True) -> Replay:
    """Replay a model under two lockfiles, and say whether the update is to be accepted.

    Args:
        work: Model and rows.
        old: Where the model stands now.
        new: What is wanted.
        retrain: Train under both too, where the contract names an entry.
        timed: Measure latency where the contract judges it.

    Raises:
        NotBuilt: when a lockfile cannot be installed.
        EvidenceUnavailable: when rows or model cannot be had.
    """
    contract, bench = work.contract, work.bench
    places = [(locked, work.environment(locked)) for locked in (old, new)]
    training = contract.model.training
    trials = [work.trial("artifact", *places, timed=timed)]
    if retrain and training is not None and training.entry is not None:
        bench.progress("training under both")
        trials.append(work.trial("retrained", *places))
        if trials[-1].ending != "evidence_missing":
            trials.append(work.trial("way_back", *places))
    variants = None
    if retrain and training is not None and training.variants:
        variants = tried_variants(work, [(one.name, built) for one, built in reversed(places)], work.halves)
    worst = overall(tuple(trials))
    found = Replay(
        model=contract.name,
        version=work.version.version,
        snapshot=work.rows.snapshot,
        rows=len(work.rows),
        old=_seen(*places[0]),
        new=_seen(*places[1]),
        moved=moved(old.lock, new.lock),
        trials=tuple(trials),
        ending=worst.ending,
        why=worst.why,
        variants=variants,
    )
    bench.store.save("replays", contract.name, digest_of(found.body()), found)
    return found


def _seen(locked: Locked, built: Built) -> EnvironmentSeen:
    return EnvironmentSeen(
        lock=locked.name, key=built.key, packages=len(built.packages), left_out=built.left_out, beyond=built.beyond
    )


def open_replaying(
    bench: Workbench,
    contract: Contract,
    *,
    candidate: str | None = None,
    artifact: str | None = None,
    knobs: Knobs | None = None,
    python: str | None = None,
) -> Replaying:
    """What is to be replayed: the champion, an exact candidate, or a plain file.

    Raises:
        EvidenceUnavailable: when there is no such model.
        UsageError: when the file is of no known format, or runs code that nobody vouched for.
    """
    from pathlib import Path

    from baseline_pipeline.adapters.models.artifact import file_artifact
    from baseline_pipeline.ports import ModelVersion

    if artifact is not None:
        import hashlib

        found = file_artifact(bench.settings.project / Path(artifact), allow_pickle=contract.model.allow_pickle)
        digest = hashlib.sha256(Path(str(found["path"])).read_bytes()).hexdigest()
        version = ModelVersion(contract.name, digest[:12], artifact, digest, _declared_window(contract))
        return Replaying(bench, contract, version, found, knobs=knobs, python=python)
    catalogue = bench.catalogue(contract)
    chosen = catalogue.resolve("champion") if candidate is None else catalogue.candidate(candidate)
    if chosen is None:
        message = f"model {contract.name}: no champion"
        raise EvidenceUnavailable(message, next_step="name one: --candidate models:/NAME/7")
    return Replaying(bench, contract, chosen, catalogue.artifact(chosen), knobs=knobs, python=python)


def _declared_window(contract: Contract) -> tuple[str, str] | None:
    training = contract.model.training
    if training is None:
        return None
    first, last = (day.isoformat() for day in training.window)
    return first, last
