"""A database's result as Arrow columns, a batch at a time."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from baseline_pipeline.errors import DataUnreadable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import CursorResult

BATCH_ROWS = 65_536


def result_table(result: CursorResult[Any]) -> pa.Table:
    """All rows of a result; a column's type follows from its values over all batches.

    Raises:
        DataUnreadable: where two columns share a name, or a column's values share no type.
    """
    names = list(result.keys())
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        message = f"the query returns {names.count(twice[0])} columns named {twice[0]!r}"
        raise DataUnreadable(message, next_step="name each column once, with AS")
    batches = [_batch(names, rows) for rows in result.partitions(BATCH_ROWS)]
    if not batches:
        return pa.table({name: pa.nulls(0) for name in names})
    try:
        table = pa.concat_tables(batches, promote_options="permissive")
    except pa.ArrowException as error:
        message = f"a column of the query changes its type from one batch of rows to another: {error}"
        raise DataUnreadable(message, next_step="CAST the column in the query") from error
    return pa.table({name: _number(table.column(name)) for name in names})


def _batch(names: Sequence[str], rows: Sequence[Any]) -> pa.Table:
    columns = {}
    for name, cells in zip(names, zip(*rows, strict=True), strict=True):
        try:
            columns[name] = pa.array(cells)
        except (pa.ArrowException, OverflowError, TypeError) as error:
            message = f"column {name!r} of the query mixes values that share no type: {error}"
            raise DataUnreadable(message, next_step=f"CAST {name} in the query") from error
    return pa.table(columns)


def _number(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Decimals as integers or doubles: the scale a driver reports would otherwise move with the data."""
    if not pa.types.is_decimal(column.type):
        return column
    whole = pc.all(pc.equal(column, pc.floor(column))).as_py()
    try:
        return column.cast(pa.int64()) if whole else column.cast(pa.float64())
    except pa.ArrowInvalid:  # whole, and beyond 64 bits
        return column.cast(pa.float64())
