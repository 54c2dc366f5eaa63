"""How quickly a model answers in two environments: both workers alive at once, asked in turn."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from baseline_pipeline.adapters.environments.cores import on_the_same_cores
from baseline_pipeline.adapters.environments.serving import serving
from baseline_pipeline.records import Digest, digest_of
from baseline_pipeline.timing import SITTINGS, Answer, in_sittings
from baseline_pipeline.workbench.iteration.timing import asked_for, memory_asked, peaks_in_turn, times_of
from baseline_pipeline.workbench.replays.jobs import WORKER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from baseline_pipeline.adapters.environments.built import Built
    from baseline_pipeline.adapters.environments.knobs import Knobs
    from baseline_pipeline.workbench.replays.replaying import Replaying
    from baseline_pipeline.workbench.replays.rows import RowSet


def times_in_turn(work: Replaying, old: Built, new: Built, rows: RowSet, knobs: Knobs | None = None) -> Digest | None:
    """Both workers alive at once, asked for the same rows in the order A B B A.

    Args:
        work: Model and contract.
        old: Environment of one worker.
        new: Environment of the other.
        rows: Where requests are taken from.
        knobs: What is held still in the new one; the same as in the old one by default.
    """
    wanted = work.contract.latency
    asked = asked_for(work.contract)
    if not asked:
        return None
    memory = [*memory_asked(work.contract), *sorted(asked)] if "memory" in asked else []
    key = digest_of(
        [
            *memory,
            WORKER,
            "replayed",
            old.key,
            new.key,
            work.version.digest,
            rows.key,
            wanted.model_dump(mode="json", exclude={"memory_runs"}),
            (knobs or work.knobs).body(),
            work.knobs.body(),
        ]
    )
    if work.bench.store.load("times", work.contract.name, key) is None:
        starts = [number * wanted.rows % max(len(rows) - wanted.rows, 1) for number in range(wanted.requests)]
        job = work.jobs.job(rows, work.artifact)
        scratch = work.bench.settings.scratch

        @contextmanager
        def opened(number: int) -> Iterator[tuple[Answer, Answer]]:
            work.bench.progress(f"timing both environments in turn, sitting {number + 1} of {SITTINGS}")
            with (
                serving(old, job, work.knobs, scratch) as one,
                serving(new, job, knobs or work.knobs, scratch) as two,
                on_the_same_cores(one.pid, two.pid, threads=max(work.knobs.threads, (knobs or work.knobs).threads)),
            ):
                yield (lambda start: one.seconds(start, wanted.rows), lambda start: two.seconds(start, wanted.rows))

        taken = in_sittings(opened, starts, seconds=wanted.seconds)
        peaks = None
        if memory:
            sides = [(old, job, work.knobs), (new, job, knobs or work.knobs)]
            peaks = peaks_in_turn(work.bench, work.contract, sides)
        work.bench.store.save("times", work.contract.name, key, times_of(taken, peaks))
    return key
