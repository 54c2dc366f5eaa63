"""The same rows as they were learned from and as they were served: which column is not the same."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from baseline_pipeline.arrow_numbers import numeric
from baseline_pipeline.records import Record
from baseline_pipeline.summaries.arrays import doubles

Array = np.ndarray[Any, Any]
EQUAL = 1e-9
"""Relative difference up to which two numbers are the same; of narrower types, what they round by."""


class Skew(Record):
    """One column whose values differ between two tables of the same rows."""

    column: str
    rows: int
    different: int
    mean_difference: float | None = None
    """Serving less training, over the rows that differ and hold numbers in both; `None` without such rows."""
    largest_difference: float | None = None
    """The largest, without its sign."""
    lost: int = 0
    """Rows that have a value in training and none in serving; they differ."""


def skews(training: pa.Table, serving: pa.Table, columns: Sequence[str]) -> tuple[Skew, ...]:
    """Columns that differ, most rows first. A missing value equals a missing value.

    Args:
        training: n rows as the model's data has them.
        serving: The same rows in the same order, as they were served.
        columns: Which to compare.

    Example:
        >>> one, two = pa.table({"a": [1.0, 2.0], "b": ["x", "y"]}), pa.table({"a": [1, 4], "b": ["x", "y"]})
        >>> [(each.column, each.different, each.mean_difference) for each in skews(one, two, ["a", "b"])]
        [('a', 1, 2.0)]
    """
    found = [_skew(name, training.column(name), serving.column(name)) for name in columns]
    return tuple(sorted((one for one in found if one.different), key=lambda one: (-one.different, one.column)))


def _skew(name: str, training: pa.ChunkedArray, serving: pa.ChunkedArray) -> Skew:
    empty = [pc.is_null(part, nan_is_null=True).to_numpy() for part in (training, serving)]
    lost = int((~empty[0] & empty[1]).sum())
    if not (_numeric(training) and _numeric(serving)):
        texts = [pc.fill_null(pc.cast(part, pa.string()), "\0").combine_chunks() for part in (training, serving)]
        different = pc.not_equal(*texts).to_numpy(zero_copy_only=False)
        return Skew(column=name, rows=len(training), different=int(different.sum()), lost=lost)
    rounding = max(EQUAL, _rounding(training.type), _rounding(serving.type))
    before, after = doubles(training), doubles(serving)
    different = ~np.isclose(before, after, rtol=rounding, atol=0.0, equal_nan=True)
    sized = different & np.isfinite(before) & np.isfinite(after)
    gap: Array = after[sized] - before[sized]
    return Skew(
        column=name,
        rows=len(before),
        different=int(different.sum()),
        mean_difference=float(gap.mean()) if len(gap) else None,
        largest_difference=float(np.abs(gap).max()) if len(gap) else None,
        lost=lost,
    )


def _numeric(column: pa.ChunkedArray) -> bool:
    kind = column.type
    return numeric(kind) or bool(pa.types.is_boolean(kind))


def _rounding(kind: pa.DataType) -> float:
    return float(np.finfo(kind.to_pandas_dtype()).eps) if pa.types.is_floating(kind) else 0.0
