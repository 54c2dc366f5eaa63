"""What a service records beside scores: stage timings, importances of features, intermediate representations."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from collections.abc import Mapping

Array = np.ndarray[Any, Any]
STAGE, IMPORTANCE, EXTRA = PREFIXES = ("stage.", "importance.", "extra.")
"""Beginnings of the recorder's columns."""
PROJECTED = 32
"""Dimensions that a representation is brought down to by a random projection of fixed seed."""
EARLY = 10_000
"""First rows, whose commonest length is the representation's."""
BLOCK = 2_000_000
"""Numbers of a representation that are in memory at once beside the log itself."""


@dataclass(frozen=True)
class Representation:
    """One representation of n rows, brought down to few dimensions.

    Attributes:
        width: Dimensions that it came with.
        projected: (n, k) single precision, k at most 32; NaN in rows that have no usable one.
        norm: (n,) Euclidean norm of the whole; NaN likewise.
    """

    width: int
    projected: Array
    norm: Array

    def take(self, rows: Array) -> Representation:
        """Some of the rows."""
        return Representation(self.width, self.projected[rows], self.norm[rows])

    def after(self, earlier: int) -> Representation:
        """The same behind so many rows without one."""
        nothing = np.full((earlier, self.projected.shape[1]), np.nan, self.projected.dtype)
        return Representation(
            self.width,
            np.concatenate([nothing, self.projected]),
            np.concatenate([np.full(earlier, np.nan), self.norm]),
        )


@dataclass(frozen=True)
class Recorded:
    """What was recorded of n rows.

    Attributes:
        logged: (n,) rows that come from the log; of others nothing could be recorded.
        stages: (n,) seconds by stage; NaN where there are none.
        importances: (n,) by feature; NaN likewise.
        representations: By column.
        confidence: (n,) largest score of several classes; `None` where the log has no lists of scores.
        notes: What cannot be watched, or only in part, and why.
    """

    logged: Array
    stages: Mapping[str, Array]
    importances: Mapping[str, Array]
    representations: Mapping[str, Representation]
    confidence: Array | None = None
    notes: tuple[str, ...] = ()

    def take(self, rows: Array) -> Recorded:
        """Some of the rows."""
        return replace(
            self,
            logged=self.logged[rows],
            stages={name: values[rows] for name, values in self.stages.items()},
            importances={name: values[rows] for name, values in self.importances.items()},
            representations={name: one.take(rows) for name, one in self.representations.items()},
            confidence=None if self.confidence is None else self.confidence[rows],
        )

    def after(self, earlier: int) -> Recorded:
        """The same behind so many rows of which nothing was recorded."""

        def behind(values: Array) -> Array:
            return np.concatenate([np.full(earlier, np.nan), values])

        return replace(
            self,
            logged=np.concatenate([np.zeros(earlier, dtype=bool), self.logged]),
            stages={name: behind(values) for name, values in self.stages.items()},
            importances={name: behind(values) for name, values in self.importances.items()},
            representations={name: one.after(earlier) for name, one in self.representations.items()},
            confidence=None if self.confidence is None else behind(self.confidence),
        )


def recorded(table: pa.Table, at: Array, score: str) -> Recorded | None:
    """What columns named as the recorder names them hold; `None` where there are none.

    A representation longer than 32 is projected on 32 random directions, the same ones for ever: distances between
    rows stay as they are to some quarter. Rows whose representation is absent, of another length than most of the
    first 10,000, or not finite in some place have no usable one; nothing is filled in.

    Source: Johnson and Lindenstrauss (1984), Extensions of Lipschitz mappings into a Hilbert space, Contemp. Math. 26.

    Args:
        table: Columns `stage.*`, `importance.*`, `extra.*`, others being left alone; n rows.
        at: (n,) times of the rows.
        score: Column that may hold lists of scores.

    Example:
        >>> table = pa.table({"extra.e": [[3.0, 4.0], [1.0], None, [0.0, 1.0]], "stage.io": [0.1, 0.2, None, 0.1]})
        >>> found = recorded(table, np.arange(4), "score")
        >>> found.representations["extra.e"].norm, found.stages["io"]
        (array([ 5., nan, nan,  1.]), array([0.1, 0.2, nan, 0.1]))
        >>> found.notes
        ('extra.e: 1 of 3 rows have another length than 2, or no number',)
    """
    notes: list[str] = []
    numbers: dict[str, dict[str, Array]] = {STAGE: {}, IMPORTANCE: {}}
    found: dict[str, Representation] = {}
    first = np.argsort(at, kind="stable")[:EARLY]
    for name in table.column_names:
        prefix = next((one for one in PREFIXES if name.startswith(one)), None)
        if prefix == EXTRA:
            one = _representation(name, table.column(name), first, notes)
            if one is not None:
                found[name] = one
        elif prefix is not None:
            values = _numbers(name, table.column(name), notes)
            if values is not None:
                numbers[prefix][name.removeprefix(prefix)] = values
    confidence = None
    if score in table.column_names and _is_list(table.column(score).type):
        confidence = _largest(score, table.column(score), notes)
    if not (found or numbers[STAGE] or numbers[IMPORTANCE] or notes) and confidence is None:
        return None
    logged = np.ones(table.num_rows, dtype=bool)
    return Recorded(logged, numbers[STAGE], numbers[IMPORTANCE], found, confidence, tuple(notes))


def _is_list(kind: pa.DataType) -> bool:
    return bool(pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind))


def _numbers(name: str, column: pa.ChunkedArray, notes: list[str]) -> Array | None:
    if pa.types.is_null(column.type):
        return None
    try:
        values = column.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        notes.append(f"{name} holds {column.type}; accepted: numbers. It is not watched")
        return None
    return np.where(np.isfinite(values), values, np.nan)


def _as_lists(name: str, column: pa.ChunkedArray, notes: list[str]) -> pa.ChunkedArray | None:
    """The column as lists; a number is a list of one."""
    inner = column.type.value_type if _is_list(column.type) else column.type
    if not (pa.types.is_integer(inner) or pa.types.is_floating(inner)):
        if not pa.types.is_null(inner):
            notes.append(f"{name} holds {column.type}; accepted: numbers, lists of numbers")
        return None
    if _is_list(column.type):
        return column.cast(pa.large_list(inner))
    chunks = []
    for chunk in column.chunks:
        offsets = pa.array(np.arange(len(chunk) + 1, dtype=np.int64))
        chunks.append(pa.LargeListArray.from_arrays(offsets, chunk.cast(pa.float64()), mask=chunk.is_null()))
    return pa.chunked_array(chunks, pa.large_list(pa.float64()))


def _representation(name: str, column: pa.ChunkedArray, first: Array, notes: list[str]) -> Representation | None:
    lists = _as_lists(name, column, notes)
    if lists is None:
        return None
    lengths = pc.fill_null(pc.list_value_length(lists), -1).to_numpy(zero_copy_only=False).astype(np.int64)
    known = lengths[first][lengths[first] > 0]
    known = known if len(known) else lengths[lengths > 0]
    if len(known) == 0:
        notes.append(f"{name} holds no value; it is not watched")
        return None
    width = int(np.bincount(known).argmax())
    norm = np.full(len(lengths), np.nan)
    projected = np.full((len(lengths), min(width, PROJECTED)), np.nan, dtype=np.float32)
    turn = None if width <= PROJECTED else _directions(width)
    start, step = 0, max(1, BLOCK // width)
    for chunk in lists.chunks:
        for low in range(0, len(chunk), step):
            block = chunk.slice(low, step)
            alike = lengths[start + low : start + low + len(block)] == width
            rows = start + low + np.flatnonzero(alike)
            values = _matrix(block.filter(pa.array(alike)), width)
            whole = np.isfinite(values).all(axis=1)
            norm[rows[whole]] = np.sqrt((values[whole] ** 2).sum(axis=1))
            projected[rows[whole]] = values[whole] if turn is None else values[whole] @ turn
        start += len(chunk)
    there = lengths >= 0
    unusable = int((there & np.isnan(norm)).sum())
    if unusable:
        notes.append(f"{name}: {unusable} of {int(there.sum())} rows have another length than {width}, or no number")
    return Representation(width, projected, norm)


def _matrix(block: pa.Array, width: int) -> Array:
    """(rows, width) of lists that are all so long; values beyond 1e15 pass for no number."""
    flat = pc.list_flatten(block).cast(pa.float64(), safe=False)
    values = flat.to_numpy(zero_copy_only=False).reshape(-1, width)
    with np.errstate(invalid="ignore"):
        return np.where(np.abs(values) <= 1e15, values, np.nan)  # noqa: PLR2004  # its square is finite in single precision


def _directions(width: int) -> Array:
    """(width, 32) the same for ever."""
    rng = np.random.Generator(np.random.Philox(width))
    return np.asarray(rng.standard_normal((width, PROJECTED)) / np.sqrt(PROJECTED))


def _largest(name: str, column: pa.ChunkedArray, notes: list[str]) -> Array | None:
    """(n,) largest number of each list; NaN where there is none."""
    lists = _as_lists(name, column, notes)
    if lists is None:
        return None
    found = np.full(len(lists), np.nan)
    start = 0
    for chunk in lists.chunks:
        flat = pc.list_flatten(chunk).cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
        np.fmax.at(found, start + pc.list_parent_indices(chunk).to_numpy(zero_copy_only=False), flat)
        start += len(chunk)
    return np.where(np.isfinite(found), found, np.nan)
