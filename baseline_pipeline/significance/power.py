"""What could have been seen, and how much data it takes."""

from __future__ import annotations

import math


def minimum_detectable_effect(error: float, critical: float, power: float, units: float = math.inf) -> float:
    """The harm that a one-sided test finds with the power given, in the metric's unit.

    Args:
        error: Standard error of the harm.
        critical: What the test's statistic has to exceed.
        power: Chance of finding it.
        units: Independent units of equal weight, where the statistic is self-normalised: sum(w) / sqrt(sum(w^2)) is
            no t, and of few units it cannot be large. Infinite harm where it cannot exceed the critical value at all.

    Source: Efron (1969), Student's t-test under symmetry conditions, JASA 64:1278; the chance is a noncentral t's.

    Example:
        >>> [round(minimum_detectable_effect(0.01, 2.7, 0.8, units), 3) for units in (math.inf, 5000, 16, 7)]
        [0.035, 0.035, 0.045, inf]
    """
    if math.isinf(units):
        return (critical + normal_quantile(power)) * error
    if units <= critical**2:
        return math.inf
    from scipy.special import nctdtrinc

    student = critical * math.sqrt((units - 1) / (units - critical**2))
    return float(nctdtrinc(units - 1, 1 - power, student)) * error


def new_rows_required(
    rows: int, error: float, fixed: float, margin: float, alpha: float, power: float, room: float = 0.0
) -> int | None:
    """Rows needed to show non-inferiority with the power given, where in truth nothing changed.

    The closed form n (((z_(1-alpha) + z_power) error + room) / margin)^2, where all of the error shrinks; optimistic
    below about ten discordant rows. Beside rows that stay as they are, their share of the error does too.

    Args:
        rows: New rows at hand.
        error: Standard error of the harm; above zero.
        fixed: The part of it that more new rows do not take away.
        margin: What is to be shown.
        alpha: Of the non-inferiority test.
        power: Chance of showing it.
        room: What the bound lies above the harm by beside its error; it shrinks as errors do.

    Returns:
        How many; `None` where no number of new rows is enough.

    Example:
        >>> [new_rows_required(5000, 0.004, fixed, 0.005, 0.05, 0.8) for fixed in (0.0, 0.001, 0.0021)]
        [19785, 24642, None]
    """
    both = normal_quantile(1 - alpha) + normal_quantile(power) + room / error
    left = (margin / both) ** 2 - fixed**2
    return math.ceil(rows * (error**2 - fixed**2) / left) if left > 0 else None


def normal_quantile(level: float) -> float:
    """Quantile of the standard normal distribution.

    Example:
        >>> round(normal_quantile(0.975), 4)
        1.96
    """
    from statistics import NormalDist

    return NormalDist().inv_cdf(level)
