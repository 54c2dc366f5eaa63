"""A fixed monotone map from numbers to cells."""

from __future__ import annotations

from typing import Any

import numpy as np

from baseline_pipeline.records import Record

Array = np.ndarray[Any, Any]
CELLS = 3840
"""Cells of a grid; a multiple of the 15 bins that calibration is drawn in."""


class Grid(Record):
    """Cells over the whole line, fine around a location and coarse far out.

    u = (x - location) / (scale + |x - location|) lies between -1 and 1, and cell floor(K/2 + K/2 u), held
    within 0 and K - 1, is that of x.
    Only + - * / abs and floor are used, which every engine rounds alike: numpy, DuckDB and Spark
    count the same to the last row. Any location and scale are correct; they set the resolution.
    """

    location: float
    scale: float

    def cell(self, values: Array) -> Array:
        """(n,) cell of each finite value, from 0.

        Example:
            >>> Grid(location=0.0, scale=1.0).cell(np.array([-1e9, 0.0, 1.0, 1e9])).tolist()
            [0, 1920, 2880, 3839]
        """
        distance = values - self.location
        half = CELLS / 2
        cell = np.floor(half + half * (distance / (self.scale + np.abs(distance))))
        return np.clip(cell, 0, CELLS - 1).astype(int)

    def edges(self) -> Array:
        """(CELLS - 1,) where one cell ends and the next begins."""
        u = np.arange(1, CELLS) * 2 / CELLS - 1
        return np.asarray(u / (1 - np.abs(u)) * self.scale + self.location)

    @classmethod
    def of(cls, sample: Array) -> Grid:
        """A grid for values like these: the median, and half the width of the inner 90 %."""
        finite = sample[np.isfinite(sample)]
        if len(finite) == 0:
            return cls(location=0.0, scale=1.0)
        low, middle, high = (float(value) for value in np.quantile(finite, (0.05, 0.5, 0.95)))
        spread = (high - low) / 2 or float(np.abs(finite - middle).max()) or abs(middle) or 1.0
        return cls(location=middle, scale=spread)
