"""Bounds of a mean that hold at all times at once, from running sums."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
Numbers = Array | float


def mixture_scale(alpha: float, rows: float) -> float:
    """rho, the standard deviation of the normal mixture over the mean's size, for the tightest bounds at so many rows.

    Source: Waudby-Smith et al. (2024), Time-uniform central limit theory and asymptotic confidence sequences, Ann.
    Stat. 52:2613 (arXiv 2103.06476), appendix B.2; Howard et al. (2021), Ann. Stat. 49:1055, section 3.5.

    Args:
        alpha: Error rate of a two-sided sequence; twice that of a one-sided one.
        rows: Where it shall be tightest; at a tenth of them it is a fifth wider than could be, at ten times a
            twentieth.

    Raises:
        ValueError: for an alpha outside (0, 1), or fewer than one row.

    Example:
        >>> round(mixture_scale(0.01, 20_000), 4)
        0.024
    """
    if not 0 < alpha < 1 or not rows >= 1:
        message = f"alpha {alpha} and {rows} rows stood here; accepted: alpha between 0 and 1, one row or more"
        raise ValueError(message)
    large = -2 * math.log(alpha)
    return math.sqrt((large + math.log(large + 1)) / rows)


def confidence_sequence(
    total: Numbers, squares: Numbers, rows: Numbers, *, alpha: float, expected_rows: float
) -> tuple[Array, Array]:
    """Lower and upper bound of the mean: with probability 1 - alpha it lies between them at all times.

    Asymptotic: the error rate is right once sums of rows behave as normal ones do, whatever the rows' distribution;
    some hundreds of rows with ten that are not zero. Rows need not be alike: where the mean moves, bounds are of its
    average so far.

    Sources: Robbins (1970), Ann. Math. Stat. 41:1397; Howard et al. (2021); Waudby-Smith et al. (2024), theorem 2.2.

    Args:
        total: (...) sum of the values so far, in their unit.
        squares: (...) sum of their squares; where rows move together, of the squared sums of clusters of rows.
        rows: (...) how many.
        alpha: Error rate over all time.
        expected_rows: Where the bounds shall be tightest, fixed before the data.

    Returns:
        (...) bounds in the unit of the values; infinite where there is nothing to know the spread from.

    Raises:
        ValueError: as `mixture_scale`.

    Example:
        110 worse rows and 60 better ones of 5,000.

        >>> low, high = confidence_sequence(50, 170, 5_000, alpha=0.05, expected_rows=5_000)
        >>> round(float(low), 4), round(float(high), 4)
        (0.0021, 0.0179)
    """
    scale = mixture_scale(alpha, expected_rows)
    mean, deviation, n = _moments(total, squares, rows)
    grown = n * scale**2 + 1
    reach = deviation * np.sqrt(2 * grown / (n * scale) ** 2 * np.log(np.sqrt(grown) / alpha))
    return np.asarray(mean - reach), np.asarray(mean + reach)


def mean_log_e_value(total: Numbers, squares: Numbers, rows: Numbers, *, alpha: float, expected_rows: float) -> Array:
    """Natural logarithm of the asymptotic e-value of "the mean is not positive".

    A normal mixture's half above zero: 2 (n rho^2 + 1)^-1/2 exp(y^2 / 2) Phi(y) with y = rho sum / (sd (n rho^2 +
    1)^1/2). It ever reaches 1/alpha with probability alpha or less, as far as the confidence sequence holds.

    Source: Robbins (1970); Waudby-Smith et al. (2024).

    Args:
        total: As for `confidence_sequence`, and so are the others, and what is raised.
        squares: As there.
        rows: As there.
        alpha: The error rate it is made sharpest for; it is an e-value for every other as well.
        expected_rows: As there.

    Returns:
        (...) logarithms; zero, no evidence, where there is nothing to know the spread from.

    Example:
        >>> round(float(mean_log_e_value(50, 170, 5_000, alpha=0.05, expected_rows=5_000)), 2)
        6.07
    """
    from scipy.special import log_ndtr

    scale = mixture_scale(_doubled(alpha), expected_rows)
    mean, deviation, n = _moments(total, squares, rows)
    grown = n * scale**2 + 1
    known = np.isfinite(deviation)
    y = scale * n * np.where(known, mean / np.where(known, deviation, 1.0), 0.0) / np.sqrt(grown)
    return np.asarray(np.where(known, math.log(2) - np.log(grown) / 2 + y * y / 2 + log_ndtr(y), 0.0))


def _doubled(alpha: float) -> float:
    """The two-sided rate that a one-sided one is half of; below one, for the scale's sake."""
    return min(2 * alpha, 1 - 1e-9) if 0 < alpha < 1 else alpha


def _moments(total: Numbers, squares: Numbers, rows: Numbers) -> tuple[Array, Array, Array]:
    """Mean, standard deviation of a row (infinite where unknown), and rows, at least one."""
    sums, powers, count = (np.asarray(one, dtype=float) for one in (total, squares, rows))
    n = np.maximum(count, 1.0)
    mean = sums / n
    variance = powers / n - mean * mean
    known = (count > 1) & (variance > 1e-12 * powers / n)
    return mean, np.where(known, np.sqrt(np.maximum(variance, 0.0)), np.inf), n
