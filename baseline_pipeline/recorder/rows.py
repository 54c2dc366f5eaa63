"""What a caller passed, made safe to keep: plain cells nobody else can change, and the bytes they take."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock_time
from decimal import Decimal
from sys import getsizeof
from typing import Any

import numpy as np

from baseline_pipeline.recorder.tally import text_of

OWN = ("request_id", "time", "score", "prediction", "version", "latency_seconds", "error")
WEIGHT = "sampling_weight"
FEATURE, STAGE, EXTRA, IMPORTANCE = "feature.", "stage.", "extra.", "importance."

Row = tuple[Any, ...]
"""(shape, bytes, *cells); the shape says which column each cell belongs to."""
Array = np.ndarray[Any, np.dtype[Any]]
Cells = Sequence[Any] | Array

_FIRST = ("request_id", "version", "error", "time", "score", "prediction", "latency_seconds")
_NEXT = object()  # between the keys of features, stages, extra and importances
_SMALL = frozenset({float, bool, type(None)})
_PLAIN = frozenset({float, int, str, bool, type(None)})
_KEPT = (bytes, datetime, date, clock_time, Decimal)
_MISSING = frozenset({"NAType", "NaTType"})  # pandas' own, told by name: pandas stays unimported
_NUMERIC = "fiu"
_ROW_BYTES = 250  # the tuple, its time, and the room in the lists around it
_CELL_BYTES = 32  # a float and its place in the tuple
_LIST_ITEM_BYTES = 40
_NAME_BYTES = 80  # in a shape; its first row pays for it
_DEPTH = 4
_SHAPES = 1_000
_SECONDS_END = 9e12  # as microseconds still within 64 bits


class TooLarge(Exception):
    """A record that alone takes more than there is room for."""


@dataclass(frozen=True, eq=False, slots=True)
class Shape:
    """The columns of rows that came with the same keys; compared by identity, since a row is grouped by it."""

    names: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Batch:
    """Rows that came as columns, each (rows,) or (rows, width)."""

    shape: Shape
    columns: dict[str, Cells]
    rows: int
    size: int

    def part(self, start: int, stop: int) -> Batch:
        stop = min(stop, self.rows)
        size = self.size * (stop - start) // max(self.rows, 1)
        columns = {name: cells[start:stop] for name, cells in self.columns.items()}
        return Batch(self.shape, columns, stop - start, size)

    def as_rows(self) -> list[Row]:
        """One row each; arrays become Python values."""
        size = self.size // max(self.rows, 1)
        columns = [_values(cells) for cells in self.columns.values()]
        return [(self.shape, size, *cells) for cells in zip(*columns, strict=True)]


def _values(cells: Cells) -> Sequence[Any]:
    if isinstance(cells, np.ndarray):
        return [row.copy() for row in cells] if cells.ndim > 1 else list(cells.tolist())
    return cells


class Rows:
    """Makes rows; remembers the shapes it met, so that a service with one kind of request pays for it once."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._shapes: dict[tuple[Any, ...], Shape] = {}

    def row(
        self,
        own: tuple[object, object, object, object, object, object],
        *,
        features: Mapping[str, Any] | None,
        stages: Mapping[str, Any] | None,
        extra: Mapping[str, Any] | None,
        importances: Mapping[str, Any] | None,
    ) -> Row:
        """One record as a row, its time now; `own` are the cells of `OWN` without the time.

        Raises:
            TooLarge: where it takes more than the limit.
            Exception: whatever the values themselves raise.
        """
        request_id, score, prediction, version, latency, error = own
        f, s, e, i = _dict(features), _dict(stages), _dict(extra), _dict(importances)
        keys = (*f, _NEXT, *s, _NEXT, *e, _NEXT, *i)
        size = _ROW_BYTES
        shape = self._shapes.get(keys)
        if shape is None:
            shape = self._meet((f, s, e, i), keys)
            size += _NAME_BYTES * len(shape.names)
        texts = (
            _text(request_id),
            _text(version),
            text_of(error) if isinstance(error, BaseException) else _text(error),
        )
        cells = (score, prediction, latency, *f.values(), *s.values(), *e.values(), *i.values())
        kinds = set(map(type, cells))
        if not kinds <= _PLAIN:
            cells = tuple([cell if type(cell) in _PLAIN else self.frozen(cell) for cell in cells])
            size += sum(map(_size, cells))
        elif not kinds <= _SMALL:  # text, and integers, which may be of any length
            size += sum([getsizeof(cell) for cell in cells if type(cell) is not float])
        size += _CELL_BYTES * len(cells) + sum([getsizeof(text) for text in texts if text is not None])
        if size > self._limit:
            message = f"a record of {size} bytes; there is room for {self._limit}"
            raise TooLarge(message)
        return (shape, size, *texts, time.time_ns() // 1000, *cells)

    def _meet(self, parts: tuple[dict[Any, Any], ...], keys: tuple[Any, ...]) -> Shape:
        features, *others = parts
        names = [*_FIRST, *(feature_name(_name(key)) for key in features)]
        for prefix, part in zip((STAGE, EXTRA, IMPORTANCE), others, strict=True):
            names += [prefix + _name(key) for key in part]
        return self._remember(keys, tuple(names))

    def _remember(self, keys: tuple[Any, ...], names: tuple[str, ...]) -> Shape:
        if len(self._shapes) >= _SHAPES:
            self._shapes.clear()
        self._shapes[keys] = shape = Shape(names)
        return shape

    def columns(self, columns: Mapping[str, Any], rows: int) -> dict[str, Cells]:
        """Columns under the names they get in the file, all of so many rows, as far as possible without copying.

        Raises:
            ValueError: on columns of different lengths.
            Exception: whatever the values themselves raise.
        """
        named = {_name(key): _column(values, rows) for key, values in columns.items()}
        for name, cells in named.items():
            if len(cells) != rows:
                message = f"column {name!r} has {len(cells)} rows, another one has {rows}"
                raise ValueError(message)
        if WEIGHT in named:
            named[feature_name(WEIGHT)] = named.pop(WEIGHT)
        now = time.time_ns() // 1000
        named["time"] = _times(named["time"], now) if "time" in named else np.full(rows, now)
        return named

    def batch(self, columns: Mapping[str, Cells], chosen: Array | None) -> Batch:
        """Columns as a batch of their own: the rows chosen (positions), or all.

        Raises:
            TooLarge: where one value takes more than the limit.
            Exception: whatever the values themselves raise.
        """
        kept: dict[str, Cells] = {}
        for name, cells in columns.items():
            if isinstance(cells, np.ndarray):
                kept[name] = cells.copy() if chosen is None else cells[chosen]
            else:
                kept[name] = [self.frozen(cell) for cell in (cells if chosen is None else [cells[k] for k in chosen])]
        size = sum(cells.nbytes if isinstance(cells, np.ndarray) else sum(map(_size, cells)) for cells in kept.values())
        names = tuple(kept)
        shape = self._shapes.get(names) or self._remember(names, names)
        return Batch(shape, kept, len(kept["time"]), _ROW_BYTES + size)

    def frozen(self, cell: object, depth: int = 0) -> object:
        """A value nobody else can change: numbers, text, dates and lists as they are, anything else as its text.

        Lists, tuples and arrays become lists or one-dimensional arrays of their own.
        """
        kind = type(cell)
        if kind in _PLAIN:
            return cell
        if isinstance(cell, timedelta):
            return cell.total_seconds()
        if kind.__name__ in _MISSING:
            return None
        if isinstance(cell, _KEPT):
            return cell
        if isinstance(cell, np.ndarray | np.generic):
            return self._frozen_array(cell, depth)
        if isinstance(cell, list | tuple):
            return self._frozen_list(cell, depth)
        for plain in (bool, int, float, str):
            if isinstance(cell, plain):  # subclasses: enumerations, for example
                return plain.__str__(cell) if plain is str else plain(cell)
        if hasattr(cell, "__array__"):
            return self._frozen_array(np.asarray(cell), depth)
        return str(cell)

    def _frozen_array(self, cell: Array | np.generic, depth: int) -> object:
        if cell.nbytes > self._limit:
            message = f"an array of {cell.nbytes} bytes; there is room for {self._limit}"
            raise TooLarge(message)
        if cell.dtype.kind in "mM":
            cell = cell.astype(f"{cell.dtype.kind}8[us]")
        if cell.ndim == 1 and cell.dtype.kind in _NUMERIC:
            return _native(np.array(cell))
        value = cell.tolist()
        if cell.ndim == 0 and isinstance(value, np.generic):  # extended precision has no Python value
            return float(value)
        return self.frozen(value, depth + 1) if depth < _DEPTH else str(value)

    def _frozen_list(self, cell: Sequence[Any], depth: int) -> object:
        if len(cell) * 8 > self._limit:
            message = f"a list of {len(cell)} values; there is room for {self._limit} bytes"
            raise TooLarge(message)
        if depth >= _DEPTH:
            return str(cell)
        kinds = set(map(type, cell))
        if kinds <= {float}:
            return np.array(cell, dtype=np.float64)
        values = [self.frozen(value, depth + 1) for value in cell]
        return [value.tolist() if isinstance(value, np.ndarray) else value for value in values]


def _dict(part: Mapping[str, Any] | None) -> dict[str, Any]:
    if type(part) is dict:
        return part
    return {} if part is None else dict(part)


def _text(value: object) -> str | None:
    return value if value is None or type(value) is str else str(value)


def _name(key: object) -> str:
    """A key as a column's name: text that UTF-8 can hold."""
    return str(key).encode("utf-8", "backslashreplace").decode()


def feature_name(name: str) -> str:
    """The column of a feature: its own name, behind `feature.` where the recorder uses that name itself.

    Example:
        >>> [feature_name(name) for name in ("distance", "score", "stage.predict", "feature.score")]
        ['distance', 'feature.score', 'feature.stage.predict', 'feature.feature.score']
    """
    taken = name in OWN or name == WEIGHT or name.startswith((FEATURE, STAGE, EXTRA, IMPORTANCE))
    return FEATURE + name if taken else name


def _size(cell: object) -> int:
    if type(cell) is list:
        return _LIST_ITEM_BYTES * len(cell) + sum(map(_size, cell))
    return cell.nbytes + 128 if isinstance(cell, np.ndarray) else getsizeof(cell)


def _native(array: Array) -> Array:
    """Numbers in this machine's byte order, at most 64 bits wide."""
    if array.dtype.kind == "f" and array.dtype.itemsize > 8:  # noqa: PLR2004  # bytes
        return array.astype(np.float64)
    return array.astype(array.dtype.newbyteorder("="), copy=False)


def _is_column(values: object) -> bool:
    if isinstance(values, str | bytes | Mapping | set | frozenset):
        return False
    return isinstance(values, list | tuple) or (hasattr(values, "__len__") and getattr(values, "ndim", 1) > 0)


def _column(values: Any, rows: int) -> Cells:
    if not _is_column(values):
        return [values] * rows
    if isinstance(values, list | tuple):
        return values
    array = np.asarray(values)
    if array.ndim <= 2 and array.dtype.kind in _NUMERIC:  # noqa: PLR2004  # (n,) or (n, width)
        return _native(array)
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
        cells.nbytes // max(rows, 1) if isinstance(cells, np.ndarray) else _LIST_ITEM_BYTES
        for cells in columns.values()
    )


def _times(cells: Cells, now: int) -> Array:
    """Microseconds since 1970 from seconds since 1970 or from times (naive: UTC); now, where there is none."""
    if isinstance(cells, np.ndarray) and cells.dtype.kind == "M":
        return np.where(np.isnat(cells), now, cells.astype(np.int64))
    if isinstance(cells, np.ndarray) and cells.dtype.kind in _NUMERIC and cells.ndim == 1:
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
