"""A t test that allows for skewness where a plain one would alarm, or pass, too often."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtr, ndtri, stdtrit

if TYPE_CHECKING:
    from baseline_pipeline.significance.clustered import Uncertainty


def tempered(t: float, skewness: float) -> float:
    """A t statistic, drawn towards zero where its estimate's skewness makes it stray further on that side.

    An estimate that is skewed downwards has errors that are too small when it is too high (few rows that have not yet
    met their share of large losses look sure of themselves), so that t exceeds its quantile too often. Hall's cubic
    takes that back to the order of 1 / n: g(t) = t + s (t^2 / 3 + 1 / 6) + s^2 t^3 / 27, s being the skewness of the
    estimate; it grows with t, turns its sign with t and s, and is used only where it is nearer to zero.

    Args:
        t: Estimate over its standard error.
        skewness: Of the estimate; that of single values over the square root of their number.

    Source: Johnson (1978), Modified t tests and confidence intervals for asymmetrical populations, JASA 73:536; Hall
        (1992), On the removal of skewness by transformation, JRSS B 54:221.

    Example:
        >>> [round(tempered(t, -0.2), 2) for t in (2.5, -2.5, 5.0)]
        [2.07, -2.5, 3.49]
    """
    if skewness * t >= 0:
        return t
    cubed = t + skewness * (t**2 / 3 + 1 / 6) + skewness**2 * t**3 / 27
    return float(np.clip(cubed, min(t, 0.0), max(t, 0.0)))


def stretched(critical: float, skewness: float) -> float:
    """What t has to exceed, or reach, for `tempered` to come to a critical value.

    Args:
        critical: Of t.
        skewness: Of the estimate.

    Example:
        >>> [round(stretched(2.33, skewness), 2) for skewness in (-0.2, 0.0, 0.2)]
        [2.88, 2.33, 2.33]
        >>> round(tempered(stretched(2.33, -0.2), -0.2), 2)
        2.33
    """
    if skewness * critical >= 0:
        return critical
    far = critical - skewness / 6
    root = float(np.cbrt(1 + skewness * far))
    found = 3 * far / (root**2 + root + 1)  # 3 (root - 1) / skewness
    return max(found, critical) if critical > 0 else min(found, critical)


def reach(uncertainty: Uncertainty, level: float) -> float:
    """How far above an estimate the truth can lie; below it, that of its opposite (`times(-1)`).

    Args:
        uncertainty: Of the estimate.
        level: One-sided, below one half.

    Example:
        >>> from baseline_pipeline.significance.clustered import Uncertainty
        >>> [round(reach(Uncertainty(0.1, 50.0, 100, skewness), 0.05), 3) for skewness in (-0.2, 0.0, 0.2)]
        [0.168, 0.168, 0.195]
    """
    quantile = float(ndtri(level)) if np.isinf(uncertainty.degrees) else float(stdtrit(uncertainty.degrees, level))
    return -stretched(quantile, uncertainty.skewness) * uncertainty.error


def below(uncertainty: Uncertainty, critical: float) -> float:
    """How far an estimate has to lie above zero for its tempered statistic to reach a critical value.

    Args:
        uncertainty: Of the estimate.
        critical: On the scale of a standard normal, above zero.

    Example:
        >>> from baseline_pipeline.significance.clustered import Uncertainty
        >>> [round(below(Uncertainty(0.1, 50.0, 100, skewness), 2.33), 3) for skewness in (-0.2, 0.0, 0.2)]
        [0.3, 0.241, 0.241]
    """
    return reach(uncertainty.times(-1), float(ndtr(-critical)))
