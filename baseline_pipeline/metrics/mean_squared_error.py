"""Mean squared distance of prediction and target."""

from __future__ import annotations

from baseline_pipeline.metrics.domain import mean_of, targets
from baseline_pipeline.metrics.outcomes import Estimate, Metric, Outcomes


def measure(outcomes: Outcomes) -> Estimate:
    """Mean of (prediction - label) squared."""
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
