"""Rows and batches of rows, as they wait to be written."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from sys import getsizeof
from typing import Any

import numpy as np

from baseline_pipeline.recorder.batch_columns import Cells, column_of, microseconds_of
from baseline_pipeline.recorder.cells import PLAIN, Array, TooLarge, frozen, size_of
from baseline_pipeline.recorder.tally import text_of

OWN = ("request_id", "time", "score", "prediction", "version", "latency_seconds", "error")
WEIGHT = "sampling_weight"
FEATURE, STAGE, EXTRA, IMPORTANCE = "feature.", "stage.", "extra.", "importance."

Row = tuple[Any, ...]
"""(shape, bytes, *cells); the shape says which column each cell belongs to."""

_FIRST = ("request_id", "version", "error", "time", "score", "prediction", "latency_seconds")
_NEXT = object()  # between the keys of features, stages, extra and importances
_SMALL = frozenset({float, bool, type(None)})
_ROW_BYTES = 250  # the tuple, its time, and the room in the lists around it
_CELL_BYTES = 32  # a float and its place in the tuple
_NAME_BYTES = 80  # in a shape; its first row pays for it
_SHAPES = 1_000


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
        if not kinds <= PLAIN:
            cells = tuple([cell if type(cell) in PLAIN else frozen(cell, self._limit) for cell in cells])
            size += sum(map(size_of, cells))
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
        named = {_name(key): column_of(values, rows) for key, values in columns.items()}
        for name, cells in named.items():
            if len(cells) != rows:
                message = f"column {name!r} has {len(cells)} rows, another one has {rows}"
                raise ValueError(message)
        if WEIGHT in named:
            named[feature_name(WEIGHT)] = named.pop(WEIGHT)
        now = time.time_ns() // 1000
        named["time"] = microseconds_of(named["time"], now) if "time" in named else np.full(rows, now)
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
                taken = cells if chosen is None else [cells[k] for k in chosen]
                kept[name] = [frozen(cell, self._limit) for cell in taken]
        size = sum(
            cells.nbytes if isinstance(cells, np.ndarray) else sum(map(size_of, cells)) for cells in kept.values()
        )
        names = tuple(kept)
        shape = self._shapes.get(names) or self._remember(names, names)
        return Batch(shape, kept, len(kept["time"]), _ROW_BYTES + size)


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
