"""Bounds of a mean that agree with a self-normalised test of it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def lower_bound(total: Array, size: Array, critical: float) -> float:
    """The smallest mean that the test does not reject: above zero exactly where the test rejects zero.

    A mean h is rejected where sum(total - h size) / sqrt(sum (total - h size)^2) exceeds the critical
    value; the bound is the lower root of that quadratic (Fieller 1954), minus infinity where the
    units are too few to bound it.

    Args:
        total: (u,) sum of the contributions of every unit.
        size: (u,) rows of every unit; the mean is sum(total) / sum(size).
        critical: Of the self-normalised sum; positive.

    Example:
        >>> round(lower_bound(np.array([1.0, 2.0, 3.0, 2.0] * 5), np.ones(20), 2.33), 3)
        1.568
    """
    square = critical**2
    a = float(size.sum() ** 2 - square * (size**2).sum())
    b = float(total.sum() * size.sum() - square * (total * size).sum())
    c = float(total.sum() ** 2 - square * (total**2).sum())
    if a <= 0:
        return -math.inf
    return (b - math.sqrt(max(b * b - a * c, 0.0))) / a
