"""The aggregations that make summaries of columns, as SQL that DuckDB and Spark both speak."""

from __future__ import annotations

from typing import TYPE_CHECKING

from baseline_pipeline.arrow_numbers import MICROSECONDS
from baseline_pipeline.summaries.dialect import STANDARD, Dialect
from baseline_pipeline.summaries.grid import CELLS, HALF, WHOLE

if TYPE_CHECKING:
    from baseline_pipeline.summaries.grid import Grid

MISSING, INFINITE, ATOMS = -1, -2, CELLS + 1
"""Cells that stand for what is no finite number, and for the first atom; `CELLS` is the last one's, rounded up."""


def number_cells(relation: str, column: str, grid: Grid, dialect: Dialect = STANDARD) -> str:
    """Rows of every cell of a column, in one pass: columns cell, n, total, low, high.

    Args:
        relation: Table or sub-query.
        column: Name of a column of numbers, or of days and times.
        grid: Its cells.
        dialect: How the engine quotes.
    """
    atoms = "".join(f"WHEN x = {atom!r} THEN {ATOMS + place} " for place, atom in enumerate(grid.atoms))
    return (
        f"SELECT CASE {atoms}WHEN ABS(x) < CAST('Infinity' AS DOUBLE) THEN {cell_of('x', grid)} "  # noqa: S608  # names are quoted, numbers are ours
        f"WHEN x IS NULL OR isnan(x) THEN {MISSING} ELSE {INFINITE} END AS cell, "
        f"COUNT(*) AS n, SUM(x) AS total, MIN(x) AS low, MAX(x) AS high "
        f"FROM (SELECT {_number(column, grid, dialect)} AS x FROM {relation}) AS one GROUP BY 1"
    )


def _number(column: str, grid: Grid, dialect: Dialect) -> str:
    """A column as a double: days since 1970 began, where its grid counts those."""
    name = dialect.name(column)
    return (
        f"(CAST({dialect.microseconds(name)} AS DOUBLE) / {MICROSECONDS:E})" if grid.days else f"CAST({name} AS DOUBLE)"
    )


def cell_of(x: str, grid: Grid) -> str:
    """The cell of a finite number, as an expression; `CELLS` for what is rounded up to the very end.

    Example:
        >>> from baseline_pipeline.summaries.grid import Grid
        >>> cell_of("x", Grid(location=7.0, scale=1.0))
        'CAST(FLOOR(1920.0 + 1920.0 * ((x - 7.0) / (1.0 + ABS((x - 7.0))))) AS INT)'
    """
    distance = f"({x} - {grid.location!r})"
    half = float(HALF)
    if grid.whole:
        near = f"GREATEST(LEAST({distance}, {WHOLE - 0.5!r}), {-float(WHOLE)!r})"
        return f"CAST(FLOOR({near}) + CEIL({near}) AS INT) + {HALF}"
    return f"CAST(FLOOR({half!r} + {half!r} * ({distance} / ({grid.scale!r} + ABS({distance})))) AS INT)"


def category_counts(relation: str, column: str, dialect: Dialect = STANDARD) -> str:
    """Rows of every value as text: columns value, n; a null value stands for what is missing."""
    return f"SELECT CAST({dialect.name(column)} AS VARCHAR(65535)) AS value, COUNT(*) AS n FROM {relation} GROUP BY 1"  # noqa: S608  # as above


def values_in_cells(relation: str, column: str, grid: Grid, cells: list[int], dialect: Dialect = STANDARD) -> str:
    """Rows of every value that lies in some cells: columns value, n, ascending."""
    listed = ", ".join(map(str, [*cells, CELLS] if CELLS - 1 in cells else cells))
    return (
        f"SELECT x AS value, COUNT(*) AS n FROM (SELECT {_number(column, grid, dialect)} AS x "  # noqa: S608  # as above
        f"FROM {relation}) AS one WHERE x IS NOT NULL AND NOT isnan(x) AND ABS(x) < CAST('Infinity' AS DOUBLE) "
        f"AND {cell_of('x', grid)} IN ({listed}) GROUP BY 1 ORDER BY 1"
    )
