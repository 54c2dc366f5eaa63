"""Values unlike all before, said as they come in."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

Array = np.ndarray[Any, Any]

LENGTHS = (1, 8)
"""Stretches compared with the past: a value by itself, and the last eight, whose shape a season has shown before."""

MEMORY = 5000
"""Values, and distances, remembered."""

FIRST = 4
"""Lengths of a stretch that have to be seen before it is compared: from the very first ones everything is far."""

WARM_UP = 30
"""Distances of a stretch that are needed before one can be called large."""

USUAL = 0.995
"""Share of past distances that count as usual ..."""

MARGIN = 1.5
"""... and how many times the largest usual one a distance has to be."""

PAUSE = 0.03
"""Silence after an alarm, as a share of the values seen, since the same event goes on being unlike the past ..."""

SHORTEST_PAUSE = 5
"""... and in values, at least."""

EXACT = 1e-9
"""Distances below this share of the largest value are rounding."""


class AnomalyDetector:
    """Tells of every value whether it, or the stretch it ends, is unlike everything seen so far.

    How unlike is the distance to the nearest stretch of the past (the left discord of Yankov, Keogh and
    Rebbapragada 2008; compared with earlier distances as in Burnaev and Ishimtsev 2016, arXiv:1608.04585).
    Whatever came before is near, a season included, and no model has to be right; so is an anomaly that comes back
    just as it was. How large a distance is usual the past says as well: an alarm is raised above 1.5 times the
    99.5 % quantile of the distances so far, then none for the next 3 % of the values seen. There is none among the
    first 33 values. White noise raises one in two to four thousand values.

    Attributes:
        score: Of the last value, in units of the distance that raises an alarm; 0 while there is too little past.

    Example:
        >>> detector = AnomalyDetector()
        >>> values = [*np.random.default_rng(1).normal(0.9, 0.01, 60), 0.7]
        >>> [row for row, value in enumerate(values) if detector.update(value)]
        [60]
        >>> round(detector.score, 1)
        7.3
    """

    def __init__(self) -> None:
        self.score = 0.0
        self._values = _Recent()
        self._distances = {length: _Recent() for length in LENGTHS}
        self._seen = 0
        self._silent_until = 0
        self._largest = 0.0

    def update(self, value: float) -> bool:
        """Whether this value raises an alarm. What is not finite raises none and leaves no trace."""
        self.score = 0.0
        if not np.isfinite(value):
            return False
        self._values.append(value)
        self._largest = max(self._largest, abs(value))
        self.score = max(self._novelty(length) for length in LENGTHS)
        self._seen += 1
        if self.score <= 1 or self._seen <= self._silent_until:
            return False
        self._silent_until = self._seen + max(SHORTEST_PAUSE, int(PAUSE * self._seen))
        return True

    def _novelty(self, length: int) -> float:
        """Distance of the last stretch from the nearest one before it, over the distance that raises an alarm."""
        values, distances = self._values.all(), self._distances[length]
        if len(values) < FIRST * length:
            return 0.0
        stretches = sliding_window_view(values, length)
        away = stretches[:-length] - stretches[-1]
        nearest = float(np.sqrt(np.einsum("ij,ij->i", away, away).min() / length))
        past = distances.all()
        usual = float(np.quantile(past, USUAL)) if len(past) >= WARM_UP else np.inf
        distances.append(nearest)
        return nearest / max(MARGIN * usual, EXACT * self._largest, np.finfo(float).tiny)


class _Recent:
    """The last `MEMORY` numbers, side by side."""

    def __init__(self) -> None:
        self._room = np.empty(2 * MEMORY)
        self._end = 0

    def append(self, number: float) -> None:
        if self._end == len(self._room):
            self._room[:MEMORY] = self._room[MEMORY:]
            self._end = MEMORY
        self._room[self._end] = number
        self._end += 1

    def all(self) -> Array:
        return self._room[max(0, self._end - MEMORY) : self._end]


def anomalies(values: Array) -> list[int]:
    """Rows at which `AnomalyDetector` raises an alarm, each decided from the values up to it.

    Args:
        values: (n,) in order of time, in any unit; what is not finite is passed over.

    Returns:
        Increasing indices into `values`.

    Raises:
        ValueError: If `values` is not one-dimensional.

    Example:
        >>> days = np.arange(200)
        >>> week = np.sin(2 * np.pi * days / 7)
        >>> noise = np.random.default_rng(1).normal(0, 0.1, 200)
        >>> anomalies(np.where(days < 150, week, 0) + noise)  # the week is no longer seen: no value is large
        [152]
    """
    series = np.asarray(values, dtype=float)
    if series.ndim != 1:
        msg = f"one series of shape (n,) is needed, not one of shape {series.shape}"
        raise ValueError(msg)
    detector = AnomalyDetector()
    return [row for row, value in enumerate(series.tolist()) if detector.update(value)]
