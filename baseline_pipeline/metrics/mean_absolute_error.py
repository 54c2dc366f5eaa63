"""Mean distance of prediction and target."""

from __future__ import annotations

from baseline_pipeline.metrics.domain import mean_of, targets
from baseline_pipeline.metrics.outcomes import Estimate, Metric, Outcomes


def measure(outcomes: Outcomes) -> Estimate:
    """Mean of |prediction - label|.

    Source: Hyndman and Koehler (2006), Another look at measures of forecast accuracy, Int. J. Forecasting 22:679.

    Example:
        >>> import numpy as np
        >>> rows = Outcomes(np.array([1.0, 2.0, 4.0]), np.array([1.5, 2.0, 3.0]))
        >>> measure(rows).value
        0.5
    """
    return mean_of(outcomes, abs(targets(outcomes)))


MEAN_ABSOLUTE_ERROR = Metric(
    name="mean_absolute_error",
    title="Mean absolute error",
    better="lower",
    unit="target",
    bounds=(0.0, float("inf")),
    tasks=frozenset({"regression"}),
    measure=measure,
    rowwise=True,
)
