"""Whether a few runs settle that a candidate needs no more: then the others need not be made."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import stdtrit

Array = np.ndarray[Any, Any]

LOOKS = (4, 8)
"""Pairs of runs after which one looks, where more are to come."""
LEVEL = 0.005
"""One-sided, of the bound at a look."""
PART = 0.5
"""Part of the margin that the bound must lie below."""


def settled(harm: Array, margin: float) -> bool:
    """Whether the mean harm is shown to lie below half the margin, by t at 99.5 %.

    Stopping then can only spare an alarm, never raise one: the rate of false alarms is that of the runs in full. Harm
    of the margin's size passes so only where t comes out below -5.8 (four runs) or -3.5 (eight), less half a margin in
    standard errors: in at most 1 % of such cases over both looks, whatever the spread, and in next to none where the
    spread is small enough for stopping to be likely.

    Args:
        harm: (n,) of each pair of runs, positive is worse: logs of ratios, for example.
        margin: What is tolerated, on the same scale.

    Example:
        >>> settled(np.array([0.001, -0.002, 0.000, 0.001]), 0.05)
        True
        >>> settled(np.array([0.001, -0.052, 0.060, 0.001]), 0.05)
        False
    """
    if len(harm) not in LOOKS:
        return False
    error = float(harm.std(ddof=1)) / np.sqrt(len(harm))
    return bool(float(harm.mean()) + float(stdtrit(len(harm) - 1, 1 - LEVEL)) * error < PART * margin)
