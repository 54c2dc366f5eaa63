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


def clopper_pearson(successes: int, trials: int, confidence: float = 0.95) -> tuple[float, float]:
    """The two-sided exact interval.

    Example:
        >>> low, high = clopper_pearson(8, 10)
        >>> round(low, 3), round(high, 3)
        (0.444, 0.975)
    """
    side = (1 + confidence) / 2
    return 1 - clopper_pearson_upper(trials - successes, trials, side), clopper_pearson_upper(successes, trials, side)
