"""Absolute errors in relation to what was to be predicted."""

from __future__ import annotations

import numpy as np

from baseline_pipeline.metrics.domain import mean_of, targets
from baseline_pipeline.metrics.outcomes import Estimate, Metric, Outcomes


def absolute(outcomes: Outcomes) -> Estimate:
    """Mean of |error| over |label|; a label of zero counts as the smallest step of a double, as in scikit-learn.

    Source: Hyndman and Koehler (2006), Another look at measures of forecast accuracy, Int. J. Forecasting 22:679.

    Example:
        >>> rows = Outcomes(np.array([1.0, 2.0, 4.0]), np.array([1.5, 2.0, 3.0]))
        >>> absolute(rows).value
        0.25
    """
    error = np.abs(targets(outcomes))
    return mean_of(outcomes, error / np.maximum(np.abs(np.asarray(outcomes.label, dtype=float)), np.finfo(float).eps))


def symmetric(outcomes: Outcomes) -> Estimate:
    """Mean of |error| over the mean of |label| and |prediction|, 0 to 2; nothing missed of nothing is 0.

    Source: Makridakis (1993), Accuracy measures, Int. J. Forecasting 9:527.

    Example:
        >>> rows = Outcomes(np.array([1.0, 2.0, 4.0]), np.array([1.5, 2.0, 3.0]))
        >>> round(symmetric(rows).value, 4)
        0.2286
    """
    error = np.abs(targets(outcomes))
    size = np.abs(np.asarray(outcomes.label, dtype=float)) + np.abs(np.asarray(outcomes.prediction, dtype=float))
    return mean_of(outcomes, 2 * error / np.where(size > 0, size, 1.0))


MEAN_ABSOLUTE_PERCENTAGE_ERROR = Metric(
    name="mean_absolute_percentage_error",
    title="Mean absolute percentage error",
    better="lower",
    unit="share",
    bounds=(0.0, float("inf")),
    tasks=frozenset({"regression"}),
    measure=absolute,
    rowwise=True,
)
SYMMETRIC_PERCENTAGE_ERROR = Metric(
    name="symmetric_percentage_error",
    title="Symmetric mean absolute percentage error",
    better="lower",
    unit="share",
    bounds=(0.0, float("inf")),
    tasks=frozenset({"regression"}),
    measure=symmetric,
    rowwise=True,
)
