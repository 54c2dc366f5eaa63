"""Two models answering the same requests in turn, so that a slow moment of the machine hits both."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
WARM_UP = 5
ANSWERS = 2
"""Pairs of answers to a request."""
SITTINGS = 16
"""Pairs of processes that are started one after the other."""

Answer = Callable[[Any], object]


@dataclass(frozen=True)
class PairedTimes:
    """Seconds of n pairs of neighbouring answers to the same request, in the order they were given.

    Attributes:
        baseline: (n,) seconds of the baseline.
        candidate: (n,) seconds of the candidate.
        peaks: Peaks of memory of whole runs of both, in MB, where they were taken.
        sittings: Pairs of processes that answered, each as many times, one after the other.
    """

    baseline: Array
    candidate: Array
    peaks: PairedTimes | None = None
    sittings: int = 1

    def __len__(self) -> int:
        return len(self.baseline)

    def swapped(self) -> PairedTimes:
        """With the sides exchanged."""
        peaks = None if self.peaks is None else self.peaks.swapped()
        return replace(self, baseline=self.candidate, candidate=self.baseline, peaks=peaks)

    def levelled(self) -> PairedTimes:
        """As if the candidate were as quick and needed as much memory: how answers vary is all that is left.

        Example:
            >>> PairedTimes(np.array([1.0, 2.0, 3.0]), np.array([2.0, 4.4, 6.0])).levelled().candidate.round(2).tolist()
            [1.0, 2.2, 3.0]
        """
        typical = float(np.exp(np.median(np.log(self.candidate / self.baseline))))
        peaks = None if self.peaks is None else self.peaks.levelled()
        return replace(self, candidate=self.candidate / typical, peaks=peaks)

    def blocks(self, pairs: int) -> tuple[Array, Array]:
        """Neighbouring pairs gathered in blocks, (n // pairs, pairs) of either side; the rest is left out.

        With several sittings each is one block: what a pair of processes has in common says nothing of the next pair.
        """
        if self.sittings > 1:
            pairs = len(self) // self.sittings
        count = len(self) // max(pairs, 1)
        return (
            self.baseline[: count * pairs].reshape(count, pairs),
            self.candidate[: count * pairs].reshape(count, pairs),
        )


def interleaved(
    baseline: Answer,
    candidate: Answer,
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


def in_sittings(
    opened: Callable[[int], AbstractContextManager[tuple[Answer, Answer]]],
    requests: Sequence[Any],
    *,
    seconds: float,
    sittings: int = SITTINGS,
    enough: Callable[[PairedTimes], bool] = lambda _: False,
) -> PairedTimes:
    """Interleaved times of models that live in processes of their own, with new processes for every sitting.

    Where a process lays out its memory is drawn when it starts, and stays: two processes of the same code were found
    half a per cent apart for as long as they lived. Only other processes tell that from a difference between models.

    Sources: Mytkowicz et al. (2009), Producing wrong data without doing anything obviously wrong, ASPLOS; Kalibera and
    Jones (2013), Rigorous benchmarking in reasonable time, ISMM.

    Args:
        opened: Both answers of a sitting, which tell the seconds they took; its processes end with it.
        requests: What to ask; every sitting has its share.
        seconds: Stop asking after so long, starts and warm-up aside.
        sittings: How many at the most.
        enough: Asked after every sitting whether those so far will do.
    """
    parts = []
    for number in range(sittings):
        with opened(number) as (baseline, candidate):
            share = requests[number::sittings]
            parts.append(interleaved(baseline, candidate, share, seconds=seconds / sittings, said=True))
        if number + 1 < sittings and enough(_joined(parts)):
            break
    return _joined(parts)


def _joined(parts: Sequence[PairedTimes]) -> PairedTimes:
    """The times of several sittings, of each as many as the shortest has."""
    least = min(len(part) for part in parts)
    return PairedTimes(
        np.concatenate([part.baseline[:least] for part in parts]),
        np.concatenate([part.candidate[:least] for part in parts]),
        sittings=len(parts),
    )


def _timed(answer: Callable[[Any], Any], request: object, clock: Callable[[], float], *, said: bool) -> float:
    started = clock()
    answered = answer(request)
    return max(float(answered) if said else clock() - started, 1e-9)
