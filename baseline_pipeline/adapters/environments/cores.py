"""Processes that are compared run on the same processors: one core may be slower than another, for hours."""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def on_the_same_cores(*processes: int, threads: int = 1) -> Iterator[None]:
    """Hold processes that work in turn to as many cores as they have threads, the same ones, and let them go again.

    A system leaves a process on the core it ran on last, so that two that take turns on two cores are told apart by
    their cores. Processes that already may use different ones (a machine with fewer is simulated) stay as they are,
    and so do all where the system knows no affinity.

    Args:
        processes: Their numbers.
        threads: How many each of them uses.
    """
    before = [_allowed(process) for process in processes]
    first = before[0] if before else set()
    if not first or any(one != first for one in before):
        yield
        return
    chosen = set(sorted(first)[-threads:])  # the first ones serve the machine's interrupts
    for process in processes:
        _hold(process, chosen)
    try:
        yield
    finally:
        for process in processes:
            _hold(process, first)


def _allowed(process: int) -> set[int]:
    with suppress(OSError, AttributeError):
        return os.sched_getaffinity(process)
    return set()


def _hold(process: int, cores: set[int]) -> None:
    """All threads of a process; one that ended meanwhile needs none."""
    tasks = Path(f"/proc/{process}/task")
    threads = [int(one.name) for one in tasks.iterdir()] if tasks.is_dir() else [process]
    for thread in threads:
        with suppress(OSError):
            os.sched_setaffinity(thread, cores)
