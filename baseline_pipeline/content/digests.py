"""Digests of a table, in order and in any order, and of each row by itself."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from baseline_pipeline.content.canonical import canonical, plain
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
        state = _mix(state ^ _mix(_cells(plain(name, table.column(name))) + key))
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
