"""How near a detector comes to what people marked: points of change, and windows around anomalies.

Points are scored as van den Burg and Williams (2020, arXiv:2003.06222) do: several people marked every series, and a
detector is right where any of them is, complete as far as each of them is, and covers time as each of them does.
Windows are scored as Lavin and Ahmad (2015, arXiv:1510.03336) do: once for each window, more for being early, less for
every alarm outside.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

MARGIN = 5
"""Observations that a point may be off."""

PROBATION, LONGEST_PROBATION = 0.15, 750
"""Share, and number at most, of the first values that are not scored: a detector may learn from them."""


@dataclass(frozen=True)
class Profile:
    """What a missed window and an alarm outside any window cost; a window caught in time is worth 1."""

    missed: float
    outside: float


PROFILES = {
    "standard": Profile(1.0, 0.11),
    "reward_low_FP_rate": Profile(1.0, 0.22),
    "reward_low_FN_rate": Profile(2.0, 0.11),
}


@dataclass(frozen=True)
class Raw:
    """One series, or many added up: `score` between `nothing` (no alarm) and `perfect` (every window at once)."""

    score: float
    nothing: float
    perfect: float
    windows: int
    caught: int
    outside: int

    def __add__(self, other: Raw) -> Raw:
        return Raw(
            self.score + other.score,
            self.nothing + other.nothing,
            self.perfect + other.perfect,
            self.windows + other.windows,
            self.caught + other.caught,
            self.outside + other.outside,
        )

    @property
    def normalised(self) -> float:
        """100 for perfect, 0 for no alarm at all."""
        return 100 * (self.score - self.nothing) / (self.perfect - self.nothing)


def f1(annotators: Iterable[Iterable[int]], found: Iterable[int], margin: int = MARGIN) -> float:
    """Harmonic mean of precision against all annotators together and of recall averaged over them.

    The first observation counts as a point of everyone's, so that finding nothing where nothing is scores 1.

    Example:
        >>> f1([[50], [50, 80]], [52])
        0.9090909090909091
    """
    marked = [{0, *points} for points in annotators]
    said = {0, *found}
    precision = _matched(set().union(*marked), said, margin) / len(said)
    recall = float(np.mean([_matched(points, said, margin) / len(points) for points in marked]))
    return 2 * precision * recall / (precision + recall)


def _matched(marked: set[int], said: set[int], margin: int) -> int:
    """How many marks get a point of their own; the earliest mark takes the nearest."""
    free = sorted(said)
    count = 0
    for mark in sorted(marked):
        nearest = min(free, key=lambda point: abs(point - mark), default=None)
        if nearest is not None and abs(nearest - mark) <= margin:
            free.remove(nearest)
            count += 1
    return count


def covering(annotators: Sequence[Iterable[int]], found: Iterable[int], length: int) -> float:
    """Overlap (intersection over union) of every marked segment with its best found one, weighted by length.

    Example:
        >>> covering([[50]], [], 100)
        0.5
    """
    said = _segments(found, length)
    return float(np.mean([_covered(_segments(points, length), said) for points in annotators])) / length


def _segments(points: Iterable[int], length: int) -> list[tuple[int, int]]:
    return list(pairwise([0, *sorted({point for point in points if 0 < point < length}), length]))


def _covered(marked: list[tuple[int, int]], said: list[tuple[int, int]]) -> float:
    return sum((end - start) * max(_overlap(start, end, *other) for other in said) for start, end in marked)


def _overlap(start: int, end: int, from_: int, to: int) -> float:
    return max(0, min(end, to) - max(start, from_)) / (max(end, to) - min(start, from_))


def windowed(length: int, windows: Sequence[tuple[int, int]], alarms: Iterable[int], profile: Profile) -> Raw:
    """Score of one series.

    An alarm inside a window is worth the more the earlier it is, and only the best one of a window counts. One outside
    costs the less the closer it follows a window. Alarms during probation count for nothing.

    Args:
        length: Values of the series.
        windows: First and last row of each, both of them inside; in order of time and apart from each other.
        alarms: Rows.
        profile: What mistakes cost.

    Example:
        >>> windowed(1000, [(500, 599)], [500, 560, 900], PROFILES["standard"]).score
        0.89
    """
    probation = min(int(PROBATION * length), LONGEST_PROBATION)
    wanted = [window for window in windows if window[1] >= probation]
    heard = [alarm for alarm in sorted(set(alarms)) if alarm >= probation]
    worth = 0.0
    caught = 0
    outside = set(heard)
    for first, last in wanted:
        inside = [alarm for alarm in heard if first <= alarm <= last]
        outside -= set(inside)
        caught += bool(inside)
        worth += _timely((inside[0] - last - 1) / (last - first + 1)) / _timely(-1.0) if inside else -profile.missed
    for alarm in outside:
        before = [(first, last) for first, last in windows if last < alarm]
        late = (alarm - before[-1][1]) / (before[-1][1] - before[-1][0]) if before else np.inf
        worth += profile.outside * _timely(late)
    count = len(wanted)
    return Raw(worth, -profile.missed * count, float(count), count, caught, len(outside))


def _timely(place: float) -> float:
    """Scaled sigmoid: about 1 at -1 (a window's start), 0 at 0 (its end), -1 from 3 windows later on."""
    return -1.0 if place > 3 else float(2 / (1 + np.exp(5 * place)) - 1)
