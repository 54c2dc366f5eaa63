"""What is kept of a column, and how two parts of it add up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from baseline_pipeline.summaries.grid import CELLS, Grid

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class NumberSummary:
    """A column of numbers.

    Attributes:
        grid: Where the cells are; two summaries add up only on the same one.
        counts: (CELLS,) finite values in each cell.
        total: Their sum.
        atoms: (k,) rows of each of the grid's atoms; their cells count them too.
        nulls: Missing values, NaN included.
        infinite: Values that are plus or minus infinity.
        low: Smallest finite value; infinity where there is none.
        high: Largest finite value; minus infinity where there is none.
    """

    grid: Grid
    counts: Array
    total: float
    atoms: Array
    nulls: int
    infinite: int
    low: float
    high: float

    @property
    def rows(self) -> int:
        """All rows."""
        return int(self.counts.sum()) + self.nulls + self.infinite

    def widest(self) -> float:
        """The largest share of the values that is in one cell, and may be different ones.

        Example:
            >>> NumberSummary.of(Grid(location=0.0, scale=1.0, atoms=(7.0,)), np.array([7.0, 7.0, 1.0, 1e9])).widest()
            0.25
        """
        loose = np.where(self.grid.single(), 0, self.counts)
        np.subtract.at(loose, self.grid.cell(np.array(self.grid.atoms)), self.atoms)
        return float(loose.max(initial=0) / max(int(self.counts.sum()), 1))

    def merged(self, other: NumberSummary) -> NumberSummary:
        """Both parts together.

        Raises:
            ValueError: on another grid.
        """
        if self.grid != other.grid:
            message = f"summaries on different grids do not add up: {self.grid} and {other.grid}"
            raise ValueError(message)
        return NumberSummary(
            self.grid,
            self.counts + other.counts,
            self.total + other.total,
            self.atoms + other.atoms,
            self.nulls + other.nulls,
            self.infinite + other.infinite,
            min(self.low, other.low),
            max(self.high, other.high),
        )

    @classmethod
    def of(cls, grid: Grid, values: Array) -> NumberSummary:
        """Of (n,) values, by numpy; NaN is missing.

        Example:
            >>> NumberSummary.of(Grid(location=0.0, scale=1.0), np.array([1.0, np.nan, np.inf])).rows
            3
        """
        finite = values[np.isfinite(values)]
        cells = grid.cell(finite)
        return cls(
            grid,
            np.bincount(cells, minlength=CELLS),
            float(finite.sum()),
            np.array([int((finite == atom).sum()) for atom in grid.atoms], dtype=np.int64),
            int(np.isnan(values).sum()),
            int(np.isinf(values).sum()),
            float(finite.min(initial=np.inf)),
            float(finite.max(initial=-np.inf)),
        )


@dataclass(frozen=True)
class CategorySummary:
    """A column of categories.

    Attributes:
        counts: Rows of each value.
        nulls: Missing values.
    """

    counts: dict[str, int]
    nulls: int

    @property
    def rows(self) -> int:
        """All rows."""
        return sum(self.counts.values()) + self.nulls

    def merged(self, other: CategorySummary) -> CategorySummary:
        """Both parts together."""
        counts = dict(self.counts)
        for value, count in other.counts.items():
            counts[value] = counts.get(value, 0) + count
        return CategorySummary(counts, self.nulls + other.nulls)


Summary = NumberSummary | CategorySummary
