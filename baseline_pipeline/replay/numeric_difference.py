"""How far two sets of outputs for the same rows are apart, to the last bit."""

from __future__ import annotations

from typing import Any

import numpy as np

from baseline_pipeline.figures import counted
from baseline_pipeline.records import Record

Array = np.ndarray[Any, Any]


class NumericDifference(Record):
    """What differs between two arrays of outputs, row by row."""

    rows: int
    rows_changed: int
    largest_absolute: float
    largest_relative: float
    """Of the larger of the two values."""
    largest_ulp: int
    """Representable numbers between the two values, for the pair that is furthest apart."""

    @property
    def identical(self) -> bool:
        """Whether not a bit differs."""
        return self.rows_changed == 0

    def words(self) -> str:
        """The same for people."""
        if self.identical:
            return f"{counted(self.rows, 'row')} bit-identical"
        if self.largest_ulp == 0:  # texts, which have no distance
            return f"{self.rows_changed} of {self.rows} rows differ"
        return (
            f"{self.rows_changed} of {self.rows} rows differ, by up to {self.largest_absolute:.3g} "
            f"({self.largest_relative:.2g} relative, {self.largest_ulp:.3g} ULP)"
        )


def numeric_difference(before: Array, after: Array) -> NumericDifference:
    """Compare outputs exactly; what is no number equals itself, and beside a number differs without a size.

    Args:
        before: (n,) or (n, k) numbers, or (n,) texts.
        after: As many of the same kind.

    Raises:
        ValueError: when their shapes differ.

    Source: Goldberg (1991), What every computer scientist should know about floating-point arithmetic, for ULPs.

    Example:
        >>> found = numeric_difference(np.array([0.5, 0.1]), np.array([0.5, np.nextafter(0.1, 1)]))
        >>> found.rows_changed, found.largest_ulp
        (1, 1)
    """
    if before.shape != after.shape:
        message = f"outputs of shape {before.shape} and {after.shape}"
        raise ValueError(message)
    numbers = before.dtype.kind == "f" and after.dtype.kind == "f"
    apart = before != after
    if numbers:
        apart &= ~(np.isnan(before) & np.isnan(after))
    changed = apart.reshape(len(before), -1).any(axis=1)
    rows, count = len(before), int(changed.sum())
    sized = apart & np.isfinite(before) & np.isfinite(after) if numbers else np.zeros_like(apart)
    if not sized.any():
        return NumericDifference(
            rows=rows, rows_changed=count, largest_absolute=0.0, largest_relative=0.0, largest_ulp=0
        )
    one, two = before[sized], after[sized]
    gap = np.abs(one - two)
    size = np.maximum(np.abs(one), np.abs(two))
    steps = ulps(one, two)
    return NumericDifference(
        rows=rows,
        rows_changed=count,
        largest_absolute=float(gap.max()),
        largest_relative=float(np.max(gap[size > 0] / size[size > 0], initial=0.0)),
        largest_ulp=int(steps.max()),
    )


def ulps(one: Array, two: Array) -> Array:
    """(n,) representable doubles between two finite values each; saturates at 2^63 - 1.

    Example:
        >>> ulps(np.array([0.0, 1.0, -0.0]), np.array([5e-324, 1.0 + 2**-52, 0.0])).tolist()
        [1, 1, 0]
    """
    first, second = _ordered(one), _ordered(two)
    high, low = np.maximum(first, second), np.minimum(first, second)
    far = (low < 0) & (high > np.iinfo(np.int64).max + np.minimum(low, 0))
    return np.asarray(np.where(far, np.iinfo(np.int64).max, high - np.where(far, high, low)))


def _ordered(values: Array) -> Array:
    """Doubles as integers that stand in the same order, neighbours one apart."""
    bits = (values.astype(np.float64) + 0.0).view(np.int64)  # -0.0 becomes 0.0
    return np.where(bits < 0, np.iinfo(np.int64).min - bits, bits)
