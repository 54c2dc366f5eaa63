"""A name for each row, and the order of the names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from baseline_pipeline.content.canonical import plain
from baseline_pipeline.content.times import iso_times
from baseline_pipeline.errors import DataUnreadable

if TYPE_CHECKING:
    from collections.abc import Sequence


def row_names(table: pa.Table, row_id: Sequence[str]) -> pa.Array:
    r"""A text per row that names it: the row id's columns joined by `|`; null where a part is null.

    Integers and decimals are written out, dates and timestamps as ISO 8601 (UTC; naive ones are
    taken as UTC), `|` and `\` within a text behind a `\`: different row ids never share a name.

    Raises:
        DataUnreadable: where a column is absent, or of a type that does not name things (floats).

    Example:
        >>> row_names(pa.table({"day": ["a|b", "c"], "n": [7, 8]}), ["day", "n"]).to_pylist()
        ['a\\|b|7', 'c|8']
    """
    absent = [name for name in row_id if name not in table.column_names]
    if absent:
        message = f"row id column {absent[0]!r} is absent; columns: {', '.join(table.column_names)}"
        raise DataUnreadable(message, next_step="correct data.row_id in the contract")
    parts = [_part(name, plain(name, table.column(name))) for name in row_id]
    names = pc.binary_join_element_wise(*parts, "|") if len(parts) > 1 else parts[0]
    return pa.concat_arrays(names.chunks) if names.num_chunks else pa.array([], pa.string())


def _part(name: str, column: pa.ChunkedArray) -> pa.ChunkedArray:
    kind = column.type
    if pa.types.is_string(kind):
        return pc.replace_substring(pc.replace_substring(column, "\\", "\\\\"), "|", "\\|")
    if pa.types.is_date(kind) or pa.types.is_timestamp(kind):
        return iso_times(column)
    if not (
        pa.types.is_integer(kind) or pa.types.is_boolean(kind) or pa.types.is_decimal(kind) or pa.types.is_null(kind)
    ):
        message = f"row id column {name!r} is {kind}; accepted: integers, text, dates, timestamps, booleans, decimals"
        raise DataUnreadable(message, next_step="name another column in data.row_id, or cast it at the source")
    return column.cast(pa.string())


def sort_by_row_id(table: pa.Table, row_id: Sequence[str], describe: str, time: str | None = None) -> pa.Table:
    """The rows in ascending order of their names' bytes (see `row_names`).

    Args:
        table: n rows.
        row_id: The columns that name a row.
        describe: What to call the rows in errors, for example `parquet data/flights.parquet`.
        time: The column that says when a row was; an error names the span of the rows that are repeated.

    Raises:
        DataUnreadable: where a row id column is absent, or row ids are null or not unique; with how
            many, an example, and the next step.
    """
    names = row_names(table, row_id)
    shown = ", ".join(row_id)
    if names.null_count:
        first = int(np.flatnonzero(names.is_null())[0])
        example = table.select(row_id).slice(first, 1).to_pylist()[0]
        message = (
            f"{describe}: {names.null_count} of {len(names)} rows have no row id ({shown}); the first one: {example}"
        )
        raise DataUnreadable(message, next_step="drop or repair these rows at the source, or correct data.row_id")
    order = pc.sort_indices(names)
    ordered = names.take(order)
    again = pc.equal(ordered[1:], ordered[:-1]) if len(ordered) > 1 else pa.array([], pa.bool_())
    if pc.any(again).as_py():
        example, count = ordered[1:].filter(again)[0].as_py(), pc.sum(again).as_py()
        message = (
            f"{describe}: {count} of {len(names)} rows repeat the row id ({shown}) of another row; "
            f"one of them: {example!r}{_span(table.take(order[1:].filter(again)), time)}"
        )
        next_step = "remove the duplicates, or add a column to data.row_id that tells them apart"
        raise DataUnreadable(message, next_step=next_step)
    return table.take(order)


def _span(rows: pa.Table, time: str | None) -> str:
    """From when to when some rows are, in words."""
    if time is None or time not in rows.column_names:
        return ""
    ends = pc.min_max(rows.column(time)).as_py()
    if ends["min"] is None:
        return ""
    return f"; they are of {ends['min']}" + (f" to {ends['max']}" if ends["max"] != ends["min"] else "")
