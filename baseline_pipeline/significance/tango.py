"""Score interval for the difference of two paired proportions (Tango 1998)."""

from __future__ import annotations

import math


def tango_bound(worse: int, better: int, rows: int, z: float) -> float:
    """Upper bound of (worse - better) / rows, where z standard errors lie above.

    Holds its level down to a handful of discordant rows, where Wald's interval does not.
    Source: Tango (1998), Equivalence test and confidence interval for the difference in
    proportions for the paired-sample design, Statistics in Medicine 17:891.

    Args:
        worse: Rows that were right and are wrong now.
        better: Rows that were wrong and are right now.
        rows: All paired rows.
        z: Standard normal quantile of the level: 1.645 bounds one-sided at 95 %.

    Example:
        One of 44 pairs got worse, none better: 95 % two-sided.

        >>> round(tango_bound(1, 0, 44, 1.959964), 3), round(-tango_bound(0, 1, 44, 1.959964), 3)
        (0.118, -0.059)
    """
    low, high = (worse - better) / rows, 1.0
    for _ in range(80):
        middle = (low + high) / 2
        if _score(worse, better, rows, middle) > -z:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _score(worse: int, better: int, rows: int, difference: float) -> float:
    """Standardised distance of the observed from a supposed difference, at its restricted maximum."""
    b = -worse - better + (2 * rows - worse + better) * difference
    c = -better * difference * (1 - difference)
    q = (math.sqrt(max(b * b - 8 * rows * c, 0.0)) - b) / (4 * rows)
    variance = rows * (2 * q + difference * (1 - difference))
    gap = worse - better - rows * difference
    if variance <= 0:
        return 0.0 if gap == 0 else math.copysign(math.inf, gap)
    return gap / math.sqrt(variance)
