"""A fixed monotone map from numbers to cells."""

from __future__ import annotations

from typing import Any

import numpy as np

from baseline_pipeline.records import Record

Array = np.ndarray[Any, Any]
CELLS = 3840
"""Cells of a grid; a multiple of the 15 bins that calibration is drawn in."""
HALF = CELLS // 2
WHOLE = HALF // 2
"""Whole numbers to either side of the location that have a cell each."""
FARTHEST = 1e290
"""Locations and scales lie within: no finite number is so far from there that the distance overflows."""
MAX_ATOMS = 8
HEAVY = 0.005
"""Share of the rows from which a single value is counted by itself."""


class Grid(Record):
    """Cells over the whole line, fine around a location and coarse far out.

    u = (x - location) / (scale + |x - location|) lies between -1 and 1, and cell floor(K/2 + K/2 u), held
    within 0 and K - 1, is that of x. Whole numbers that lie close together have a cell each, and so has what lies
    between two of them: floor(d) + ceil(d) + K/2, where d = x - location held within -K/4 and K/4 - 1/2.
    Only + - * / abs, floor and ceil are used, which every engine rounds alike: numpy, DuckDB and Spark
    count the same to the last row. Any location and scale are correct; they set the resolution.

    Attributes:
        location: Where cells are finest.
        scale: How far from there half of the cells reach.
        whole: Whether every whole number has a cell of its own.
        atoms: Single values so frequent that they are counted by themselves as well.
        days: Whether its numbers are days since 1970 began, of a column of days or times.
        clock: Whether they are parts of any day, of a column of hours.
    """

    location: float
    scale: float
    whole: bool = False
    atoms: tuple[float, ...] = ()
    days: bool = False
    clock: bool = False

    def cell(self, values: Array) -> Array:
        """(n,) cell of each finite value, from 0.

        Example:
            >>> Grid(location=0.0, scale=1.0).cell(np.array([-1e9, 0.0, 1.0, 1e9])).tolist()
            [0, 1920, 2880, 3839]
            >>> Grid(location=7.0, scale=1.0, whole=True).cell(np.array([6, 7, 8, 10**9])).tolist()
            [1918, 1920, 1922, 3839]
        """
        distance = values - self.location
        if self.whole:
            near = np.clip(distance, -WHOLE, WHOLE - 0.5)
            cell = np.floor(near) + np.ceil(near) + HALF
        else:
            cell = np.floor(HALF + HALF * (distance / (self.scale + np.abs(distance))))
        return np.asarray(np.clip(cell, 0, CELLS - 1).astype(int))

    def edges(self) -> Array:
        """(CELLS - 1,) where one cell ends and the next begins."""
        if self.whole:
            return np.asarray(np.ceil((np.arange(CELLS - 1) - HALF) / 2) + self.location)
        u = np.arange(1, CELLS) * 2 / CELLS - 1
        return np.asarray(u / (1 - np.abs(u)) * self.scale + self.location)

    def single(self) -> Array:
        """(CELLS,) whether no two values can share a cell: those of whole numbers, but for the outermost one."""
        place = np.arange(CELLS)
        return np.asarray(self.whole & (place % 2 == 0) & (place > 0))

    @classmethod
    def of(cls, sample: Array) -> Grid:
        """A grid for values like these: the median, and half the width of the inner 90 %.

        Example:
            >>> Grid.of(np.array([0, 3, 5])).whole, Grid.of(np.array([0.0, 0.0, 5.5])).atoms
            (True, (0.0,))
        """
        finite = sample[np.isfinite(sample)].astype(float)  # a copy
        if len(finite) == 0:
            return cls(location=0.0, scale=1.0)
        finite.sort()
        near = np.clip(finite, -FARTHEST, FARTHEST)
        low, middle, high = (float(value) for value in _quantiles(near, (0.05, 0.5, 0.95)))
        spread = (high - low) / 2 or float(np.abs(near - middle).max()) or abs(middle) or 1.0
        if float(near[-1]) - float(near[0]) < WHOLE and (finite == np.floor(finite)).all():
            return cls(location=float(np.floor(middle)), scale=spread, whole=True)
        return cls(location=middle, scale=spread, atoms=_atoms(finite))


def _quantiles(ascending: Array, shares: tuple[float, ...]) -> Array:
    """By linear interpolation between neighbours (Hyndman & Fan 1996, type 7)."""
    place = np.array(shares) * (len(ascending) - 1)
    below = np.floor(place).astype(int)
    above = np.minimum(below + 1, len(ascending) - 1)
    return np.asarray(ascending[below] + (ascending[above] - ascending[below]) * (place - below))


def _atoms(ascending: Array) -> tuple[float, ...]:
    first = np.flatnonzero(np.concatenate([[True], ascending[1:] != ascending[:-1]]))
    counts = np.diff(first, append=len(ascending))
    heavy = np.flatnonzero((counts > HEAVY * len(ascending)) & (counts > 1))
    chosen = heavy[np.argsort(-counts[heavy], kind="stable")][:MAX_ATOMS]
    return tuple(float(value) + 0.0 for value in np.sort(ascending[first[chosen]]))
