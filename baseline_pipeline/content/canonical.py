"""The one form of a table whose rows are named and digested."""

from __future__ import annotations

from collections import Counter

import pyarrow as pa

from baseline_pipeline.errors import DataUnreadable


def canonical(table: pa.Table) -> pa.Table:
    """The same rows in one form: columns in name order, dictionaries decoded, no schema metadata.

    Large and view strings (binaries) become plain ones, extension types their storage. Other types
    stay: int32 and int64, or timestamps of another unit or zone, are different schemas.

    Raises:
        DataUnreadable: on two columns of one name, and on nested columns.
    """
    refuse_twins(table)
    return pa.table({name: plain(name, table.column(name)) for name in sorted(table.column_names)})


def refuse_twins(table: pa.Table) -> None:
    """Every column has a name of its own.

    Raises:
        DataUnreadable: on two columns of one name.
    """
    twice = [name for name, count in Counter(table.column_names).items() if count > 1]
    if twice:
        message = (
            f"column {twice[0]!r} stands there {table.column_names.count(twice[0])} times; each name is accepted once"
        )
        raise DataUnreadable(message, next_step="rename one of them at the source")


def plain(name: str, column: pa.ChunkedArray) -> pa.ChunkedArray:
    """A column in that form.

    Raises:
        DataUnreadable: on a nested one.
    """
    kind = column.type
    if isinstance(kind, pa.BaseExtensionType):
        return plain(name, pa.chunked_array([chunk.storage for chunk in column.chunks], kind.storage_type))
    if pa.types.is_dictionary(kind):
        return plain(name, column.cast(kind.value_type))
    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return column.cast(pa.string())
    if pa.types.is_large_binary(kind) or pa.types.is_binary_view(kind):
        return column.cast(pa.binary())
    if pa.types.is_nested(kind) or pa.types.is_interval(kind):
        message = f"column {name!r} is {kind}; accepted: numbers, text, booleans, dates, times, binaries"
        raise DataUnreadable(message, next_step="spread it over plain columns at the source, or leave it out")
    return column
