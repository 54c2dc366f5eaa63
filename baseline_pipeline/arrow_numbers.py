"""Which Arrow types hold numbers, or days and times, and those as numbers."""

from __future__ import annotations

from typing import TypeVar

import pyarrow as pa
import pyarrow.compute as pc

Column = TypeVar("Column", pa.Array, pa.ChunkedArray)
MICROSECONDS = 8.64e10
"""Of a day."""
NUMBERS, TEXTS, DAYS_AND_TIMES, HOURS = "numbers", "texts", "days and times", "times of any day"


def numeric(kind: pa.DataType) -> bool:
    """Whether a type holds numbers: whole, floating or decimal.

    Example:
        >>> numeric(pa.decimal128(9, 2)), numeric(pa.bool_()), numeric(pa.date32())
        (True, False, False)
    """
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind))


def there(column: Column) -> Column:
    """Whether each value is there: a NaN is as missing as a null.

    Example:
        >>> there(pa.array([1.0, None, float("nan")])).to_pylist(), there(pa.array(["a", None])).to_pylist()
        ([True, False, False], [True, False])
    """
    return pc.invert(column.is_null(nan_is_null=True))


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


def timed(kind: pa.DataType) -> bool:
    """Whether a type holds days, or times of some day.

    Example:
        >>> timed(pa.date32()), timed(pa.timestamp("ms", "Europe/Rome")), timed(pa.duration("s"))
        (True, True, False)
    """
    return bool(pa.types.is_date(kind) or pa.types.is_timestamp(kind))


def clocked(kind: pa.DataType) -> bool:
    """Whether a type holds times of any day, as a clock shows them.

    Example:
        >>> clocked(pa.time64("us")), clocked(pa.timestamp("us"))
        (True, False)
    """
    return bool(pa.types.is_time(kind))


def measurable(kind: pa.DataType) -> bool:
    """Whether `on_a_line` gives numbers of a type, so that its values lie so far apart.

    Example:
        >>> measurable(pa.int8()), measurable(pa.date32()), measurable(pa.time32("s")), measurable(pa.string())
        (True, True, True, False)
    """
    return numeric(kind) or timed(kind) or clocked(kind)


def family(kind: pa.DataType) -> str:
    """What kind of values a type holds, whatever their width or unit.

    Example:
        >>> family(pa.int8()), family(pa.dictionary(pa.int8(), pa.large_string())), family(pa.date32())
        ('numbers', 'texts', 'days and times')
    """
    if pa.types.is_dictionary(kind):
        return family(kind.value_type)
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return TEXTS
    return NUMBERS if numeric(kind) else DAYS_AND_TIMES if timed(kind) else HOURS if clocked(kind) else str(kind)


def on_a_line(column: Column) -> Column:
    """Days and times as days since 1970 began, hours as parts of their day; every other column as it is.

    A time of a zone is its instant in UTC; one without is taken as it reads. They count to the microsecond, from which
    SQL makes the same doubles.

    Example:
        >>> [on_a_line(pa.array([-64_800_000]).cast(pa.timestamp(unit))).to_pylist() for unit in ("ms", "us")]
        [[-0.75], [-0.00075]]
        >>> on_a_line(pa.array([64_800_000_000]).cast(pa.time64("us"))).to_pylist()
        [0.75]
    """
    if clocked(column.type):
        return _days(column.cast(pa.time64("us"), safe=False))
    if pa.types.is_date(column.type):
        return column.cast(pa.date32()).cast(pa.int32())
    if not pa.types.is_timestamp(column.type):
        return column
    column = column.cast(pa.timestamp(column.type.unit))
    if column.type.unit == "ns":
        column = pc.round_temporal(column, unit="microsecond")
    return _days(column.cast(pa.timestamp("us"), safe=False))


def _days(microseconds: Column) -> Column:
    return pc.divide(microseconds.cast(pa.int64()).cast(pa.float64(), safe=False), MICROSECONDS)
