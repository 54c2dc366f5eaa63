"""Lengths of texts, where a slice is to be made of them."""

from __future__ import annotations

import ast

import pyarrow as pa
import pyarrow.compute as pc

from baseline_pipeline.expression.reading import measured


def length_of(axis: str) -> str | None:
    """The column whose texts' lengths are meant, where a slice is to be made of lengths.

    Example:
        >>> length_of("length(comment)"), length_of("length(column('odd name'))"), length_of("comment")
        ('comment', 'odd name', None)
    """
    if not axis.startswith("length("):
        return None
    try:
        return measured(ast.parse(axis, mode="eval").body)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def values_of(table: pa.Table, axis: str) -> pa.ChunkedArray:
    """A column, or the lengths of one's texts; a missing text has none.

    Raises:
        ValueError: when lengths of something else are asked for.
    """
    column = length_of(axis)
    if column is None:
        return table.column(axis)
    kind = table.column(column).type
    if not (pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_dictionary(kind)):
        message = f"slice {axis!r}: column {column!r} is {kind}; accepted: text"
        raise ValueError(message)
    return pc.utf8_length(table.column(column).cast(pa.string()))
