"""DuckDB: aggregations in this process, out of core, on all cores."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from baseline_pipeline.summaries import sql
from baseline_pipeline.summaries.column import CategorySummary, NumberSummary, Summary
from baseline_pipeline.summaries.grid import CELLS, Grid

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

SAMPLE_ROWS = 65_536


class DuckDbEngine:
    """Summaries of tables and Parquet files.

    Args:
        threads: Cores to use; all of them by default.
    """

    def __init__(self, threads: int | None = None) -> None:
        import duckdb

        self._connection: duckdb.DuckDBPyConnection = duckdb.connect(
            ":memory:", config={"threads": threads} if threads else {}
        )
        self._connection.execute("SET enable_progress_bar = false")

    def grid(self, rows: pa.Table | str, column: str) -> Grid:
        """A grid for the numbers of a column, from its first rows."""
        with self._named(rows) as relation:
            x = f"CAST({sql.double_quoted(column)} AS DOUBLE)"
            found = self._connection.execute(f"SELECT {x} AS x FROM {relation} LIMIT {SAMPLE_ROWS}").fetchnumpy()["x"]  # noqa: S608  # quoted
        return Grid.of(np.ma.filled(np.ma.asarray(found, dtype=float), np.nan))

    def summaries(self, rows: pa.Table | str, grids: Mapping[str, Grid | None]) -> dict[str, Summary]:
        """The summary of every column.

        Args:
            rows: A table, or the path of a Parquet file.
            grids: By column: its grid, or `None` for categories.
        """
        with self._named(rows) as relation:
            return {
                name: self._category(relation, name) if grid is None else self._number(relation, name, grid)
                for name, grid in grids.items()
            }

    def _number(self, relation: str, column: str, grid: Grid) -> NumberSummary:
        found = self._connection.execute(sql.number_cells(relation, column, grid)).fetchnumpy()
        missing, infinite = self._one(sql.number_gaps(relation, column))
        cells = np.asarray(found["cell"], dtype=int)
        counts, totals = np.zeros(CELLS, dtype=np.int64), np.zeros(CELLS)
        counts[cells], totals[cells] = found["n"], found["total"]
        low, high = np.asarray(found["low"], dtype=float), np.asarray(found["high"], dtype=float)
        return NumberSummary(
            grid,
            counts,
            totals,
            int(missing),
            int(infinite),
            float(low.min(initial=np.inf)),
            float(high.max(initial=-np.inf)),
        )

    def _category(self, relation: str, column: str) -> CategorySummary:
        found = dict(self._connection.execute(sql.category_counts(relation, column)).fetchall())
        nulls = int(found.pop(None, 0))
        return CategorySummary({str(value): int(count) for value, count in found.items()}, nulls)

    def _one(self, query: str) -> tuple[Any, ...]:
        row = self._connection.execute(query).fetchone()
        assert row is not None  # noqa: S101  # an aggregation without groups gives one row
        return tuple(row)

    def _named(self, rows: pa.Table | str) -> _Named:
        return _Named(self._connection, rows)


class _Named:
    """A name by which a query can speak of a table or a file while it runs."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, rows: pa.Table | str) -> None:
        self._connection = connection
        self._rows = rows

    def __enter__(self) -> str:
        if isinstance(self._rows, str):
            return "read_parquet('" + self._rows.replace("'", "''") + "')"
        self._connection.register("given_rows", self._rows)
        return "given_rows"

    def __exit__(self, *_: object) -> None:
        if not isinstance(self._rows, str):
            self._connection.unregister("given_rows")
