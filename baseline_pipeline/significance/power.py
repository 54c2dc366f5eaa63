"""What could have been seen, and how much data it takes."""

from __future__ import annotations

import math


def minimum_detectable_effect(error: float, alpha: float, power: float) -> float:
    """The harm that a one-sided test at level alpha finds with the power given, in the metric's unit.

    Example:
        >>> round(minimum_detectable_effect(0.01, 0.01, 0.8), 4)
        0.0317
    """
    return (_z(1 - alpha) + _z(power)) * error


def rows_required(rows: int, error: float, margin: float, alpha: float, power: float) -> int:
    """Rows needed to show non-inferiority with the power given, where in truth nothing changed.

    The closed form n ((z_(1-alpha) + z_power) error / margin)^2; optimistic below about ten
    discordant rows.

    Example:
        >>> rows_required(5000, 0.004, 0.005, 0.05, 0.8)
        19785
    """
    return math.ceil(rows * ((_z(1 - alpha) + _z(power)) * error / margin) ** 2)


def _z(level: float) -> float:
    from statistics import NormalDist

    return NormalDist().inv_cdf(level)
