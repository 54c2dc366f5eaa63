"""Which Arrow types hold numbers, and those numbers as doubles."""

from __future__ import annotations

from typing import TypeVar

import pyarrow as pa

Column = TypeVar("Column", pa.Array, pa.ChunkedArray)


def numeric(kind: pa.DataType) -> bool:
    """Whether a type holds numbers: whole, floating or decimal.

    Example:
        >>> numeric(pa.decimal128(9, 2)), numeric(pa.bool_()), numeric(pa.date32())
        (True, False, False)
    """
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind))


def nearest_doubles(column: Column) -> Column:
    """Numbers as the nearest doubles, missing ones as they were.

    Arrow's own cast misses the nearest double of one decimal in ten by a bit, so that 10.1 would lie below 10.1; SQL
    gives the nearest. A duration is its count of units, which is what Parquet holds and SQL reads.

    Raises:
        pyarrow.ArrowInvalid: where there is no number.
        pyarrow.ArrowNotImplementedError: on a type that holds none.

    Example:
        >>> nearest_doubles(pa.array(["8.19"]).cast(pa.decimal128(9, 2))).to_pylist()
        [8.19]
    """
    if pa.types.is_decimal(column.type):
        column = column.cast(pa.string())
    elif pa.types.is_duration(column.type):
        column = column.cast(pa.int64())
    return column.cast(pa.float64(), safe=False)
