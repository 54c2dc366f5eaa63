"""Parts of the data: which rows belong to which declared slice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from baseline_pipeline.arrow_numbers import nearest_doubles, numeric, there
from baseline_pipeline.errors import DataUnreadable
from baseline_pipeline.expression import Expression, values_of

if TYPE_CHECKING:
    from baseline_pipeline.contract.slices import SliceSpec

MAX_LEVELS = 1000
"""Slices made of one declaration, largest first; what is beyond is gathered in one slice of the rest."""


@dataclass(frozen=True)
class SliceRows:
    """The rows of one slice.

    Attributes:
        name: `carrier=EV`, `carrier=EV & origin=JFK`, or the name of a condition.
        rows: positions of its rows, ascending.
        min_rows: below this it is reported and never judged.
    """

    name: str
    rows: np.ndarray[Any, Any]
    min_rows: int


def find_slices(
    specs: Sequence[SliceSpec], columns: pa.Table, *, quantiles_of: pa.Table | None = None
) -> list[SliceRows]:
    """The slices that the declarations make of some rows, in the declarations' order.

    A declared condition that no row satisfies is a slice without rows; a missing value, NaN included, is a value
    of its own, `(missing)`. What two declarations make alike is one slice, the first one's.

    Args:
        specs: The declarations.
        columns: The slice columns, n rows.
        quantiles_of: Rows whose quantiles cut numeric columns; the same ones by default.

    Raises:
        DataUnreadable: when a column is absent, is to be cut at quantiles and holds no numbers, or does not go with a
            condition.
    """
    found: dict[str, SliceRows] = {}
    for spec in specs:
        if spec.where is not None:
            rows = np.flatnonzero(_satisfying(spec.where, columns))
            made = [SliceRows(spec.name or spec.where, rows, spec.min_rows)]
        else:
            made = _levels(spec, columns, columns if quantiles_of is None else quantiles_of)
        for one in made:
            found.setdefault(one.name, one)
    return list(found.values())


def level_names(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """What each value is called in the name of a slice: its text (UTC where a zone is known), of a midnight its day.

    A missing value has no name, NaN included.

    A value's name depends on nothing but the value, so that slices of other rows are called alike.

    Raises:
        DataUnreadable: where values have no text: lists, or bytes that are not UTF-8.

    Example:
        >>> import datetime as dt
        >>> noon, midnight = dt.datetime(2026, 2, 3, 12), dt.datetime(2026, 2, 3)
        >>> level_names(pa.chunked_array([[noon, midnight]])).to_pylist()
        ['2026-02-03 12:00:00.000000', '2026-02-03']
    """
    if pa.types.is_floating(values.type):
        values = pc.if_else(there(values), values, None)
    if not pa.types.is_timestamp(values.type):
        try:
            return values.cast(pa.string())
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            message = f"a slice is made of values of type {values.type}, which are no text ({error})"
            raise DataUnreadable(
                message, next_step="cast the column to text at the source, or slice by another"
            ) from error
    if values.type.tz is not None:
        values = values.cast(pa.timestamp(values.type.unit, "UTC"))
    encoded = values.combine_chunks().dictionary_encode()
    names = pc.replace_substring_regex(encoded.dictionary.cast(pa.string()), r" 00:00:00(\.0+)?Z?$", "")
    return pa.chunked_array([names.take(encoded.indices)])


def _levels(spec: SliceSpec, columns: pa.Table, quantiles_of: pa.Table) -> list[SliceRows]:
    by = spec.by or []
    codes = np.zeros(columns.num_rows, dtype=np.int64)
    names = [""]
    for column in by:
        values = _values(columns, column)
        texts = level_names(values)
        parts = spec.parts(column)
        if parts is not None:
            texts = _parts(column, values, _values(quantiles_of, column), parts)
        encoded = pc.fill_null(texts, "(missing)").combine_chunks().dictionary_encode()
        values = encoded.dictionary.to_pylist()
        codes = codes * len(values) + encoded.indices.to_numpy(zero_copy_only=False)
        codes, names = _compact(codes, names, [f"{column}={value}" for value in values])
    order = np.argsort(codes, kind="stable")
    bounds = np.searchsorted(codes[order], np.arange(len(names) + 1))
    levels = [SliceRows(name, order[bounds[i] : bounds[i + 1]], spec.min_rows) for i, name in enumerate(names)]
    levels.sort(key=lambda level: level.name)
    return _capped(levels, spec, by)


def _satisfying(where: str, columns: pa.Table) -> np.ndarray[Any, Any]:
    try:
        return Expression.parse(where).mask(columns)
    except ValueError as error:
        raise DataUnreadable(str(error), next_step="correct the condition, or mend the column at the source") from error


def _values(columns: pa.Table, axis: str) -> pa.ChunkedArray:
    try:
        return values_of(columns, axis)
    except ValueError as error:
        raise DataUnreadable(str(error), next_step="slice by the column's values, or name a text") from error
    except KeyError as error:
        message = f"slice {axis!r}: there is no such column; columns: {', '.join(columns.column_names)}"
        raise DataUnreadable(message, next_step="correct the name, or bring the column back at the source") from error


def _parts(name: str, column: pa.ChunkedArray, of: pa.ChunkedArray, count: int) -> pa.ChunkedArray:
    """Which part of like size each number lies in, as `q1/4` to `q4/4`; null where there is none."""
    kind = column.type
    if not numeric(kind):
        message = f"slice column {name!r} is {kind} and is to be cut at quantiles; accepted: numbers"
        raise DataUnreadable(message, next_step="leave out `quantiles` to slice by the column's values")
    numbers, reference = (nearest_doubles(one).to_numpy() for one in (column, of))
    reference = reference[np.isfinite(reference)]
    edges = np.quantile(reference, np.arange(1, count) / count) if len(reference) else np.zeros(0)
    part = np.searchsorted(edges, numbers, side="left") + 1
    return pa.chunked_array(
        [pa.array([f"q{one}/{count}" for one in part.tolist()], pa.string(), mask=np.isnan(numbers))]
    )


def _compact(codes: Any, before: list[str], after: list[str]) -> tuple[Any, list[str]]:
    """Number the combinations that occur; name them."""
    present, compact = np.unique(codes, return_inverse=True)
    names = [
        " & ".join(part for part in (before[int(code) // len(after)], after[int(code) % len(after)]) if part)
        for code in present
    ]
    return compact, names


def _capped(levels: list[SliceRows], spec: SliceSpec, by: Sequence[str]) -> list[SliceRows]:
    if len(levels) <= MAX_LEVELS:
        return levels
    largest = sorted(levels, key=lambda level: (-len(level.rows), level.name))
    rest = np.sort(np.concatenate([level.rows for level in largest[MAX_LEVELS:]]))
    name = f"{' & '.join(by)}: {len(levels) - MAX_LEVELS} smaller values"
    return [*sorted(largest[:MAX_LEVELS], key=lambda level: level.name), SliceRows(name, rest, spec.min_rows)]
