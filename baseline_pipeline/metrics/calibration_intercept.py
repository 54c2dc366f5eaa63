"""Whether the scores are too high or too low as a whole."""

from __future__ import annotations

from baseline_pipeline.metrics.domain import both_classes, log_odds, probability, rarer
from baseline_pipeline.metrics.outcomes import Estimate, Metric, Outcomes

STEPS = 100


def measure(outcomes: Outcomes) -> Estimate:
    """What must be added to every score's log odds for them to add up to the positives; 0 is ideal.

    Calibration in the large: the intercept of the logistic regression of the label with the log odds
    as offset. Above 0 the scores are too low.

    Source: Cox (1958), Biometrika 45:562; Steyerberg (2019), Clinical Prediction Models, chapter 15.

    Raises:
        NotMeasurable: for a single class, and for scores that are no probabilities.

    Example:
        >>> import numpy as np
        >>> score = np.repeat([0.2, 0.4], 10)
        >>> label = np.tile([1, 1, 1, 1, 0, 0, 0, 0, 0, 0], 2)
        >>> round(measure(Outcomes(label, label, score)).value, 4)
        0.4659
    """
    odds = log_odds(outcomes)
    positive = both_classes(outcomes)
    weights = outcomes.weights
    intercept, step = 0.0, 1.0
    for _ in range(STEPS):  # Newton's method on a concave likelihood, never more than one at a time
        expected = probability(odds + intercept)
        step = float((weights * (positive - expected)).sum() / (weights * expected * (1 - expected)).sum())
        intercept += min(max(step, -1.0), 1.0)
        if abs(step) < 1e-10:  # noqa: PLR2004  # converged to ten digits
            break
    expected = probability(odds + intercept)
    influence = weights * (positive - expected) / (weights * expected * (1 - expected)).mean()
    return Estimate(intercept, influence, rarer(outcomes, positive))


CALIBRATION_INTERCEPT = Metric(
    name="calibration_intercept",
    title="Calibration intercept",
    better="nearer",
    target=0.0,
    unit="log odds",
    tasks=frozenset({"binary_classification"}),
    measure=measure,
    family="calibration",
)
