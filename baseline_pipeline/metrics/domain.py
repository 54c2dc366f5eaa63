"""What a metric may be asked about: checks that turn a senseless question into words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from baseline_pipeline.figures import counted
from baseline_pipeline.metrics.outcomes import Array, Estimate, NotMeasurable, Outcomes


def dot(first: Array, second: Array) -> float:
    """The sum of products, added by pairs: the same for any number of threads, which BLAS does not promise.

    Example:
        >>> dot(np.array([1.0, 2.0]), np.array([3.0, 0.5]))
        4.0
    """
    return float((first * second).sum())


def rows_needed(outcomes: Outcomes) -> None:
    """Refuse an empty set of rows.

    Raises:
        NotMeasurable: when there are none.
    """
    if len(outcomes) == 0:
        message = "no rows"
        raise NotMeasurable(message)


def probabilities(outcomes: Outcomes) -> Array:
    """The scores, checked to be probabilities: (n,) for binary, (n, k) for multiclass.

    Raises:
        NotMeasurable: when there are none, or some are not finite or outside [0, 1].
    """
    rows_needed(outcomes)
    score = outcomes.score
    if score is None:
        message = "the model gives predictions without scores"
        raise NotMeasurable(message)
    if not np.isfinite(score).all():
        bad = ~np.isfinite(score).reshape(len(score), -1).all(axis=1)
        message = f"scores are not finite in {counted(int(bad.sum()), 'row')}"
        raise NotMeasurable(message)
    if score.min() < 0 or score.max() > 1:
        message = f"scores from {score.min():g} to {score.max():g} are not probabilities"
        raise NotMeasurable(message)
    return score


CERTAIN = 1e-6
"""Scores are taken to be no nearer to 0 and 1 than this where their log odds count."""


def log_odds(outcomes: Outcomes) -> Array:
    """The log odds of binary scores, (n,).

    Raises:
        NotMeasurable: when there are no scores, or they are no probabilities of one class.
    """
    score = probabilities(outcomes)
    if score.ndim > 1:
        message = "scores of several classes have no single log odds"
        raise NotMeasurable(message)
    inside = np.clip(score.astype(float), CERTAIN, 1 - CERTAIN)
    return np.asarray(np.log(inside) - np.log1p(-inside))


def probability(odds: Array) -> Array:
    """From log odds back to probabilities."""
    from scipy.special import expit

    return np.asarray(expit(odds))


def both_classes(outcomes: Outcomes) -> Array:
    """The positives as a mask, where both classes occur.

    Raises:
        NotMeasurable: when only one class does.
    """
    rows_needed(outcomes)
    positive: Array = outcomes.label == 1
    count, rows = outcomes.rows_in(positive), outcomes.rows_in(np.ones(len(positive), dtype=bool))
    if count in {0, rows}:
        message = f"single class: {count} of {rows} rows are positive"
        raise NotMeasurable(message)
    return positive


def rarer(outcomes: Outcomes, positive: Array) -> int:
    """Rows of the rarer class."""
    return min(outcomes.rows_in(positive), outcomes.rows_in(~positive))


def rarest(outcomes: Outcomes) -> int:
    """Rows of the rarest class that occurs."""
    present, place = np.unique(outcomes.label, return_inverse=True)
    return int(np.bincount(place, outcomes.count, len(present)).min())


def targets(outcomes: Outcomes) -> Array:
    """Residuals, prediction minus label, (n,), checked to be finite.

    Raises:
        NotMeasurable: when there are no rows or some values are not finite.
    """
    rows_needed(outcomes)
    residual: Array = np.asarray(outcomes.prediction, dtype=float) - np.asarray(outcomes.label, dtype=float)
    if not np.isfinite(residual).all():
        message = f"predictions or labels are not finite in {counted(int((~np.isfinite(residual)).sum()), 'row')}"
        raise NotMeasurable(message)
    return residual


def centred(outcomes: Outcomes, value: float, gradient: Array, support: int | None = None) -> Estimate:
    """An estimate from the derivative of its value by the share of each row.

    Args:
        outcomes: The rows, with their weights.
        value: The metric.
        gradient: (n,) derivatives of the value by the rows' shares, up to a constant: shares sum to
            one, so that a constant moves nothing.
        support: Rows of the thinnest group averaged over.
    """
    weights = outcomes.weights
    return Estimate(value, weights * (gradient - float(np.mean(weights * gradient))), support)


def mean_of(outcomes: Outcomes, losses: Array) -> Estimate:
    """The weighted mean of per-row values, (n,); each row's influence is its distance from the mean."""
    weights = outcomes.weights
    value = float(np.mean(weights * losses))
    return Estimate(value, weights * (losses - value))


def ratio_of(outcomes: Outcomes, numerator: Array, denominator: Array, nothing: str) -> Estimate:
    """A ratio of two weighted means, by the delta method.

    Args:
        outcomes: The rows, with their weights.
        numerator: (n,) per-row values.
        denominator: (n,) per-row values.
        nothing: What is missing when the denominator is zero.

    Raises:
        NotMeasurable: when the denominator is zero.
    """
    weights = outcomes.weights
    below = float(np.mean(weights * denominator))
    if below == 0:
        raise NotMeasurable(nothing)
    value = float(np.mean(weights * numerator)) / below
    influence = weights * (numerator - value * denominator) / below
    return Estimate(value, influence, outcomes.rows_in(denominator != 0))


LEFT_OPEN = 2.0
"""Standard errors by which a gap may be smaller than it was seen to be."""


def lifted(gap: Array, error: Array) -> Array:
    """(b,) how far luck lifts the sizes of gaps on average, at most, where the gaps themselves are about as seen.

    The size of a normal variable about g is larger than |g| on average, the more the nearer g is to 0 (Leone, Nelson
    and Nottingham 1961, The folded normal distribution, Technometrics 3:543).

    Args:
        gap: (b,) as they were seen.
        error: (b,) their standard errors.

    Example:
        >>> lifted(np.array([0.01, 0.5]), np.array([0.01, 0.01])).round(4).tolist()
        [0.008, 0.0]
    """
    from scipy.special import ndtr

    nearest = np.maximum(np.abs(gap) - LEFT_OPEN * error, 0.0)
    z = nearest / np.where(error > 0, error, 1.0)
    return np.asarray(error * np.sqrt(2 / np.pi) * np.exp(-(z**2) / 2) - 2 * nearest * ndtr(-z))


def in_errors(outcomes: Outcomes, lift: float, influence: Array) -> float:
    """A lift in standard errors of the mean of influences, rows being independent: clusters make both larger alike."""
    error = lone_error(outcomes, influence)
    return lift / error if error > 0 else 0.0


def lone_error(outcomes: Outcomes, influence: Array) -> float:
    """The standard error of the mean of (n,) influences, rows being independent."""
    count = 1.0 if outcomes.count is None else outcomes.count
    return float(np.sqrt((influence**2 / count).sum())) / max(len(outcomes), 1)


def combined(parts: Sequence[tuple[float, Estimate]]) -> Estimate:
    """A linear combination of estimates on the same rows, as thin as its thinnest part.

    Example:
        >>> half = Estimate(0.5, np.array([0.5, -0.5]), 2)
        >>> combined([(1.0, half), (-1.0, Estimate(0.2, np.array([0.1, -0.1])))])
        Estimate(value=0.3, influence=array([ 0.4, -0.4]), support=2, lift=0.0)
    """
    value = float(sum(factor * part.value for factor, part in parts))
    influence = np.sum([factor * part.influence for factor, part in parts], axis=0)
    support = [part.support for _, part in parts if part.support is not None]
    return Estimate(value, influence, min(support, default=None))
