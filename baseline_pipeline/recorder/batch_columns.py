"""What a caller passed as columns: numbers as arrays, single values repeated, times in microseconds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np

from baseline_pipeline.recorder.cells import LIST_ITEM_BYTES, NUMERIC, Array, native

Cells = Sequence[Any] | Array
_SECONDS_END = 9e12  # as microseconds still within 64 bits


def _is_column(values: object) -> bool:
    if isinstance(values, str | bytes | Mapping | set | frozenset):
        return False
    return isinstance(values, list | tuple) or (hasattr(values, "__len__") and getattr(values, "ndim", 1) > 0)


def column_of(values: Any, rows: int) -> Cells:
    """A column of so many rows, as far as possible without copying; a single value stands in each of them."""
    if not _is_column(values):
        return [values] * rows
    if isinstance(values, list | tuple):
        return values
    array = np.asarray(values)
    if array.ndim <= 2 and array.dtype.kind in NUMERIC:  # noqa: PLR2004  # (n,) or (n, width)
        return native(array)
    if array.ndim == 1 and array.dtype.kind in "bM":
        return array if array.dtype.kind == "b" else array.astype("datetime64[us]")
    return list(array.tolist() if array.ndim == 1 else array)


def rows_of(columns: Mapping[str, Any]) -> int:
    """How many rows columns have; columns of one value (text, a number) hold for all rows.

    Example:
        >>> rows_of({"version": "7", "score": [0.1, 0.2, 0.3]})
        3
    """
    return next((len(values) for values in columns.values() if _is_column(values)), 1)


def row_bytes(columns: Mapping[str, Cells], rows: int) -> int:
    """About how many bytes a row of columns takes."""
    return sum(
        cells.nbytes // max(rows, 1) if isinstance(cells, np.ndarray) else LIST_ITEM_BYTES for cells in columns.values()
    )


def microseconds_of(cells: Cells, now: int) -> Array:
    """Microseconds since 1970 from seconds since 1970 or from times (naive: UTC); now, where there is none."""
    if isinstance(cells, np.ndarray) and cells.dtype.kind == "M":
        return np.where(np.isnat(cells), now, cells.astype(np.int64))
    if isinstance(cells, np.ndarray) and cells.dtype.kind in NUMERIC and cells.ndim == 1:
        seconds = cells.astype(np.float64)
        given = np.abs(seconds) < _SECONDS_END
        return np.where(given, (np.where(given, seconds, 0.0) * 1e6).round().astype(np.int64), now)
    return np.array([_microseconds(cell, now) for cell in cells], dtype=np.int64)


def _microseconds(cell: object, now: int) -> int:
    if isinstance(cell, datetime):
        cell = (cell if cell.tzinfo else cell.replace(tzinfo=UTC)).timestamp()
    if cell is None or (isinstance(cell, float) and cell != cell):  # noqa: PLR0124  # NaN
        return now
    if isinstance(cell, int | float) and abs(cell) < _SECONDS_END:
        return round(cell * 1e6)
    message = f"time {cell!r}: accepted are seconds since 1970 and datetimes"
    raise ValueError(message)
