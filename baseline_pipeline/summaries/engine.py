"""What an engine is asked for, and what is made of its answers: the same for every one of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pyarrow as pa

from baseline_pipeline.arrow_numbers import clocked, on_a_line, timed
from baseline_pipeline.summaries import sql
from baseline_pipeline.summaries.arrays import doubles, integers
from baseline_pipeline.summaries.column import CategorySummary, NumberSummary, Summary
from baseline_pipeline.summaries.grid import CELLS, Grid

if TYPE_CHECKING:
    from pathlib import Path

    from baseline_pipeline.summaries.dialect import Dialect
    from baseline_pipeline.summaries.outcome_plan import OutcomePlan

Array = np.ndarray[Any, Any]

SAMPLE_ROWS = 65_536
"""Rows that set the resolution of grids; whichever they are, counts are exact."""
COARSE = 0.02
"""Share of a column's values in one cell from which a finer grid is looked for."""


Mapped = Callable[[Iterable["pa.RecordBatch"]], Iterator["pa.RecordBatch"]]


class Engine(Protocol):
    """Where aggregations run."""

    @property
    def dialect(self) -> Dialect:
        """How it quotes."""

    def named(self, rows: pa.Table | str) -> AbstractContextManager[str]:
        """A relation that a statement can name: a table, or Parquet files by path or pattern."""

    def schema(self, relation: str) -> pa.Schema:
        """The columns of a relation."""

    def query(self, statement: str) -> pa.Table:
        """What a statement gives."""

    def counted(self, rows: pa.Table | str, grids: Mapping[str, Grid | None]) -> dict[str, Summary]:
        """Summaries of the columns that are counted faster than by SQL; SQL is asked for all others."""

    def counted_outcomes(self, rows: pa.Table | str, plan: OutcomePlan) -> tuple[pa.Table, int] | None:
        """What `outcome_cells` would give, and rows without a label, where they are counted faster than by SQL."""

    def sample(self, rows: pa.Table | str, columns: list[str], *, everywhere: bool = False) -> pa.Table:
        """Some rows, at most `SAMPLE_ROWS`: quickly read ones, or such as are spread evenly over all."""

    def identity(self, rows: str) -> list[object]:
        """What tells files from others of the same name: sizes and times of change."""

    def write_mapped(
        self, rows: str, folder: Path, function: Mapped, schema: pa.Schema, progress: Callable[[str], None]
    ) -> None:
        """Parquet files of what a function makes of batches of rows, in a folder that is there and empty."""


def grids_of(engine: Engine, rows: pa.Table | str, columns: list[str]) -> dict[str, Grid]:
    """A grid for the numbers, days or times of every column, from some of the rows."""
    some = engine.sample(rows, columns) if columns else None
    return {} if some is None else {name: grid_of(some[name]) for name in columns}


def grid_of(column: pa.ChunkedArray) -> Grid:
    """A grid for a column like this, of numbers, days, times or hours."""
    clock = clocked(column.type)
    return Grid.of(doubles(on_a_line(column))).model_copy(update={"days": clock or timed(column.type), "clock": clock})


def column_summaries(
    engine: Engine, rows: pa.Table | str, relation: str, grids: Mapping[str, Grid | None]
) -> dict[str, Summary]:
    """The summary of every column.

    Args:
        engine: Where to count.
        rows: What to count.
        relation: The same, as the engine named it.
        grids: By column: its grid, or `None` for categories.
    """
    counted = engine.counted(rows, grids)
    return {
        name: counted[name] if name in counted else _column(engine, relation, name, grid)
        for name, grid in grids.items()
    }


def sharpened(
    engine: Engine, rows: pa.Table | str, relation: str, columns: Mapping[str, Summary]
) -> dict[str, Summary]:
    """Summaries on finer grids, of the columns whose grids were set by rows unlike the others.

    Where rows lie in order (of time, say, and a column has values only from some day on), the quickly read ones say
    little of the rest, and most values would share a cell.

    Args:
        engine: Where to count.
        rows: What was counted.
        relation: The same, as the engine named it.
        columns: What was counted of them.
    """
    coarse = {name: one for name, one in columns.items() if isinstance(one, NumberSummary) and one.widest() > COARSE}
    if not coarse:
        return {}
    some = engine.sample(rows, list(coarse), everywhere=True)
    grids = {name: grid_of(some[name]) for name in coarse}
    finer: dict[str, Grid | None] = {
        name: grid
        for name, grid in grids.items()
        if NumberSummary.of(grid, doubles(on_a_line(some[name]))).widest() < coarse[name].widest() / 2
    }
    return column_summaries(engine, rows, relation, finer)


def values_within(engine: Engine, relation: str, column: str, grid: Grid, cells: list[int]) -> tuple[Array, Array]:
    """(v,) values that lie in some cells, ascending, and (v,) rows of each."""
    found = engine.query(sql.values_in_cells(relation, column, grid, cells, engine.dialect))
    return doubles(found["value"]), integers(found["n"])


def _column(engine: Engine, relation: str, column: str, grid: Grid | None) -> Summary:
    return _category(engine, relation, column) if grid is None else _number(engine, relation, column, grid)


def _number(engine: Engine, relation: str, column: str, grid: Grid) -> NumberSummary:
    found = engine.query(sql.number_cells(relation, column, grid, engine.dialect))
    cell, rows = (integers(found[name]) for name in ("cell", "n"))
    total, low, high = (doubles(found[name]) for name in ("total", "low", "high"))
    finite = cell >= 0
    place = cell[finite]
    atom = place >= sql.ATOMS
    own = grid.cell(np.array([*grid.atoms, grid.location]))
    places = np.where(atom, own[np.where(atom, place - sql.ATOMS, -1)], np.minimum(place, CELLS - 1))
    counts = np.zeros(CELLS, dtype=np.int64)
    np.add.at(counts, places, rows[finite])
    atoms = np.zeros(len(grid.atoms), dtype=np.int64)
    atoms[place[atom] - sql.ATOMS] = rows[finite][atom]
    return NumberSummary(
        grid,
        counts,
        float(total[finite].sum()),
        atoms,
        int(rows[cell == sql.MISSING].sum()),
        int(rows[cell == sql.INFINITE].sum()),
        float(low[finite].min(initial=np.inf)),
        float(high[finite].max(initial=-np.inf)),
    )


def _category(engine: Engine, relation: str, column: str) -> CategorySummary:
    kind = engine.schema(relation).field(column).type
    found = engine.query(sql.category_counts(relation, column, engine.dialect))
    texts: list[str | None] = found["value"].to_pylist()
    if pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        texts = [None if text is None else _number_text(float(text)) for text in texts]
    counts: dict[str | None, int] = {}
    for text, rows in zip(texts, found["n"].to_pylist(), strict=True):
        counts[text] = counts.get(text, 0) + rows
    nulls = counts.pop(None, 0)
    return CategorySummary({text: rows for text, rows in counts.items() if text is not None}, nulls)


def _number_text(value: float) -> str | None:
    """A number as a category: the same whether it is kept whole, as a decimal or as a float; none for NaN.

    Example:
        >>> _number_text(1.0), _number_text(0.5), _number_text(float("nan"))
        ('1', '0.5', None)
    """
    if np.isnan(value):
        return None
    return str(int(value)) if value.is_integer() else repr(value)
