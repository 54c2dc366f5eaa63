"""The aggregations that make summaries, as SQL that DuckDB and Spark both speak."""

from __future__ import annotations

from typing import TYPE_CHECKING

from baseline_pipeline.summaries.grid import CELLS

if TYPE_CHECKING:
    from collections.abc import Callable

    from baseline_pipeline.summaries.grid import Grid


def double_quoted(name: str) -> str:
    """A column's name as standard SQL quotes it.

    Example:
        >>> double_quoted('a"b')
        '"a""b"'
    """
    return '"' + name.replace('"', '""') + '"'


def number_cells(relation: str, column: str, grid: Grid, quote: Callable[[str], str] = double_quoted) -> str:
    """Rows and sum of every cell that holds finite values: columns cell, n, total, low, high.

    Args:
        relation: Table or sub-query.
        column: Name of a numeric column.
        grid: Its cells.
        quote: How the engine quotes names.
    """
    half = CELLS / 2
    x = f"CAST({quote(column)} AS DOUBLE)"
    distance = f"(x - {grid.location!r})"
    cell = f"FLOOR({half!r} + {half!r} * ({distance} / ({grid.scale!r} + ABS({distance}))))"
    return (
        f"SELECT CAST(GREATEST(LEAST({cell}, {CELLS - 1}), 0) AS INT) AS cell, COUNT(*) AS n, SUM(x) AS total, "  # noqa: S608  # names are quoted, numbers are ours
        f"MIN(x) AS low, MAX(x) AS high FROM (SELECT {x} AS x FROM {relation}) AS one "
        "WHERE x IS NOT NULL AND NOT isnan(x) AND ABS(x) < CAST('Infinity' AS DOUBLE) GROUP BY 1"
    )


def number_gaps(relation: str, column: str, quote: Callable[[str], str] = double_quoted) -> str:
    """One row: how many values are missing (NaN included), and how many infinite."""
    x = f"CAST({quote(column)} AS DOUBLE)"
    return (
        "SELECT COALESCE(SUM(CASE WHEN x IS NULL OR isnan(x) THEN 1 ELSE 0 END), 0) AS missing, "  # noqa: S608  # as above
        "COALESCE(SUM(CASE WHEN NOT isnan(x) AND ABS(x) = CAST('Infinity' AS DOUBLE) THEN 1 ELSE 0 END), 0) "
        f"AS infinite FROM (SELECT {x} AS x FROM {relation}) AS one"
    )


def category_counts(relation: str, column: str, quote: Callable[[str], str] = double_quoted) -> str:
    """Rows of every value as text: columns value, n; a null value stands for what is missing."""
    return f"SELECT CAST({quote(column)} AS VARCHAR(65535)) AS value, COUNT(*) AS n FROM {relation} GROUP BY 1"  # noqa: S608  # as above
