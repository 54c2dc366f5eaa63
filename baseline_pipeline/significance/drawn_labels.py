"""How far a mean harm may lie above the one seen because few labels decide it: a score bound by drawing labels anew.

Errors that come from a sample know nothing of rows that it does not hold. Where 25 of 5,000 rows are positive and a
candidate harms a tenth of the rows, two or three positives carry the harm; a sample without them looks harmless and
sure of it. What the positives could have done is known from the scores of all rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

LEAST = 1e-9
"""Chance that no label falls below."""
PRIOR = 0.5
"""Rows that either class has besides those seen (Jeffreys 1946): none seen does not mean that none come."""
CLEAR = 2.0
"""Standard deviations by which an observed variance must lie below the drawn one for scores to be wrong about it."""


@dataclass(frozen=True)
class DrawnLabels:
    """What a mean over rows does when their labels are drawn anew.

    Attributes:
        mean: expected.
        variance: of the mean.
        growth: how much its variance grows by its expectation: the third cumulant over the second.
        unsure: standard deviation of the variance that a sample shows, over the variance.
    """

    mean: float
    variance: float
    growth: float
    unsure: float

    def reach(self, seen: float, error: float, quantile: float) -> float:
        """How far above the mean seen its upper bound lies.

        The bound is the largest expectation m with m - seen <= quantile * sd(m), where labels are drawn so that m is
        expected. Chances are tilted towards harm for that, and to first order the variance grows by `growth` for each
        unit of m. So the inequality is solved for m, as Wilson (1927, J. Am. Stat. Assoc. 22:209) did for a share; of
        a count it gives what his bound gives. Where many rows decide, scores may be wrong (too timid ones draw too
        much), and the error seen is trusted: the variance goes beyond its square by no more than luck would hide.

        Args:
            seen: The mean.
            error: Its standard error as the sample has it.
            quantile: Of the standard normal, at the bound's level.

        Example:
            Of ten positives none was harmed; three harmed ones at most: 2.7 = 1.645 squared.

            >>> drawn = DrawnLabels(mean=1.0, variance=1.0, growth=1.0, unsure=1.0)
            >>> round(drawn.reach(0.0, 0.0, 1.645), 2)
            2.71
        """
        here = max(self.variance + self.growth * (seen - self.mean), 0.0)
        here = min(here, error**2 + CLEAR * self.unsure * self.variance)
        grown = quantile**2 * self.growth
        return float(grown + np.sqrt(grown**2 + 4 * quantile**2 * here)) / 2


def drawn_labels(apart: Array, chance: Array, mean: float, together: float = 1.0) -> DrawnLabels:
    """A mean over rows whose labels are drawn independently, from the cumulants of every row.

    Args:
        apart: (n,) what a row adds to the sum as a positive, beyond what it adds as a negative.
        chance: (n,) of being positive.
        mean: Expected.
        together: By how much clusters raise the variance of a mean over rows.
    """
    square, spread = apart**2, chance * (1 - chance)
    second = square * spread
    total = float(second.sum())
    if total == 0:
        return DrawnLabels(mean, 0.0, 0.0, 0.0)
    third = float((second * apart * (1 - 2 * chance)).sum())
    fourth = float((second * square * (1 - 6 * spread)).sum())
    return DrawnLabels(
        mean=mean,
        variance=together * total / len(apart) ** 2,
        growth=together * max(third, 0.0) / total / len(apart),
        unsure=float(np.sqrt(max(fourth, 0.0))) / total,
    )


def chances(one: Array, two: Array, label: Array) -> Array:
    """(n,) chances of being positive: midway between two models, and as many as were seen.

    Under the middle of two models' probabilities neither has the better Brier score of any row. Scores that promise
    more positives than came, as those of reweighted training do, are put right by the odds of a class alone (Saerens,
    Latinne and Decaestecker 2002, Neural Computation 14:21, equation 4).

    Args:
        one: (n,) probabilities of the positive class.
        two: The other model's of the same rows.
        label: (n,) 0 or 1.

    Example:
        >>> chances(np.array([0.5, 0.5]), np.array([0.5, 0.3]), np.array([1, 0])).round(2).tolist()
        [0.55, 0.45]
    """
    middle = (one.astype(float) + two) / 2
    promised = min(max(float(middle.mean()), LEAST), 1 - LEAST)
    seen = (float(label.sum()) + PRIOR) / (len(label) + 2 * PRIOR)
    positive, negative = middle * (seen / promised), (1 - middle) * ((1 - seen) / (1 - promised))
    return np.clip(positive / (positive + negative), LEAST, 1 - LEAST)
