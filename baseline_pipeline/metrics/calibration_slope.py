"""How much the scores over- or understate what they know."""

from __future__ import annotations

import numpy as np

from baseline_pipeline.metrics.domain import both_classes, dot, log_odds, probability, rarer
from baseline_pipeline.metrics.outcomes import Array, Estimate, Metric, NotMeasurable, Outcomes

STEPS = 50


def measure(outcomes: Outcomes) -> Estimate:
    """Slope of the logistic regression of the label on the score's log odds; 1 is ideal.

    Below 1 the scores are too extreme, above 1 too timid. No decision at 0.5 need change for it to
    move, so that accuracy is blind to it. Influences are those of the maximum-likelihood estimate,
    inverse information times score.

    Source: Cox (1958), Two further applications of a model for binary regression, Biometrika 45:562.

    Raises:
        NotMeasurable: for a single class, scores that are no probabilities or all the same, and scores
            that separate the classes so that no slope is best.

    Example:
        >>> score = np.repeat([0.1, 0.9], 10)
        >>> label = np.repeat([0, 1, 0, 1], [7, 3, 3, 7])
        >>> round(measure(Outcomes(label, label, score)).value, 4)
        0.3856
    """
    odds = log_odds(outcomes)
    positive = both_classes(outcomes)
    if np.ptp(odds) == 0:
        message = "all scores are the same"
        raise NotMeasurable(message)
    weights = outcomes.weights
    intercept, slope = _fitted(odds, positive, weights)
    expected = probability(intercept + slope * odds)
    flat, tilt, steep = _information(odds, weights * expected * (1 - expected))
    residual = weights * (positive - expected) * len(odds)
    influence = residual * (flat * odds - tilt) / (flat * steep - tilt**2)
    return Estimate(slope, influence, rarer(outcomes, positive))


def _fitted(odds: Array, positive: Array, weights: Array) -> tuple[float, float]:
    """Intercept and slope of largest likelihood by Newton's method, halving steps that would overshoot."""
    intercept, slope = 0.0, 1.0
    loss = _loss(odds, positive, weights)
    for _ in range(STEPS):
        expected = probability(intercept + slope * odds)
        flat, tilt, steep = _information(odds, weights * expected * (1 - expected))
        residual = weights * (positive - expected)
        first, second = float(residual.sum()), dot(residual, odds)
        determinant = flat * steep - tilt**2
        if determinant <= 0:
            break
        step = ((steep * first - tilt * second) / determinant, (flat * second - tilt * first) / determinant)
        while (
            max(map(abs, step)) > 1e-6  # noqa: PLR2004  # what a shorter one changes in the likelihood is its rounding
            and _loss(intercept + step[0] + (slope + step[1]) * odds, positive, weights) > loss
        ):
            step = (step[0] / 2, step[1] / 2)
        intercept, slope = intercept + step[0], slope + step[1]
        loss = _loss(intercept + slope * odds, positive, weights)
        if max(map(abs, step)) < 1e-10 and loss > 1e-3:  # noqa: PLR2004  # converged, and not because nothing is left
            return intercept, slope
    message = "the scores separate the classes: no slope is best"
    raise NotMeasurable(message)


def _information(odds: Array, curvature: Array) -> tuple[float, float, float]:
    return float(curvature.sum()), dot(curvature, odds), dot(curvature, odds**2)


def _loss(odds: Array, positive: Array, weights: Array) -> float:
    return dot(weights, np.logaddexp(0, np.where(positive, -odds, odds)))


CALIBRATION_SLOPE = Metric(
    name="calibration_slope",
    title="Calibration slope",
    better="nearer",
    target=1.0,
    unit="slope",
    tasks=frozenset({"binary_classification"}),
    measure=measure,
    family="calibration",
)
