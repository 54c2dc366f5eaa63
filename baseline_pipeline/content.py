"""Rows as content: one canonical form, one order, names, and digests that any machine agrees on."""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from baseline_pipeline.errors import DataUnreadable
from baseline_pipeline.records import Digest, digest_of

if TYPE_CHECKING:
    from collections.abc import Sequence

Words = np.ndarray[Any, np.dtype[np.uint64]]
"""(n,) unsigned 64-bit integers."""

NULL, NAN = np.uint64(0x6E756C6C), np.uint64(0x6E616E)
WHOLE, NEGATIVE, FRACTION, TIME = (np.uint64(tag) for tag in (1, 2, 3, 4))
INT64_END = 2.0**63
PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
SECONDS_A_DAY = 86_400


def canonical(table: pa.Table) -> pa.Table:
    """The same rows in one form: columns in name order, dictionaries decoded, no schema metadata.

    Large and view strings (binaries) become plain ones, extension types their storage. Other types
    stay: int32 and int64, or timestamps of another unit or zone, are different schemas.

    Raises:
        DataUnreadable: on two columns of one name, and on nested columns.
    """
    refuse_twins(table)
    return pa.table({name: _plain(name, table.column(name)) for name in sorted(table.column_names)})


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


def _plain(name: str, column: pa.ChunkedArray) -> pa.ChunkedArray:
    kind = column.type
    if isinstance(kind, pa.BaseExtensionType):
        return _plain(name, pa.chunked_array([chunk.storage for chunk in column.chunks], kind.storage_type))
    if pa.types.is_dictionary(kind):
        return _plain(name, column.cast(kind.value_type))
    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return column.cast(pa.string())
    if pa.types.is_large_binary(kind) or pa.types.is_binary_view(kind):
        return column.cast(pa.binary())
    if pa.types.is_nested(kind) or pa.types.is_interval(kind):
        message = f"column {name!r} is {kind}; accepted: numbers, text, booleans, dates, times, binaries"
        raise DataUnreadable(message, next_step="spread it over plain columns at the source, or leave it out")
    return column


def content_digest(table: pa.Table) -> Digest:
    """SHA-256 of a table's rows in their order, whatever the columns' order, chunks and encoding.

    A column counts with its name, its canonical type (see `canonical`), the positions of its nulls
    and its values. All NaNs are one value, which is not null; -0.0 is 0.0.

    Raises:
        DataUnreadable: see `canonical`.

    Example:
        >>> a = pa.table({"x": [1, None], "y": ["p", "q"]})
        >>> b = pa.table({"y": pa.array(["p", "q"]).dictionary_encode(), "x": [1, None]})
        >>> content_digest(a) == content_digest(b)
        True
        >>> content_digest(a)[:12]
        'bac101d41d9f'
    """
    plain = canonical(table)
    columns = [_column_digests(name, plain.column(name)) for name in plain.column_names]
    return digest_of({"rows": plain.num_rows, "columns": columns})


def _column_digests(name: str, column: pa.ChunkedArray) -> dict[str, str]:
    nulls, lengths, values = hashlib.sha256(), hashlib.sha256(), hashlib.sha256()
    start = 0
    for chunk in column.chunks:
        nulls.update((np.flatnonzero(chunk.is_null()) + start).astype("<i8").tobytes())
        present = chunk.drop_null()
        if pa.types.is_string(column.type) or pa.types.is_binary(column.type):
            lengths.update(pc.binary_length(present).to_numpy().astype("<i8").tobytes())
        values.update(_value_bytes(present))
        start += len(chunk)
    digests = {"nulls": nulls.hexdigest(), "lengths": lengths.hexdigest(), "values": values.hexdigest()}
    return {"name": name, "type": str(column.type), **digests}


def _value_bytes(values: pa.Array) -> bytes | memoryview[int]:
    """The values' bytes, one after the other; nulls are left out before."""
    kind = values.type
    if len(values) == 0 or pa.types.is_null(kind):
        return b""
    if pa.types.is_boolean(kind):
        return bytes(values.to_numpy(zero_copy_only=False))
    if pa.types.is_floating(kind):
        numbers = values.to_numpy() + np.zeros((), dtype=kind.to_pandas_dtype())  # turns -0.0 into 0.0
        numbers[np.isnan(numbers)] = np.nan
        return bytes(numbers.astype(numbers.dtype.newbyteorder("<")))
    first, last = values.offset, values.offset + len(values)
    if pa.types.is_string(kind) or pa.types.is_binary(kind):
        ends = np.frombuffer(values.buffers()[1], dtype=np.int32)
        return memoryview(values.buffers()[2] or b"")[ends[first] : ends[last]]
    width = kind.bit_width // 8
    return memoryview(values.buffers()[1])[first * width : last * width]


def rows_digest(table: pa.Table) -> Digest:
    """SHA-256 of a table's rows in any order: schema, and the sorted contents of the rows.

    Raises:
        DataUnreadable: see `canonical`.
    """
    plain = canonical(table)
    schema = [[field.name, str(field.type)] for field in plain.schema]
    contents = np.sort(row_contents(plain, plain.column_names)).astype("<u8")
    return digest_of({"schema": schema, "rows": hashlib.sha256(contents.tobytes()).hexdigest()})


def row_contents(table: pa.Table, columns: Sequence[str]) -> Words:
    """A 64-bit digest of each row's cells in the columns given; (n,) uint64, in the table's order.

    Depends on the row's values and the columns' names and order only, so that equal rows of two
    tables are found by comparing integers. Numbers count by value (5, 5.0 and, for booleans, 1 and
    true agree); null and NaN each have their own.

    Source: mixing by splitmix64, Steele, Lea and Flood (2014), Fast splittable pseudorandom number
    generators; texts by BLAKE2b, once per distinct value.

    Example:
        >>> before, after = pa.table({"x": [5, 6, 7]}), pa.table({"x": [5.0, None, 7.0]})
        >>> (row_contents(before, ["x"]) != row_contents(after, ["x"])).tolist()
        [False, True, False]
    """
    state: Words = np.zeros(table.num_rows, dtype=np.uint64)
    for name in columns:
        key = np.frombuffer(_text_word(name.encode()), dtype="<u8").astype(np.uint64)
        state = _mix(state ^ _mix(_cells(_plain(name, table.column(name))) + key))
    return state


def _mix(words: Words) -> Words:
    """The finaliser of splitmix64; uint64 arithmetic wraps around."""
    words = words + np.uint64(0x9E3779B97F4A7C15)
    words = (words ^ (words >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    words = (words ^ (words >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return words ^ (words >> np.uint64(31))


def _text_word(text: bytes) -> bytes:
    return hashlib.blake2b(text, digest_size=8).digest()


def _cells(column: pa.ChunkedArray) -> Words:
    kind = column.type
    cells: Words = np.full(len(column), _mix(np.full(1, NULL))[0])
    present = column.drop_null()
    if len(present):
        cells[pc.is_valid(column).to_numpy()] = _present_cells(present, kind)
    return cells


def _present_cells(values: pa.ChunkedArray, kind: pa.DataType) -> Words:
    if pa.types.is_boolean(kind) or pa.types.is_integer(kind):
        return _whole(values.to_numpy())
    if pa.types.is_floating(kind):
        return _real(values.to_numpy().astype(np.float64))
    if pa.types.is_temporal(kind):
        return _instant(values, kind)
    texts = values.cast(pa.large_string() if pa.types.is_decimal(kind) else pa.large_binary())
    codes = pa.concat_arrays(texts.chunks).dictionary_encode()
    words = b"".join(_text_word(text) for text in codes.dictionary.cast(pa.large_binary()).to_pylist())
    cells: Words = np.frombuffer(words, dtype="<u8").astype(np.uint64)[codes.indices.to_numpy()]
    return cells


def _whole(values: np.ndarray[Any, Any]) -> Words:
    return _mix(values.astype(np.uint64) ^ _mix(np.where(values < 0, NEGATIVE, WHOLE)))


def _real(values: np.ndarray[Any, Any]) -> Words:
    whole = np.abs(values) < INT64_END
    whole[whole] = values[whole] == np.floor(values[whole])
    cells = _mix(values.view(np.uint64) ^ _mix(np.full(len(values), FRACTION)))
    cells[whole] = _whole(values[whole].astype(np.int64))
    cells[np.isnan(values)] = _mix(np.full(1, NAN))[0]
    return cells


def _instant(values: pa.ChunkedArray, kind: pa.DataType) -> Words:
    """Whole seconds and nanoseconds, whatever the unit; a date is its midnight, a naive time is UTC."""
    width = pa.int32() if kind.bit_width == 32 else pa.int64()  # noqa: PLR2004  # bits
    ticks = np.concatenate([chunk.view(width).to_numpy() for chunk in values.chunks]).astype(np.int64)
    if pa.types.is_date32(kind):
        ticks, rate = ticks * SECONDS_A_DAY, 1
    else:
        rate = PER_SECOND["ms" if pa.types.is_date64(kind) else kind.unit]
    seconds, rest = np.divmod(ticks, rate)
    tag = _mix(np.full(len(ticks), TIME))
    return _mix(_mix(seconds.astype(np.uint64) ^ tag) + (rest * (PER_SECOND["ns"] // rate)).astype(np.uint64))


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
    parts = [_part(name, _plain(name, table.column(name))) for name in row_id]
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


def sort_by_row_id(table: pa.Table, row_id: Sequence[str], describe: str) -> pa.Table:
    """The rows in ascending order of their names' bytes (see `row_names`).

    Args:
        table: n rows.
        row_id: The columns that name a row.
        describe: What to call the rows in errors, for example `parquet data/flights.parquet`.

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
            f"one of them: {example!r}"
        )
        next_step = "remove the duplicates, or add a column to data.row_id that tells them apart"
        raise DataUnreadable(message, next_step=next_step)
    return table.take(order)
