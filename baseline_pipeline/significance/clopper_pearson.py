"""Exact upper bound of a proportion (Clopper and Pearson 1934)."""

from __future__ import annotations


def clopper_pearson_upper(successes: int, trials: int, confidence: float = 0.95) -> float:
    """The largest proportion that `successes` of `trials` do not contradict, one-sided.

    Example:
        The rule of three: nothing in 300 trials bounds the rate at about 1 %.

        >>> round(clopper_pearson_upper(0, 300), 4)
        0.0099
    """
    from scipy.special import betaincinv

    if successes >= trials:
        return 1.0
    return float(betaincinv(successes + 1, trials - successes, confidence))
