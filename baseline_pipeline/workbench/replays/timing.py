"""How quickly a model answers in two environments: both workers alive at once, asked in turn."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from baseline_pipeline.adapters.environments.cores import on_the_same_cores
from baseline_pipeline.adapters.environments.serving import serving
from baseline_pipeline.records import Digest, digest_of
from baseline_pipeline.timing import SITTINGS, Answer, PairedTimes, in_sittings
from baseline_pipeline.workbench.iteration.timing import (
    asked_for,
    enough,
    margins_of,
    memory_asked,
    peaks_in_turn,
    times_of,
)
from baseline_pipeline.workbench.replays.jobs import WORKER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from baseline_pipeline.adapters.environments.built import Built
    from baseline_pipeline.adapters.environments.knobs import Knobs
    from baseline_pipeline.workbench.replays.jobs import Jobs
    from baseline_pipeline.workbench.replays.rows import RowSet


def times_in_turn(
    jobs: Jobs,
    old: tuple[Built, Knobs],
    new: tuple[Built, Knobs],
    rows: RowSet,
    what: str = "both environments",
    *,
    briefly: bool = False,
) -> Digest | None:
    """Both workers alive at once, asked for the same rows in the order A B B A.

    Args:
        jobs: Model and contract.
        old: Environment of one worker, and what is held still in it.
        new: The same of the other.
        rows: Where requests are taken from.
        what: What is timed, for people.
        briefly: End after a few sittings where they settle that nothing is slower by half of its margin. What is
            slower by less is not told apart then.
    """
    bench, contract = jobs.bench, jobs.contract
    wanted, asked = contract.latency, asked_for(contract)
    if not asked:
        return None
    memory = [*memory_asked(contract), *sorted(asked)] if "memory" in asked else []
    key = digest_of(
        [
            *memory,
            WORKER,
            "replayed",
            old[0].key,
            new[0].key,
            jobs.version.digest,
            rows.key,
            wanted.model_dump(mode="json", exclude={"memory_runs"}),
            new[1].body(),
            old[1].body(),
            *(margins_of(contract, "seconds") if briefly else ()),
        ]
    )
    if bench.store.load("times", contract.name, key) is None:
        starts = [number * wanted.rows % max(len(rows) - wanted.rows, 1) for number in range(wanted.requests)]
        job = jobs.job(rows, jobs.artifact)
        scratch = bench.settings.scratch

        @contextmanager
        def opened(number: int) -> Iterator[tuple[Answer, Answer]]:
            bench.progress(f"timing {what} in turn, sitting {number + 1} of {SITTINGS}{' at the most' * briefly}")
            with (
                serving(old[0], job, old[1], scratch) as one,
                serving(new[0], job, new[1], scratch) as two,
                on_the_same_cores(one.pid, two.pid, threads=max(old[1].threads, new[1].threads)),
            ):
                yield (lambda start: one.seconds(start, wanted.rows), lambda start: two.seconds(start, wanted.rows))

        def settled(seen: PairedTimes) -> bool:
            return briefly and enough(contract, seen, "seconds")

        taken = in_sittings(opened, starts, seconds=wanted.seconds, enough=settled) if "seconds" in asked else None
        peaks = None
        if memory:
            sides = [(built, job, knobs) for built, knobs in (old, new)]
            peaks = peaks_in_turn(bench, contract, sides)
        bench.store.save("times", contract.name, key, times_of(taken, peaks))
    return key
