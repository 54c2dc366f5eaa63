"""Step-down comparison of many statistics with their joint draws, most telling first."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

FEW = 6
"""Different weights up to which draws of one weight are compared as they are, rather than each as its tail."""
LOWEST = -1e300


class StepDown:
    """Questions in the order in which they are rejected, and what the draws come to from each one on.

    A question's place is its log tail less its log weight. Draws of questions of one weight are in the order of
    their tails as they are, so that, where weights are few, a tail is looked up for every question and not for every
    draw of it.

    Args:
        seen: (m,) statistics, on the scale of a standard normal.
        drawn: (m, draws) the same under no effect.
        offset: (m,) log weights.
    """

    def __init__(self, seen: Array, drawn: Array, offset: Array) -> None:
        from scipy.special import log_ndtr

        ahead = log_ndtr(-seen) - offset
        self.order = np.argsort(ahead, kind="stable")
        self.draws = drawn.shape[1]
        self.seen, self.ahead, self.offset = seen[self.order], ahead[self.order], offset[self.order]
        self.levels, self.level = np.unique(self.offset, return_inverse=True)
        ordered = drawn[self.order]
        self.apart = len(self.levels) > FEW
        self.ends = [self._tails(ordered)] if self.apart else self._peaks(ordered)

    def _tails(self, drawn: Array) -> Array:
        """(m, draws) the least place that any question from this one on is drawn at."""
        from scipy.special import log_ndtr

        np.negative(drawn, drawn)
        log_ndtr(drawn, drawn)
        np.subtract(drawn, self.offset[:, None], drawn)
        return _onwards(np.minimum, drawn)

    def _peaks(self, drawn: Array) -> list[Array]:
        """By weight, (m, draws) the largest statistic that any such question from this one on is drawn at."""
        one = len(self.levels) == 1
        found = [
            drawn if one else np.where((self.level == place)[:, None], drawn, -np.inf)
            for place in range(len(self.levels))
        ]
        return [_onwards(np.maximum, peak) for peak in found]

    def beaten(self) -> Array:
        """(m,) draws in which a question from this one on goes as far as this one was seen to."""
        from scipy.special import ndtri_exp

        if self.apart:
            return np.asarray(np.count_nonzero(self.ends[0] <= self.ahead[:, None], axis=1))
        found = np.zeros((len(self.seen), self.draws), dtype=bool)
        for place, (level, peak) in enumerate(zip(self.levels, self.ends, strict=True)):
            height = np.maximum(-ndtri_exp(np.minimum(self.ahead + level, 0.0)), LOWEST)
            found |= peak >= np.where(self.level == place, self.seen, height)[:, None]
        return np.asarray(np.count_nonzero(found, axis=1))

    def bar(self, rank: int, steps: int) -> Array:
        """(steps,) the place that `rank` draws lie before, question by question."""
        from scipy.special import log_ndtr

        if self.apart:
            return np.partition(self.ends[0][:steps], rank, axis=1)[:, rank]
        least = np.full((steps, self.draws), np.inf)
        for level, peak in zip(self.levels, self.ends, strict=True):
            mine, place = peak[:steps], self.draws - rank - 1
            high = (mine >= np.partition(mine, place, axis=1)[:, place, None]) & (mine > LOWEST)
            least[high] = np.minimum(least[high], log_ndtr(-mine[high]) - level)
        return np.partition(least, rank, axis=1)[:, rank]


def _onwards(what: np.ufunc, rows: Array) -> Array:
    """The least or largest of every row and those after it, in place."""
    for place in range(len(rows) - 2, -1, -1):
        what(rows[place], rows[place + 1], out=rows[place])
    return rows
