"""Root of the mean squared distance of prediction and target."""

from __future__ import annotations

import numpy as np

from baseline_pipeline.metrics.domain import mean_of, targets
from baseline_pipeline.metrics.outcomes import Array, Estimate, Metric, Outcomes


def measure(outcomes: Outcomes) -> Estimate:
    """Root of the mean squared error; influences by the delta method.

    Source: Hyndman and Koehler (2006), Another look at measures of forecast accuracy, Int. J. Forecasting 22:679.

    Example:
        >>> rows = Outcomes(np.array([1.0, 2.0, 4.0]), np.array([1.5, 2.0, 3.0]))
        >>> round(measure(rows).value, 4)
        0.6455
    """
    squared = mean_of(outcomes, targets(outcomes) ** 2)
    root = squared.value**0.5
    return Estimate(root, squared.influence / (2 * root) if root else squared.influence)


def shares(before: Outcomes, after: Outcomes) -> Array:
    """(n,) changes of the squared residuals over the sum of both roots: a difference of squares, taken apart."""
    roots = measure(before).value + measure(after).value
    change = before.weights * (targets(after) ** 2 - targets(before) ** 2)
    return np.asarray(change / roots if roots else change)


ROOT_MEAN_SQUARED_ERROR = Metric(
    name="root_mean_squared_error",
    title="Root mean squared error",
    better="lower",
    unit="target",
    bounds=(0.0, float("inf")),
    tasks=frozenset({"regression"}),
    measure=measure,
    shares=shares,
)
