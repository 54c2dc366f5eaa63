"""Counting numbers into cells in this process, batch by batch: what SQL counts elsewhere, to the last row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from baseline_pipeline.summaries.arrays import doubles
from baseline_pipeline.summaries.column import NumberSummary
from baseline_pipeline.summaries.grid import CELLS, HALF, Grid

if TYPE_CHECKING:
    import pyarrow as pa

Array = np.ndarray[Any, Any]


class NumberCounter:
    """Counts one column; no array is made anew for a batch of the usual size.

    Args:
        grid: The cells.
    """

    def __init__(self, grid: Grid) -> None:
        self.grid = grid
        self.counts = np.zeros(CELLS + 1, dtype=np.int64)
        self.atoms = np.zeros(len(grid.atoms), dtype=np.int64)
        self.total, self.low, self.high = 0.0, np.inf, -np.inf
        self.nulls = self.infinite = 0

    def add(self, values: pa.Array, room: Room) -> None:
        """Count a batch."""
        if values.null_count:
            self.nulls += values.null_count
            values = values.drop_null()
        x = doubles(values)
        if not len(x):
            return
        low, high = float(x.min()), float(x.max())
        if not np.isfinite(low) or not np.isfinite(high):
            missing = np.isnan(x)
            finite = np.isfinite(x)
            self.nulls += int(missing.sum())
            self.infinite += int(len(x) - finite.sum() - missing.sum())
            x = x[finite]
            if not len(x):
                return
            low, high = float(x.min()), float(x.max())
        self.low, self.high = min(self.low, low), max(self.high, high)
        self.total += float(x.sum())
        self.counts += np.bincount(self._cells(x, room), minlength=CELLS + 1)
        for place, atom in enumerate(self.grid.atoms):
            self.atoms[place] += int(np.count_nonzero(x == atom))

    def _cells(self, x: Array, room: Room) -> Array:
        grid, (z, a, cell) = self.grid, room.of(len(x))
        np.subtract(x, grid.location, z)
        if grid.whole:
            np.floor(z, z)
            np.add(z, HALF, z)
            np.clip(z, 0, CELLS - 1, z)
        else:
            np.abs(z, a)
            np.add(a, grid.scale, a)
            np.divide(z, a, z)
            np.multiply(z, float(HALF), z)
            np.add(z, float(HALF), z)
        np.copyto(cell, z, casting="unsafe")
        return cell

    def summary(self) -> NumberSummary:
        """What was counted so far."""
        counts = self.counts[:CELLS].copy()
        counts[-1] += self.counts[CELLS]
        return NumberSummary(self.grid, counts, self.total, self.atoms, self.nulls, self.infinite, self.low, self.high)


class Room:
    """Arrays that batches are worked on in; one of them for each thread."""

    def __init__(self) -> None:
        self._arrays = (np.empty(0), np.empty(0), np.empty(0, dtype=np.int64))

    def of(self, rows: int) -> tuple[Array, Array, Array]:
        """Two of doubles and one of integers."""
        if rows > len(self._arrays[0]):
            self._arrays = (np.empty(rows), np.empty(rows), np.empty(rows, dtype=np.int64))
        one, two, three = self._arrays
        return one[:rows], two[:rows], three[:rows]


def count_batches(batches: Iterable[pa.RecordBatch], grids: Mapping[str, Grid]) -> dict[str, NumberSummary]:
    """The summaries of columns of numbers."""
    counters = {name: NumberCounter(grid) for name, grid in grids.items()}
    room = Room()
    for batch in batches:
        for name, counter in counters.items():
            counter.add(batch.column(name), room)
    return {name: counter.summary() for name, counter in counters.items()}
