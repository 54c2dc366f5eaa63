"""Counting columns in this process, batch by batch: what SQL counts elsewhere, to the last row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from baseline_pipeline.arrow_numbers import on_a_line
from baseline_pipeline.summaries.arrays import doubles_there, integers, rows_of_close
from baseline_pipeline.summaries.column import CategorySummary, NumberSummary
from baseline_pipeline.summaries.grid import CELLS, HALF, WHOLE, Grid

if TYPE_CHECKING:
    import pyarrow as pa

    from baseline_pipeline.summaries.column import Summary

Array = np.ndarray[Any, Any]
MOST_VALUES = 10_000
"""A column with more categories in one batch is left to SQL, which hashes them faster than a dict does."""


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
        values = on_a_line(values)
        self.nulls += values.null_count
        close = rows_of_close(values)
        if close is not None:
            self._add_rows(close[0].astype(float), close[1])
            return
        x = doubles_there(values)
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
        with np.errstate(over="ignore", invalid="ignore"):  # a sum can be beyond all numbers; counts are not
            self.total += float(x.sum())
        self.counts += np.bincount(self._cells(x, room), minlength=CELLS + 1)
        for place, atom in enumerate(self.grid.atoms):
            self.atoms[place] += int(np.count_nonzero(x == atom))

    def _add_rows(self, x: Array, rows: Array) -> None:
        """Count a few values, ascending, of which there are so many rows each."""
        self.low, self.high = min(self.low, float(x[0])), max(self.high, float(x[-1]))
        self.total += float((x * rows).sum())
        np.add.at(self.counts, self.grid.cell(x), rows)
        for place, atom in enumerate(self.grid.atoms):
            self.atoms[place] += int(rows[x == atom].sum())

    def _cells(self, x: Array, room: Room) -> Array:
        grid, (z, a, cell) = self.grid, room.of(len(x))
        np.subtract(x, grid.location, z)
        if grid.whole:
            np.clip(z, -WHOLE, WHOLE - 0.5, z)
            np.ceil(z, a)
            np.floor(z, z)
            np.add(z, a, z)
            np.add(z, HALF, z)
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


class CategoryCounter:
    """Counts one column of texts, whole numbers or truth values by value.

    Attributes:
        left: Whether there are so many values that the column is left to SQL.
    """

    def __init__(self) -> None:
        self.left = False
        self._nulls = 0
        self._counts: dict[str, int] = {}
        self._dictionary: pa.Array | None = None
        self._rows = np.zeros(0, dtype=np.int64)

    def add(self, values: pa.Array) -> None:
        """Count a batch; rows are kept by dictionary for as long as batches share one."""
        if self.left:
            return
        close = rows_of_close(values)
        if close is not None:
            self._count(close[0].astype(str).tolist(), close[1])
            return
        encoded = values.dictionary_encode()
        dictionary, code = encoded.dictionary, encoded.indices
        if len(dictionary) > MOST_VALUES:
            self.left = True
            return
        if self._dictionary is None or not dictionary.equals(self._dictionary):
            self._settle()
            self._dictionary, self._rows = dictionary, np.zeros(len(dictionary), dtype=np.int64)
        self._nulls += code.null_count
        self._rows += np.bincount(integers(code.drop_null() if code.null_count else code), minlength=len(dictionary))

    def _settle(self) -> None:
        if self._dictionary is None:
            return
        self._count(self._dictionary.cast("string").to_pylist(), self._rows)
        self._dictionary = None

    def _count(self, names: list[str | None], rows: Array) -> None:
        for name, count in zip(names, rows.tolist(), strict=True):
            if count and name is not None:
                self._counts[name] = self._counts.get(name, 0) + count
            self._nulls += count if name is None else 0

    def summary(self) -> CategorySummary:
        """What was counted so far."""
        self._settle()
        return CategorySummary(dict(self._counts), self._nulls)


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


def count_batches(batches: Iterable[pa.RecordBatch], grids: Mapping[str, Grid | None]) -> dict[str, Summary]:
    """The summaries of columns; of those with too many categories there is none.

    Args:
        batches: The rows.
        grids: By column: its grid, or `None` for categories.
    """
    numbers = {name: NumberCounter(grid) for name, grid in grids.items() if grid is not None}
    categories = {name: CategoryCounter() for name, grid in grids.items() if grid is None}
    room = Room()
    for batch in batches:
        for name, column in zip(batch.schema.names, batch.columns, strict=True):
            if name in numbers:
                numbers[name].add(column, room)
            else:
                categories[name].add(column)
    found: dict[str, Summary] = {name: number.summary() for name, number in numbers.items()}
    return found | {name: category.summary() for name, category in categories.items() if not category.left}
