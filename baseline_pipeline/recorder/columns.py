"""Rows as Arrow columns, and several tables as one whose columns have one type each.

Arrays are built from buffers: `pa.array` imports pandas where it is installed, which would cost the service some
50 MB. Only lists within lists, dates and decimals still go that way.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
import pyarrow as pa

from baseline_pipeline.recorder.batch_columns import Cells
from baseline_pipeline.recorder.cells import Array
from baseline_pipeline.recorder.rows import IMPORTANCE, OWN, STAGE, WEIGHT, Batch, Row, Shape

TEXT = frozenset({"request_id", "version", "error"})
NUMBER = frozenset({"score", "latency_seconds"})
TIME = pa.timestamp("us", "UTC")
MOST_CELLS = 262_144
_NONE = type(None)


@dataclass(frozen=True)
class Columns:
    """A table, and the columns of it that became text since their values share no type."""

    table: pa.Table
    conflicts: frozenset[str]


def columns_of(content: Sequence[Row] | Batch) -> Iterator[Columns]:
    """Rows as tables: one, or several where rows of many shapes would make one that is mostly null.

    Args:
        content: n rows.
    """
    if isinstance(content, Batch):
        yield _table(content.columns)
        return
    groups: dict[Shape, list[Row]] = defaultdict(list)
    for row in content:
        groups[row[0]].append(row)
    yield from map(_table, _united(list(groups.items())))


def _united(groups: list[tuple[Shape, list[Row]]]) -> Iterator[dict[str, Cells]]:
    names = dict.fromkeys(chain.from_iterable(shape.names for shape, _ in groups))
    rows = sum(len(group) for _, group in groups)
    if len(groups) > 1 and len(names) * rows > MOST_CELLS:
        half = len(groups) // 2
        yield from _united(groups[:half])
        yield from _united(groups[half:])
        return
    if len(groups) == 1:
        shape, group = groups[0]
        yield dict(zip(shape.names, list(zip(*group, strict=True))[2:], strict=True))
        return
    united: dict[str, list[Any]] = {name: [None] * rows for name in names}
    start = 0
    for shape, group in groups:
        for name, cells in zip(shape.names, list(zip(*group, strict=True))[2:], strict=True):
            united[name][start : start + len(group)] = cells
        start += len(group)
    yield dict(united)


def _table(columns: dict[str, Cells]) -> Columns:
    arrays, conflicts = {}, set()
    for name, cells in columns.items():
        try:
            arrays[name] = _times(cells) if name == "time" else array_of(cells)
        except (TypeError, ValueError, OverflowError, pa.ArrowException):
            arrays[name] = _strings([_text(cell) for cell in cells])
            conflicts.add(name)
        if name in TEXT and not pa.types.is_string(arrays[name].type):
            arrays[name] = _strings([_text(cell) for cell in cells])
    return Columns(pa.table(arrays), frozenset(conflicts - TEXT))


def array_of(cells: Cells) -> pa.Array:
    """One column; None is null, NaN stays NaN, integers beside floats become floats.

    Raises:
        TypeError: where the values share no type.
        Exception: where they do not fit it.

    Example:
        >>> array_of([1, 2.5, None, float("nan")]).to_pylist()
        [1.0, 2.5, None, nan]
    """
    if isinstance(cells, np.ndarray):
        return _from_numpy(cells)
    kinds = set(map(type, cells))
    missing = _NONE in kinds
    kinds.discard(_NONE)
    if not kinds:
        return pa.nulls(len(cells))
    if kinds == {str}:
        return _strings(cells)
    if kinds <= {int, float} or kinds == {bool}:
        valid = np.fromiter((cell is not None for cell in cells), bool, len(cells)) if missing else None
        filled = [0 if cell is None else cell for cell in cells] if missing else cells
        dtype = bool if kinds == {bool} else np.float64 if float in kinds else np.int64
        return _from_numpy(np.array(filled, dtype=dtype), valid)
    if kinds == {np.ndarray} and len({cell.dtype for cell in cells if cell is not None}) == 1:
        return _lists(cells)
    if kinds <= {list, np.ndarray}:
        return pa.array([cell.tolist() if isinstance(cell, np.ndarray) else cell for cell in cells])
    if len(kinds) > 1:
        message = f"values of types {', '.join(sorted(kind.__name__ for kind in kinds))}"
        raise TypeError(message)
    return pa.array(list(cells))


def _from_numpy(values: Array, valid: Array | None = None) -> pa.Array:
    rows, bits = len(values), None if valid is None else _bits(valid)
    if values.ndim > 1:
        width = values.shape[1]
        inner = _from_numpy(np.ascontiguousarray(values).reshape(-1))
        offsets = np.arange(rows + 1, dtype=np.int32) * np.int32(width)
        return pa.Array.from_buffers(pa.list_(inner.type), rows, [bits, pa.py_buffer(offsets)], children=[inner])
    if values.dtype.kind == "b":
        return pa.Array.from_buffers(pa.bool_(), rows, [bits, _bits(values)])
    if values.dtype.kind == "M":
        bits = _bits(~np.isnat(values))
        return pa.Array.from_buffers(pa.timestamp("us"), rows, [bits, pa.py_buffer(values.astype(np.int64))])
    kind = pa.from_numpy_dtype(values.dtype)
    return pa.Array.from_buffers(kind, rows, [bits, pa.py_buffer(np.ascontiguousarray(values))])


def _times(cells: Cells) -> pa.Array:
    ticks = np.array(cells, dtype=np.int64)
    return pa.Array.from_buffers(TIME, len(ticks), [None, pa.py_buffer(ticks)])


def _bits(flags: Array) -> pa.Buffer:
    return pa.py_buffer(np.packbits(flags, bitorder="little"))


def _strings(cells: Cells) -> pa.Array:
    """Texts; what UTF-8 cannot hold stands as its escape."""
    valid = None
    if None in cells:
        valid = _bits(np.fromiter((cell is not None for cell in cells), bool, len(cells)))
        cells = [cell or "" for cell in cells]
    joined = "".join(cells)
    parts = cells if joined.isascii() else [cell.encode("utf-8", "backslashreplace") for cell in cells]
    data = joined.encode() if parts is cells else b"".join(parts)
    return pa.Array.from_buffers(pa.string(), len(cells), [valid, pa.py_buffer(_offsets(parts)), pa.py_buffer(data)])


def _lists(cells: Cells) -> pa.Array:
    present = [cell for cell in cells if cell is not None]
    inner = _from_numpy(np.concatenate(present))
    offsets = _offsets([() if cell is None else cell for cell in cells])
    valid = _bits(np.fromiter((cell is not None for cell in cells), bool, len(cells)))
    return pa.Array.from_buffers(pa.list_(inner.type), len(cells), [valid, pa.py_buffer(offsets)], children=[inner])


def _offsets(parts: Cells) -> Array:
    ends = np.cumsum(np.fromiter(map(len, parts), np.int64, len(parts)))
    if len(ends) and ends[-1] >= 2**31:
        message = f"{ends[-1]} bytes or values in one column of {len(parts)} rows"
        raise MemoryError(message)
    return np.concatenate([[0], ends]).astype(np.int32)


def _text(cell: object) -> str | None:
    if cell is None or isinstance(cell, str):
        return cell
    if isinstance(cell, bytes):
        return cell.decode("utf-8", "backslashreplace")
    if isinstance(cell, np.ndarray):
        return str(cell.tolist())
    try:
        return str(cell)
    except ValueError:  # Python writes no integer of more than some 4,300 digits
        return hex(cell) if isinstance(cell, int) else object.__repr__(cell)


def one_table(parts: Sequence[Columns], weight: float) -> Columns:
    """All rows in one table: the recorder's own columns first, then the rest as they first came.

    A column some parts do not have is null there. Types that a common number, list or decimal type holds become that
    one; others become text.

    Args:
        parts: Tables of any columns.
        weight: The sampling weight of every row.
    """
    conflicts = set(chain.from_iterable(part.conflicts for part in parts))
    tables = [dict(zip(part.table.column_names, part.table.columns, strict=True)) for part in parts]
    lengths = [part.table.num_rows for part in parts]
    columns: dict[str, pa.ChunkedArray] = {}
    for name in dict.fromkeys(chain(OWN, *tables)):
        pieces = [table.get(name) for table in tables]
        kind = _common({piece.type for piece in pieces if piece is not None} | {_least(name)})
        if kind is None or (name in conflicts and not pa.types.is_string(kind)):
            conflicts.add(name)
            kind = pa.string()
        elif _is_number(name) and (pa.types.is_integer(kind) or pa.types.is_null(kind)):
            kind = pa.float64()
        cast = [_cast(piece, kind, rows) for piece, rows in zip(pieces, lengths, strict=True)]
        columns[name] = pa.chunked_array(list(chain.from_iterable(piece.chunks for piece in cast)), kind)
    columns[WEIGHT] = pa.chunked_array([_from_numpy(np.full(sum(lengths), weight))])
    return Columns(pa.table(columns), frozenset(conflicts))


def _least(name: str) -> pa.DataType:
    """The type of a column where it has no values."""
    return pa.string() if name in TEXT else TIME if name == "time" else pa.null()


def _is_number(name: str) -> bool:
    return name in NUMBER or name.startswith((STAGE, IMPORTANCE))


def _common(kinds: set[pa.DataType]) -> pa.DataType | None:
    if any(pa.types.is_string(kind) for kind in kinds):
        return pa.string() if all(pa.types.is_string(kind) or pa.types.is_null(kind) for kind in kinds) else None
    schemas = [pa.schema([("column", kind)]) for kind in sorted(kinds, key=str)]
    try:
        return pa.unify_schemas(schemas, promote_options="permissive").field(0).type
    except pa.ArrowException:
        return None


def _cast(piece: pa.ChunkedArray | None, kind: pa.DataType, rows: int) -> pa.ChunkedArray:
    if piece is None or pa.types.is_null(piece.type):
        return pa.chunked_array([pa.nulls(rows, kind)])
    if piece.type == kind:
        return piece
    if pa.types.is_string(kind):
        return pa.chunked_array([_strings([_text(cell) for cell in piece.to_pylist()])])
    return piece.cast(kind, safe=False)
