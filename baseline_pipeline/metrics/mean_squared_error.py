"""Mean squared distance of prediction and target."""

from __future__ import annotations

from baseline_pipeline.metrics.domain import mean_of, targets
from baseline_pipeline.metrics.outcomes import Estimate, Metric, Outcomes


def measure(outcomes: Outcomes) -> Estimate:
    """Mean of (prediction - label) squared.

    Source: Hyndman and Koehler (2006), Another look at measures of forecast accuracy, Int. J. Forecasting 22:679.

    Example:
        >>> import numpy as np
        >>> rows = Outcomes(np.array([1.0, 2.0, 4.0]), np.array([1.5, 2.0, 3.0]))
        >>> round(measure(rows).value, 4)
        0.4167
    """
    return mean_of(outcomes, targets(outcomes) ** 2)


MEAN_SQUARED_ERROR = Metric(
    name="mean_squared_error",
    title="Mean squared error",
    better="lower",
    unit="target squared",
    bounds=(0.0, float("inf")),
    tasks=frozenset({"regression"}),
    measure=measure,
    rowwise=True,
)
