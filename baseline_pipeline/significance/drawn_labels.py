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


def drawn_labels(added: Array, chance: Array, mean: float, together: float = 1.0) -> DrawnLabels:
    """A mean over rows whose labels are drawn independently, from the cumulants of every row.

    Args:
        added: (n, k) what a row adds to the sum with each of k labels, up to a constant of its own.
        chance: (n, k) of each label.
        mean: Expected.
        together: By how much clusters raise the variance of a mean over rows.

    Example:
        >>> wrong, even = np.array([[0.0, 1.0], [0.0, 1.0]]), np.full((2, 2), 0.5)
        >>> drawn_labels(wrong, even, mean=0.5).variance
        0.125
    """
    apart = added - (chance * added).sum(axis=1, keepdims=True)
    squares = apart**2
    second = (chance * squares).sum(axis=1)
    total = float(second.sum())
    if total == 0:
        return DrawnLabels(mean, 0.0, 0.0, 0.0)
    third = float((chance * squares * apart).sum())
    fourth = float((chance * squares**2).sum() - 3 * (second**2).sum())
    return DrawnLabels(
        mean=mean,
        variance=together * total / len(apart) ** 2,
        growth=together * max(third, 0.0) / total / len(apart),
        unsure=float(np.sqrt(max(fourth, 0.0))) / total,
    )


def chances(one: Array, two: Array, label: Array) -> Array:
    """(n, k) chances of each class: midway between two models, and as many of each as were seen.

    Under the middle of two models' probabilities neither has the better Brier score of any row. Scores that promise
    more of a class than came, as those of reweighted training do, are put right by the odds of classes alone (Saerens,
    Latinne and Decaestecker 2002, Neural Computation 14:21, equation 4).

    Args:
        one: (n, k) probabilities of the classes.
        two: The other model's of the same rows.
        label: (n,) whole numbers below k.

    Example:
        >>> one, two = np.array([[0.5, 0.5], [0.5, 0.5]]), np.array([[0.5, 0.5], [0.7, 0.3]])
        >>> chances(one, two, np.array([1, 0]))[:, 1].round(2).tolist()
        [0.55, 0.45]
    """
    middle = (one.astype(float) + two) / 2
    classes = middle.shape[1]
    promised = np.clip(middle.mean(axis=0), LEAST, 1 - LEAST)
    seen = (np.bincount(label.astype(np.int64), minlength=classes) + PRIOR) / (len(label) + classes * PRIOR)
    found = middle * (seen / promised)
    found = np.clip(found / np.maximum(found.sum(axis=1, keepdims=True), LEAST), LEAST, 1.0)
    return np.asarray(found / found.sum(axis=1, keepdims=True))
