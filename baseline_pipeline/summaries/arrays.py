"""From Arrow to numpy and back without pandas, which pyarrow would import for it (0.8 s and 80 MB)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from baseline_pipeline.arrow_numbers import nearest_doubles

Array = np.ndarray[Any, Any]
CLOSE = 1_000
"""Whole numbers in so wide a range are told apart by their distance from the lowest."""
MOST_CODES = 2**62
"""Combinations of values, whether rows have them or not, that whole numbers tell apart."""


def doubles(column: pa.Array | pa.ChunkedArray) -> Array:
    """(n,) values of a numeric column; NaN where missing.

    Example:
        >>> doubles(pa.array([1, None])).tolist()
        [1.0, nan]
    """
    return _viewed(nearest_doubles(_whole(column)), np.float64, float("nan"))


def doubles_there(column: pa.Array) -> Array:
    """(m,) values of a numeric column that are not missing.

    Example:
        >>> doubles_there(pa.array([1, None, 3])).tolist()
        [1.0, 3.0]
    """
    found = nearest_doubles(column)
    if not found.null_count:
        return _content(found, np.float64)
    return np.asarray(_content(found, np.float64)[_there(found)])


def integers(column: pa.Array | pa.ChunkedArray) -> Array:
    """(n,) values of a column of whole numbers; -1 where missing."""
    return _viewed(_whole(column).cast(pa.int64()), np.int64, -1)


def _whole(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def positions(order: Array) -> pa.Array:
    """Positions to take rows of a table by; any whole numbers."""
    found = np.ascontiguousarray(order, dtype=np.int64)
    return pa.Array.from_buffers(pa.int64(), len(found), [None, pa.py_buffer(found)])


def column_of(values: Array) -> pa.Array:
    """A column of doubles."""
    found = np.ascontiguousarray(values, dtype=np.float64)
    return pa.Array.from_buffers(pa.float64(), len(found), [None, pa.py_buffer(found)])


def texts_of(names: Sequence[str | None], place: Array) -> pa.Array:
    """A column of texts: (n,) places among some names.

    Example:
        >>> texts_of(["a", None, "öl"], np.array([2, 0, 1])).to_pylist()
        ['öl', 'a', None]
    """
    content = [b"" if name is None else name.encode() for name in names]
    ends = np.cumsum([0, *map(len, content)], dtype=np.int32)
    known = np.packbits(np.array([name is not None for name in names], dtype=bool), bitorder="little")
    buffers = [pa.py_buffer(known), pa.py_buffer(ends), pa.py_buffer(b"".join(content))]
    return pa.Array.from_buffers(pa.string(), len(names), buffers).take(positions(place))


def numbered(code: Array) -> tuple[Array, Array]:
    """Codes that occur, in order, and (n,) the place of each among them; by counting where that is quicker.

    Args:
        code: (n,) whole numbers from 0.

    Example:
        >>> [one.tolist() for one in numbered(np.array([7, 3, 7]))]
        [[3, 7], [1, 0, 1]]
    """
    size = int(code.max(initial=-1)) + 1
    if size > 4 * len(code) + 1000:
        present, place = np.unique(code, return_inverse=True)
        return present, place
    there = np.zeros(size, dtype=bool)
    there[code] = True
    return np.flatnonzero(there), (np.cumsum(there) - 1)[code]


def combined(parts: Iterable[Array], rows: int) -> Array:
    """(n,) whole numbers that order rows as their parts do, the first part first, and tell them apart as those do.

    Args:
        parts: (n,) whole numbers from 0, each.
        rows: n.

    Example:
        >>> combined([np.array([1, 0, 1]), np.array([2, 7, 0])], 3).tolist()
        [10, 7, 8]
    """
    code, codes = np.zeros(rows, dtype=np.int64), 1
    for part in parts:
        values = int(part.max(initial=0)) + 1
        if codes * values > MOST_CODES:
            present, code = numbered(code)
            codes = len(present)
        code, codes = code * values + part, codes * values
    return code


def coded(column: pa.Array) -> tuple[list[str | None], Array]:
    """Values that a column has, as text, and (n,) the place of each row's among them; missing ones are the last.

    Args:
        column: Texts, whole numbers or truth values.

    Example:
        >>> names, code = coded(pa.array(["b", None, "b"]))
        >>> names, code.tolist()
        (['b', None], [0, 1, 0])
    """
    encoded = encoded_of(column)
    names = encoded.dictionary.cast(pa.string()).to_pylist()
    code = integers(encoded.indices)
    return [*names, None], np.where(code < 0, len(names), code) if encoded.null_count else code


def encoded_of(column: pa.Array) -> pa.DictionaryArray:
    """A column by its values, each told once; whole numbers that lie close together need no hashing.

    Example:
        >>> encoded_of(pa.array([7, 5])).indices.to_pylist(), encoded_of(pa.array(["b", "a"])).indices.to_pylist()
        ([2, 0], [0, 1])
    """
    found = _above_lowest(column)
    if found is None:
        return column.dictionary_encode()
    low, above = found
    return pa.DictionaryArray.from_arrays(positions(above), positions(low + np.arange(int(above.max()) + 1)))


def rows_of_close(column: pa.Array) -> tuple[Array, Array] | None:
    """(k,) whole numbers that occur, ascending, and (k,) rows of each; nothing where they do not lie close together.

    Example:
        >>> [one.tolist() for one in rows_of_close(pa.array([7, 5, 7]))]
        [[5, 7], [1, 2]]
    """
    found = _above_lowest(column)
    if found is None:
        return None
    low, above = found
    rows = np.bincount(above)
    there = np.flatnonzero(rows)
    return low + there, rows[there]


def _above_lowest(column: pa.Array) -> tuple[int, Array] | None:
    """The lowest of whole numbers that lie close together, and (n,) how far above it each is."""
    if not pa.types.is_integer(column.type) or column.type == pa.uint64() or not len(column) or column.null_count:
        return None
    found = integers(column)
    low, high = int(found.min()), int(found.max())
    return (low, found - low) if high - low < CLOSE else None


def _viewed(values: pa.Array, kind: type, missing: float) -> Array:
    found = _content(values, kind)
    return np.where(_there(values), found, missing).astype(kind) if values.null_count else found


def _content(values: pa.Array, kind: type) -> Array:
    """(n,) what stands in a column, whether or not it is missing."""
    if not len(values):
        return np.empty(0, dtype=kind)
    return np.frombuffer(values.buffers()[1], kind, count=len(values), offset=values.offset * 8)


def _there(values: pa.Array) -> Array:
    """(n,) whether values of a column with missing ones are there."""
    bits = np.unpackbits(np.frombuffer(values.buffers()[0], np.uint8), bitorder="little")
    return bits[values.offset : values.offset + len(values)].view(bool)
