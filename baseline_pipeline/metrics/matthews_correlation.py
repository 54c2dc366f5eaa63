"""Correlation of decisions and labels."""

from __future__ import annotations

import numpy as np

from baseline_pipeline.metrics.domain import centred, dot, rarest, rows_needed
from baseline_pipeline.metrics.outcomes import CLASSIFICATION, Estimate, Metric, NotMeasurable, Outcomes


def measure(outcomes: Outcomes) -> Estimate:
    """Covariance of one-hot decisions and labels over the root of their variances; 1 is perfect, 0 is chance.

    Source: Matthews (1975), Biochim. Biophys. Acta 405:442; for several classes Gorodkin (2004).

    Raises:
        NotMeasurable: when all labels or all decisions are the same.

    Example:
        >>> rows = Outcomes(np.array([0, 0, 0, 0, 1, 1, 1, 1]), np.array([0, 0, 0, 1, 0, 0, 1, 1]))
        >>> round(measure(rows).value, 4)
        0.2582
    """
    rows_needed(outcomes)
    weights = outcomes.weights / len(outcomes)
    label, called = (np.asarray(values, dtype=int) for values in (outcomes.label, outcomes.prediction))
    lowest = min(label.min(), called.min())
    classes = max(label.max(), called.max()) - lowest + 1
    truth = np.bincount(label - lowest, weights, classes)
    guess = np.bincount(called - lowest, weights, classes)
    right = label == called
    covariance = dot(weights, right) - dot(truth, guess)
    spread = (1 - dot(truth, truth), 1 - dot(guess, guess))
    if min(np.ptp(label), np.ptp(called)) == 0:  # exact, where weights leave a spread of rounding
        message = "single class: all labels or all decisions are the same"
        raise NotMeasurable(message)
    scale = float(np.sqrt(spread[0] * spread[1]))
    value = covariance / scale
    gradient = (right - guess[label - lowest] - truth[called - lowest]) / scale
    gradient += value * (truth[label - lowest] / spread[0] + guess[called - lowest] / spread[1])
    return centred(outcomes, value, gradient, rarest(outcomes))


MATTHEWS_CORRELATION = Metric(
    name="matthews_correlation",
    title="Matthews correlation coefficient",
    better="higher",
    unit="correlation",
    bounds=(-1.0, 1.0),
    tasks=CLASSIFICATION,
    measure=measure,
    decisions=True,
)
