"""Two models answering the same requests in turn, so that a slow moment of the machine hits both."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
WARM_UP = 5


@dataclass(frozen=True)
class PairedTimes:
    """Seconds of n pairs of neighbouring answers to the same request, in the order they were given.

    Attributes:
        baseline: (n,) seconds of the baseline.
        candidate: (n,) seconds of the candidate.
        peaks: Peaks of memory of whole runs of both, in MB, where they were taken.
    """

    baseline: Array
    candidate: Array
    peaks: PairedTimes | None = None

    def __len__(self) -> int:
        return len(self.baseline)

    def blocks(self, pairs: int) -> tuple[Array, Array]:
        """Neighbouring pairs gathered in blocks, (n // pairs, pairs) of either side; the rest is left out."""
        count = len(self) // pairs
        return (
            self.baseline[: count * pairs].reshape(count, pairs),
            self.candidate[: count * pairs].reshape(count, pairs),
        )


def interleaved(
    baseline: Callable[[Any], object],
    candidate: Callable[[Any], object],
    requests: Iterable[Any],
    *,
    seconds: float,
    clock: Callable[[], float] = time.perf_counter,
    said: bool = False,
) -> PairedTimes:
    """Send every request to both twice, in the order A B B A, the next one B A A B, and so on: two pairs a request.

    Whoever comes later finds warm caches in turn, and what changes steadily changes both alike.
    "Old run, then new run" takes the machine's moods for a difference: at a nominal 1 % it cried wolf in
    26 to 44 % of cases where nothing changed. Interleaving and comparing within pairs cancels them.

    Args:
        baseline: Answers a request.
        candidate: Answers a request.
        requests: What to ask.
        seconds: Stop after so long, warm-up aside.
        clock: Seconds that never go back.
        said: Whether the answers are the seconds, measured where they were made.

    Example:
        >>> ticks = iter(range(1000))
        >>> taken = interleaved(len, len, ["a", "b", "c"], seconds=60, clock=lambda: next(ticks))
        >>> len(taken), taken.baseline.tolist()
        (6, [1.0, 1.0, 1.0, 1.0, 1.0, 1.0])
        >>> order = []
        >>> _ = interleaved(lambda _: order.append("A"), lambda _: order.append("B"), range(2), seconds=60)
        >>> "".join(order[4:])  # warm-up aside
        'ABBABAAB'
    """
    waiting = list(requests)
    for request in waiting[:WARM_UP]:
        baseline(request)
        candidate(request)
    taken: list[tuple[float, float]] = []
    until = clock() + seconds
    answers = (baseline, candidate)
    for number, request in enumerate(waiting):
        first = number % 2
        one, two, three, four = (
            _timed(answers[side], request, clock, said=said) for side in (first, 1 - first, 1 - first, first)
        )
        taken += [(one, two), (four, three)] if first == 0 else [(two, one), (three, four)]
        if clock() > until:
            break
    times = np.array(taken, dtype=float).reshape(-1, 2)
    return PairedTimes(times[:, 0], times[:, 1])


def _timed(answer: Callable[[Any], Any], request: object, clock: Callable[[], float], *, said: bool) -> float:
    started = clock()
    answered = answer(request)
    return max(float(answered) if said else clock() - started, 1e-9)
