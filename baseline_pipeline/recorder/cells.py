"""Single values, made safe to keep: nobody else can change them, and their bytes are known."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from datetime import time as clock_time
from decimal import Decimal
from sys import getsizeof
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]
PLAIN = frozenset({float, int, str, bool, type(None)})
NUMERIC = "fiu"
LIST_ITEM_BYTES = 40

_KEPT = (bytes, datetime, date, clock_time, Decimal)
_MISSING = frozenset({"NAType", "NaTType"})  # pandas' own, told by name: pandas stays unimported
_DEPTH = 4


class TooLarge(Exception):
    """A record that alone takes more than there is room for."""


def frozen(cell: object, limit: int, depth: int = 0) -> object:
    """A value nobody else can change: numbers, text, dates and lists as they are, anything else as its text.

    Lists, tuples and arrays become lists or one-dimensional arrays of their own.
    """
    kind = type(cell)
    if kind in PLAIN:
        return cell
    if isinstance(cell, timedelta):
        return cell.total_seconds()
    if kind.__name__ in _MISSING:
        return None
    if isinstance(cell, _KEPT):
        return cell
    if isinstance(cell, np.ndarray | np.generic):
        return _frozen_array(cell, limit, depth)
    if isinstance(cell, list | tuple):
        return _frozen_list(cell, limit, depth)
    for plain in (bool, int, float, str):
        if isinstance(cell, plain):  # subclasses: enumerations, for example
            return plain.__str__(cell) if plain is str else plain(cell)
    if hasattr(cell, "__array__"):
        return _frozen_array(np.asarray(cell), limit, depth)
    return str(cell)


def _frozen_array(cell: Array | np.generic, limit: int, depth: int) -> object:
    if cell.nbytes > limit:
        message = f"an array of {cell.nbytes} bytes; there is room for {limit}"
        raise TooLarge(message)
    if cell.dtype.kind in "mM":
        cell = cell.astype(f"{cell.dtype.kind}8[us]")
    if cell.ndim == 1 and cell.dtype.kind in NUMERIC:
        return native(np.array(cell))
    value = cell.tolist()
    if cell.ndim == 0 and isinstance(value, np.generic):  # extended precision has no Python value
        return float(value)
    return frozen(value, limit, depth + 1) if depth < _DEPTH else str(value)


def _frozen_list(cell: Sequence[Any], limit: int, depth: int) -> object:
    if len(cell) * 8 > limit:
        message = f"a list of {len(cell)} values; there is room for {limit} bytes"
        raise TooLarge(message)
    if depth >= _DEPTH:
        return str(cell)
    kinds = set(map(type, cell))
    if kinds <= {float}:
        return np.array(cell, dtype=np.float64)
    values = [frozen(value, limit, depth + 1) for value in cell]
    return [value.tolist() if isinstance(value, np.ndarray) else value for value in values]


def size_of(cell: object) -> int:
    """About how many bytes a value takes."""
    if type(cell) is list:
        return LIST_ITEM_BYTES * len(cell) + sum(map(size_of, cell))
    return cell.nbytes + 128 if isinstance(cell, np.ndarray) else getsizeof(cell)


def native(array: Array) -> Array:
    """Numbers in this machine's byte order, at most 64 bits wide."""
    if array.dtype.kind == "f" and array.dtype.itemsize > 8:  # noqa: PLR2004  # bytes
        return array.astype(np.float64)
    return array.astype(array.dtype.newbyteorder("="), copy=False)
