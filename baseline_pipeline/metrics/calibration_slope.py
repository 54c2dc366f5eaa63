"""How much the scores over- or understate what they know."""

from __future__ import annotations

import numpy as np

from baseline_pipeline.metrics.domain import both_classes, log_odds, rarer
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
    """
    odds = log_odds(outcomes)
    positive = both_classes(outcomes)
    weights = outcomes.weights
    design = np.column_stack([np.ones(len(odds)), odds])
    if np.ptp(odds) == 0:
        message = "all scores are the same"
        raise NotMeasurable(message)
    coefficients = _fitted(design, positive, weights)
    expected = 1 / (1 + np.exp(-design @ coefficients))
    information = design.T @ (design * (weights * expected * (1 - expected))[:, None]) / len(odds)
    influence = ((weights * (positive - expected))[:, None] * design) @ np.linalg.inv(information)[1]
    return Estimate(float(coefficients[1]), influence, rarer(positive))


def _fitted(design: Array, positive: Array, weights: Array) -> Array:
    """Maximum likelihood by Newton's method, halving steps that would overshoot."""
    coefficients = np.array([0.0, 1.0])
    loss = _loss(design @ coefficients, positive, weights)
    for _ in range(STEPS):
        expected = 1 / (1 + np.exp(-design @ coefficients))
        gradient = design.T @ (weights * (positive - expected))
        information = design.T @ (design * (weights * expected * (1 - expected))[:, None])
        try:
            step = np.linalg.solve(information, gradient)
        except np.linalg.LinAlgError:
            break
        while _loss(design @ (coefficients + step), positive, weights) > loss and np.abs(step).max() > 1e-12:  # noqa: PLR2004
            step = step / 2
        coefficients = coefficients + step
        loss = _loss(design @ coefficients, positive, weights)
        if np.abs(step).max() < 1e-10 and loss > 1e-3:  # noqa: PLR2004  # converged, and not because nothing is left
            return coefficients
    message = "the scores separate the classes: no slope is best"
    raise NotMeasurable(message)


def _loss(odds: Array, positive: Array, weights: Array) -> float:
    return float((weights * np.logaddexp(0, np.where(positive, -odds, odds))).sum())


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
