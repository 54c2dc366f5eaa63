"""Columns of times: as text, and as instants."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc


def iso_times(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Dates as `2013-01-31`, timestamps as `2013-01-31T10:00:00.5Z`: UTC, as many decimals as needed."""
    kind = column.type
    if pa.types.is_date(kind):
        return column.cast(pa.date32()).cast(pa.string())
    clock = pc.strftime(column.cast(pa.timestamp(kind.unit)), format="%Y-%m-%dT%H:%M:%S")
    short = clock if kind.unit == "s" else pc.utf8_rtrim(pc.utf8_rtrim(clock, "0"), ".")
    return pc.binary_join_element_wise(short, "Z", "")


def instants_of(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Dates, timestamps and ISO 8601 text as instants in UTC; what names no zone is UTC, cell by cell.

    Raises:
        pa.ArrowException: where a text is no ISO 8601, or numbers stand there, which have no unit of time.

    Example:
        >>> instants_of(pa.chunked_array([["2026-03-01T09:00:00+09:00", "2026-03-01"]])).to_numpy()
        array(['2026-03-01T00:00:00.000000', '2026-03-01T00:00:00.000000'],
              dtype='datetime64[us]')
    """
    kind, instant = column.type, pa.timestamp("us", "UTC")
    if pa.types.is_string(kind):
        column = pc.replace_substring_regex(column, r"(\.\d{6})\d+", r"\1")
        zoned = pc.match_substring_regex(column, r":\d\d.*(Z|[+-]\d\d(:?\d\d)?)$")
        plain = pc.if_else(zoned, None, column).cast(pa.timestamp("us")).cast(instant)
        return pc.coalesce(pc.if_else(zoned, column, None).cast(instant), plain)
    if not (pa.types.is_date(kind) or pa.types.is_timestamp(kind) or pa.types.is_null(kind)):
        message = f"{kind} is no time"
        raise pa.ArrowTypeError(message)
    return column.cast(instant, safe=False)
