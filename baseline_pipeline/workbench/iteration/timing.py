"""Times of two models on the same requests, taken once and kept as evidence."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from baseline_pipeline.errors import EvidenceUnavailable, ModelFailed
from baseline_pipeline.estimating_times import settled_early
from baseline_pipeline.records import Digest, Record, digest_of, short
from baseline_pipeline.scoring import threads
from baseline_pipeline.snapshot import Snapshot, read
from baseline_pipeline.timing import SITTINGS, Answer, PairedTimes, in_sittings, interleaved
from baseline_pipeline.workbench.earlier_functions import elsewhere

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager

    import pandas as pd

    from baseline_pipeline.adapters.environments.built import Built
    from baseline_pipeline.adapters.environments.knobs import Knobs
    from baseline_pipeline.contract import Contract
    from baseline_pipeline.contract.metrics import MetricRule
    from baseline_pipeline.ports import ModelCatalogue, ModelVersion, Store
    from baseline_pipeline.workbench.iteration.environment import Environment
    from baseline_pipeline.workbench.workbench import Workbench


Of = Literal["seconds", "memory"]
"""What is paired; see `OverTimes`."""


class Times(Record):
    """Seconds of the same requests on both sides, in the order they were sent, and peaks of memory of whole runs."""

    baseline: tuple[float, ...]
    candidate: tuple[float, ...]
    baseline_mb: tuple[float, ...] = ()
    candidate_mb: tuple[float, ...] = ()
    sittings: int = 1

    def paired(self) -> PairedTimes:
        """As arrays."""
        peaks = PairedTimes(np.array(self.baseline_mb), np.array(self.candidate_mb)) if self.baseline_mb else None
        return PairedTimes(np.array(self.baseline), np.array(self.candidate), peaks, self.sittings)


def time_pair(
    bench: Workbench,
    contract: Contract,
    catalogue: ModelCatalogue,
    environment: Environment,
    snapshot: Snapshot,
    *,
    baseline: ModelVersion,
    candidate: ModelVersion,
) -> Digest | None:
    """The key of the times of two models, found or taken; `None` where the contract asks for none.

    Args:
        bench: The project.
        contract: Says how many requests of how many rows.
        catalogue: Loads the models.
        environment: Times of another environment are other times.
        snapshot: Where requests are drawn from, seeded by what is timed.
        baseline: One model.
        candidate: The other.
    """
    wanted = asked_for(contract)
    if not wanted:
        return None
    state = environment.state
    key = digest_of(
        {
            "baseline": baseline.digest,
            "candidate": candidate.digest,
            "snapshot": snapshot.digest,
            "requests": contract.latency.model_dump(mode="json", exclude={"memory_runs"}),
            "environment": [state.lockfile_digest, state.manifest_digest],
        }
        | ({"memory": memory_asked(contract), "also": sorted(wanted)} if "memory" in wanted else {})
    )
    if bench.store.load("times", contract.name, key) is None:
        bench.progress(f"timing version {candidate.version} against version {baseline.version}, in turn")
        try:
            taken = _seconds(bench, contract, catalogue, snapshot, key, (baseline, candidate), wanted)
            peaks = _memory(bench, contract, catalogue, snapshot, (baseline, candidate)) if "memory" in wanted else None
        except ModelFailed:
            return None  # scoring has said so
        record = times_of(taken, peaks)
        bench.store.save("times", contract.name, key, record)
    return key


def asked_for(contract: Contract) -> set[str]:
    """What the contract's metrics are read from beside rows: `seconds`, `memory`."""
    return {rule.measured.over_times.of for rule in contract.metrics if rule.measured.over_times is not None}


def times_of(seconds: PairedTimes | None, peaks: PairedTimes | None) -> Times:
    """What is kept of both."""

    def both(taken: PairedTimes | None) -> tuple[tuple[float, ...], tuple[float, ...]]:
        return ((), ()) if taken is None else (tuple(taken.baseline.tolist()), tuple(taken.candidate.tolist()))

    (one, two), (less, more) = both(seconds), both(peaks)
    sittings = 1 if seconds is None else seconds.sittings
    return Times(baseline=one, candidate=two, baseline_mb=less, candidate_mb=more, sittings=sittings)


def peaks_in_turn(
    bench: Workbench, contract: Contract, sides: Sequence[tuple[Built, dict[str, Any], Knobs]]
) -> PairedTimes | None:
    """Peaks of memory, in MB, of processes that load a model and score all rows, in the order A B, B A.

    `None` where one does not come to its end. What a process holds while it starts and reads the rows is in both. Runs
    are never taken over from before: another day's machine may lay out memory otherwise. After four pairs, and after
    eight, they end where what was seen settles that the candidate needs no more; see `settled`.

    Args:
        bench: The project.
        contract: Says how many runs.
        sides: Of either model: where it runs, the worker's job, and what is held still.
    """
    from baseline_pipeline.adapters.environments.running import run_job

    taken = np.zeros((contract.latency.memory_runs, 2))
    for number in range(len(taken)):
        bench.progress(f"peak memory, run {number + 1} of {len(taken)} of each model")
        for side in (0, 1) if number % 2 == 0 else (1, 0):
            built, job, knobs = sides[side]
            ran = run_job(built, job, knobs, bench.settings.scratch)
            peak = ran.facts.get("peak_memory_mb")
            if ran.failure is not None or not peak:
                bench.progress(f"no peak of memory: {ran.words or 'this system does not tell'}")
                return None
            taken[number, side] = peak
        seen = PairedTimes(taken[: number + 1, 0], taken[: number + 1, 1])
        if number + 1 < len(taken) and enough(contract, seen, "memory"):
            bench.progress(f"peak memory is settled after {number + 1} runs of each model, of {len(taken)}")
            return seen
    return PairedTimes(taken[:, 0], taken[:, 1])


def enough(contract: Contract, seen: PairedTimes, of: Of) -> bool:
    """Whether every rule about memory, or about seconds, is settled by the runs, or sittings, so far."""
    return all(settled_early(one.measured, one.margin, seen) for one in _rules(contract, of))


def memory_asked(contract: Contract) -> list[object]:
    """What the number of runs depends on: how many at the most, and the margins that fewer may settle."""
    return [contract.latency.memory_runs, *margins_of(contract, "memory")]


def margins_of(contract: Contract, of: Of) -> list[object]:
    """The margins that fewer runs, or sittings, may settle."""
    return [one.margin and one.margin.model_dump(mode="json") for one in _rules(contract, of)]


def _rules(contract: Contract, of: Of) -> list[MetricRule]:
    found = ((rule, rule.measured.over_times) for rule in contract.metrics)
    return [rule for rule, over in found if over is not None and over.of == of]


def _memory(
    bench: Workbench,
    contract: Contract,
    catalogue: ModelCatalogue,
    snapshot: Snapshot,
    versions: Sequence[ModelVersion],
) -> PairedTimes | None:
    from baseline_pipeline.adapters.environments.built import here
    from baseline_pipeline.adapters.environments.knobs import Knobs
    from baseline_pipeline.workbench.replays.jobs import Jobs
    from baseline_pipeline.workbench.replays.rows import row_set

    rows = row_set(bench, contract, read(snapshot, bench.store), snapshot.digest)
    built = getattr(catalogue, "built", None) or here()
    knobs = Knobs.declared(contract.environment)
    sides = []
    for version in versions:
        artifact = catalogue.artifact(version)
        sides.append((built, Jobs(bench, contract, version, artifact).job(rows, artifact), knobs))
    return peaks_in_turn(bench, contract, sides)


def _seconds(
    bench: Workbench,
    contract: Contract,
    catalogue: ModelCatalogue,
    snapshot: Snapshot,
    key: Digest,
    versions: Sequence[ModelVersion],
    wanted: set[str],
) -> PairedTimes | None:
    if "seconds" not in wanted:
        return None
    requests = _requests(contract, read(snapshot, bench.store, contract.data.feature_names).to_pandas(), key)
    if getattr(catalogue, "built", None) is None:
        first, second = (catalogue.load(version) for version in versions)
        if hasattr(first, "timed") or hasattr(second, "timed"):  # an earlier function: then both live apart
            catalogue = elsewhere(catalogue, contract, bench.settings)
    if getattr(catalogue, "built", None) is not None:
        return in_sittings(_remote(bench, contract, catalogue, versions), requests, seconds=contract.latency.seconds)
    with threads(contract.environment.threads):
        return interleaved(first.predict, second.predict, requests, seconds=contract.latency.seconds)


def load_times(bench: Workbench, model: str, key: Digest | None) -> PairedTimes | None:
    """Stored times.

    Raises:
        EvidenceUnavailable: when the store does not hold them.
    """
    if key is None:
        return None
    body = bench.store.load("times", model, key)
    if body is None:
        message = f"times {short(key)} of {model} are not in the store"
        raise EvidenceUnavailable(message, next_step="check BASELINE_HOME, or restore the store")
    return Times.stored(body).paired()


def _requests(contract: Contract, features: pd.DataFrame, key: Digest) -> list[pd.DataFrame]:
    """Random rows, as many to a request as the contract says."""
    wanted = contract.latency
    rng = np.random.default_rng(int(key[:12], 16))
    chosen = rng.integers(0, len(features), (wanted.requests, wanted.rows))
    return [features.iloc[rows] for rows in chosen]


def _remote(
    bench: Workbench, contract: Contract, catalogue: ModelCatalogue, versions: Sequence[ModelVersion]
) -> Callable[[int], AbstractContextManager[tuple[Answer, Answer]]]:
    """Sittings of models that live in another environment; what passes between the processes is not their time."""
    from baseline_pipeline.adapters.environments.cores import on_the_same_cores

    @contextmanager
    def opened(number: int) -> Iterator[tuple[Answer, Answer]]:
        bench.progress(f"timing, sitting {number + 1} of {SITTINGS}")
        first, second = (catalogue.load(version) for version in versions)
        processes = [getattr(one, "pid") for one in (first, second)]  # noqa: B009  # those that tell times have one
        with on_the_same_cores(*processes, threads=contract.environment.threads or 1):
            yield getattr(first, "timed"), getattr(second, "timed")  # noqa: B009  # as above

    return opened


def copy_times(bench: Workbench, target: Store, model: str, key: Digest | None) -> None:
    """Keep the times of a comparison in another store too."""
    body = None if key is None else bench.store.load("times", model, key)
    if key is not None and body is not None:
        target.save("times", model, key, Times.stored(body))
