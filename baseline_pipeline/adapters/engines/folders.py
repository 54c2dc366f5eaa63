"""Columns that stand in the names of folders, as in `year=2026/rows.parquet`: engines see them, files hold none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from baseline_pipeline.adapters.engines.parquet_files import columns_in_files, sampled
from baseline_pipeline.summaries.arrays import integers, positions
from baseline_pipeline.summaries.engine import SAMPLE_ROWS

if TYPE_CHECKING:
    from baseline_pipeline.summaries.engine import Engine


def sampled_with_folders(
    engine: Engine, rows: pa.Table | str, columns: list[str], *, everywhere: bool = False
) -> pa.Table:
    """Some rows from everywhere; values of folders in the shares that rows have them.

    Args:
        engine: Which sees both.
        rows: A table, or files that this machine sees.
        columns: Of either kind.
        everywhere: Whether rows are evenly spread, for which all are read.
    """
    held = [name for name in columns if isinstance(rows, pa.Table) or name in columns_in_files(rows)]
    if len(held) == len(columns):
        return sampled(rows, columns, everywhere=everywhere)
    found = dict(zip(held, sampled(rows, held, everywhere=everywhere).columns, strict=True)) if held else {}
    count = len(found[held[0]]) if held else SAMPLE_ROWS
    return pa.table({name: found[name] if name in held else _spread(engine, rows, name, count) for name in columns})


def _spread(engine: Engine, rows: pa.Table | str, column: str, count: int) -> pa.ChunkedArray:
    """Values of a column in order, so many of them, each in the share that rows have it."""
    with engine.named(rows) as relation:
        statement = (
            f"SELECT {engine.dialect.name(column)} AS value, COUNT(*) AS n FROM {relation} GROUP BY 1 ORDER BY 1"  # noqa: S608  # quoted, and named by us
        )
        found = engine.query(statement)
    ends = np.cumsum(integers(found["n"]))
    if not len(ends):
        return found["value"]
    place = np.searchsorted(ends, (np.arange(count) + 0.5) * (ends[-1] / count), side="right")
    return found["value"].take(positions(place))
