"""Errors of estimates whose rows move together: sums over clusters, with honest degrees of freedom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Uncertainty:
    """How sure an estimate is.

    Attributes:
        error: standard error.
        degrees: degrees of freedom of its t distribution.
        clusters: independent units it rests on.
        skewness: of the estimate itself, which is that of its terms over the square root of their number.
    """

    error: float
    degrees: float
    clusters: int
    skewness: float = 0.0

    def times(self, factor: float) -> Uncertainty:
        """The same of a multiple of the estimate."""
        return replace(self, error=abs(factor) * self.error, skewness=float(np.sign(factor)) * self.skewness)

    def symmetric(self) -> Uncertainty:
        """The same of an estimate that luck moves up as often as down."""
        return replace(self, skewness=0.0)


def clustered(influence: Array, cluster: Array | None, groups: int | None = None) -> Uncertainty:
    """The standard error of a mean of influences, clusters respected.

    Sums over clusters leave an error that is too small when clusters are few or unequal: every sum
    is divided by 1 - its cluster's share of the rows before squaring (the jackknife, CR3: MacKinnon
    and White 1985; Cameron and Miller 2015), and the degrees of freedom are Satterthwaite's for the
    shares, (sum s^2)^2 / sum s^4 - 1, which is G - 1 for G equal clusters; never more than the tails of
    the sums allow.

    Args:
        influence: (n,) influences with mean zero.
        cluster: (n,) cluster numbers from 0, or `None` where rows are independent.
        groups: How many cluster numbers there may be; the largest plus one by default.

    Example:
        >>> moves, days = np.array([1.0, 1.0, -1.0, -1.0]), np.array([0, 0, 1, 1])
        >>> round(clustered(moves, None).error, 3), round(clustered(moves, days).error, 3)
        (0.577, 1.0)
    """
    rows = len(influence)
    if cluster is None:
        error = float(np.sqrt((influence**2).sum() * rows / max(rows - 1, 1))) / rows
        return Uncertainty(error, max(min(rows - 1.0, _degrees(influence)), 1.0), rows, _skewness(influence))
    size = np.bincount(cluster, minlength=groups or 0)
    total = np.bincount(cluster, influence, minlength=groups or 0)
    return of_sums(total, size)


def of_sums(total: Array, size: Array) -> Uncertainty:
    """The same from what was summed up.

    Args:
        total: (g,) sum of the influences of every cluster.
        size: (g,) its rows; clusters without rows are left out.

    Example:
        >>> round(of_sums(np.array([2.0, -2.0]), np.array([2, 2])).error, 3)
        1.0
    """
    total, size = total[size > 0], size[size > 0]
    rows = size.sum()
    share = size / rows
    count = len(size)
    if count < 2:  # noqa: PLR2004  # one cluster has no spread
        return Uncertainty(float("inf"), 1.0, count)
    shrink = np.sqrt((count - 1) / count)
    moved = total / (1 - share)
    error = float(np.sqrt((moved**2).sum()) * shrink / rows)
    leverage = share**2
    degrees = min(float(leverage.sum() ** 2 / (leverage**2).sum()) - 1, _degrees(total))
    return Uncertainty(error, max(degrees, 1.0), count, _skewness(moved))


def of_samples(samples: Sequence[tuple[Array, Array]]) -> Uncertainty:
    """The standard error of a sum of means over samples that hold some clusters in common, and others alone.

    Leaving a cluster out changes each mean by what the cluster weighs in that sample: few new days beside many old ones
    are as unsure as few days are. Clusters that samples share cancel as far as their sums do. Where all samples hold
    the same rows this is `of_sums`; where they have no cluster in common, degrees are about Welch's.

    Args:
        samples: Of each, (g,) sums of its influences by cluster, divided by its rows and times its weight in the sum;
            and (g,) shares of its rows, zero where it has none of a cluster.

    Example:
        >>> one, two = np.full(30, 1 / 30), np.array([0.5, 0.5])
        >>> old = (np.r_[np.tile([1, -1], 15) / 30, 0, 0], np.r_[one, 0, 0])
        >>> new = (np.r_[np.zeros(30), 0.5, -0.5], np.r_[np.zeros(30), two])
        >>> found = of_samples([old, new])
        >>> round(found.error, 2), round(found.degrees, 1)
        (1.02, 1.3)
    """
    moved, largest = np.zeros_like(samples[0][0]), np.zeros_like(samples[0][1])
    for total, share in samples:
        count = int((share > 0).sum())
        if count < 2:  # noqa: PLR2004  # one cluster has no spread
            return Uncertainty(float("inf"), 1.0, count)
        moved += total / (1 - share) * np.sqrt((count - 1) / count)
        largest = np.maximum(largest, share)
    known = largest > 0
    leverage = largest[known] ** 2
    degrees = min(float(leverage.sum() ** 2 / (leverage**2).sum()) - 1, _degrees(moved[known]))
    return Uncertainty(float(np.sqrt((moved**2).sum())), max(degrees, 1.0), int(known.sum()))


def _degrees(sums: Array) -> float:
    """Degrees of freedom that a sum of squares has when its terms have these tails.

    The variance of a variance is (kurtosis - 1) / n of its square: 2 n / (kurtosis - 1) degrees, n of them
    for normal sums, few where a handful of rows (the rare class, say) carries nearly all of it. Source:
    Satterthwaite (1946), Biometrics Bulletin 2:110, with the moments that the data have.
    """
    squares = sums**2
    square = float(squares.sum())
    if square == 0:
        return float(len(sums))
    kurtosis = len(sums) * float((squares**2).sum()) / square**2
    return 2 * len(sums) / max(kurtosis - 1, 1e-9)


def _skewness(sums: Array) -> float:
    """Skewness of a sum of independent terms with mean zero: sum s^3 / (sum s^2)^1.5."""
    squares = sums**2
    square = float(squares.sum())
    return float((sums * squares).sum()) / square**1.5 if square > 0 else 0.0  # a cube by power is far slower


def supported(uncertainty: Uncertainty, support: int | None) -> Uncertainty:
    """The same error, with no more degrees of freedom than the rows that it rests on allow.

    A ratio or an AUC over few positives varies with those, however many rows stand beside them; one
    row has no spread at all.

    Args:
        uncertainty: Of all rows.
        support: Rows of the thinnest group averaged over; `None` where that is all rows.

    Example:
        >>> supported(Uncertainty(0.02, 999.0, 1000), 12).degrees
        11.0
    """
    if support is None:
        return uncertainty
    if support < 2:  # noqa: PLR2004  # one row has no spread
        return replace(uncertainty, error=float("inf"), degrees=1.0)
    return replace(uncertainty, degrees=min(uncertainty.degrees, support - 1.0))


def over(uncertainty: Uncertainty, support: int | None) -> Uncertainty:
    """The same as `supported`, its units being the rows that it rests on.

    Args:
        uncertainty: Of all rows.
        support: Rows of the thinnest group averaged over; `None` where that is all rows.

    Example:
        >>> found = over(Uncertainty(0.02, 999.0, 1000), 12)
        >>> found.degrees, found.clusters
        (11.0, 12)
    """
    return replace(supported(uncertainty, support), clusters=uncertainty.clusters if support is None else support)


def independent_sum(first: Uncertainty, second: Uncertainty) -> Uncertainty:
    """The error of a sum of two independent estimates (Welch 1947, Satterthwaite 1946).

    Example:
        >>> found = independent_sum(Uncertainty(0.3, 10.0, 11), Uncertainty(0.4, 20.0, 21))
        >>> round(found.error, 3), round(found.degrees, 1)
        (0.5, 29.9)
    """
    a, b = first.error**2, second.error**2
    if a + b == 0:
        return Uncertainty(0.0, first.degrees + second.degrees, first.clusters + second.clusters)
    if not np.isfinite(a + b):  # one cluster has no spread
        return Uncertainty(float("inf"), 1.0, first.clusters + second.clusters)
    degrees = (a + b) ** 2 / (a * a / first.degrees + b * b / second.degrees)
    error = float(np.sqrt(a + b))
    third = sum(one.skewness * (one.error / error) ** 3 for one in (first, second))
    return Uncertainty(error, degrees, first.clusters + second.clusters, third)


def no_surer(own: Uncertainty, rows: Uncertainty, others: Uncertainty) -> Uncertainty:
    """A mean's uncertainty, no surer than if its rows were drawn from those of both sides.

    That is where they come from if nothing changed. A slice that holds 200 rows of the baseline and none of its rare
    errors has no spread of its own and would be sure of a rate of zero; the rows beside it know better.

    Args:
        own: Of the mean, clusters respected.
        rows: The same as if rows were independent; its `clusters` are those that it averages over.
        others: That of the other side.

    Source: the score test's error, that of the null hypothesis (Rao 1948), where it is the larger one.

    Example:
        >>> none, some = Uncertainty(0.0, 199.0, 200), Uncertainty(0.005, 39.2, 800, 0.2)
        >>> found = no_surer(none, none, some)
        >>> round(found.error, 4), round(found.skewness, 2)
        (0.0089, 0.45)
    """
    if not np.isfinite(rows.error + others.error):
        return own
    count, both = rows.clusters, rows.clusters + others.clusters
    second = third = fourth = 0.0
    for side in (rows, others):
        part, variance = side.clusters / both, side.error**2 * side.clusters
        second += part * variance
        third += part * side.skewness * side.error**3 * side.clusters**2
        fourth += part * variance**2 * (1 + 2 * side.clusters / side.degrees)
    error = float(np.sqrt(second / count))
    if not error > own.error:  # none at all is no surer
        return own
    degrees = min(count - 1.0, 2 * count / max(fourth / second**2 - 1, 1e-9))
    return Uncertainty(error, max(degrees, 1.0), own.clusters, third / second**1.5 / float(np.sqrt(count)))


def of_counts(influence: Array, count: Array, squares: Array | None = None, within: Array | float = 0.0) -> Uncertainty:
    """The standard error of a mean over independent rows of which many are alike.

    Args:
        influence: (c,) influence of each of the like rows.
        count: (c,) how many there are of each.
        squares: (c,) sum of their squared weights, at mean weight one; their number where they count alike.
        within: (c,) sum of squares of what the rows differ by from their like.

    Example:
        >>> like, apart = of_counts(np.array([1.0, -1.0]), np.array([3, 3])), clustered(np.repeat([1.0, -1.0], 3), None)
        >>> abs(like.error - apart.error) < 1e-15
        True
    """
    rows, squares = float(count.sum()), count if squares is None else squares
    own = influence**2
    square = own * squares + within
    total = float(square.sum())
    error = float(np.sqrt(total * rows / max(rows - 1, 1))) / rows
    if total == 0:
        return Uncertainty(error, max(rows - 1.0, 1.0), int(rows))
    kurtosis = rows * float((square**2 / count).sum()) / total**2
    degrees = max(min(rows - 1.0, 2 * rows / max(kurtosis - 1, 1e-9)), 1.0)
    cubes = influence * own * squares**2 / count + 3 * influence * within  # squares of weights stand in for their cubes
    return Uncertainty(error, degrees, int(rows), float(cubes.sum()) / total**1.5)
