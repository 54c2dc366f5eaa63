"""How far predictions lie off on average, whatever the direction."""

from __future__ import annotations

from baseline_pipeline.metrics.domain import combined, mean_of, targets
from baseline_pipeline.metrics.outcomes import Estimate, Metric, Outcomes


def measure(outcomes: Outcomes) -> Estimate:
    """|mean of (prediction - label)|: a bias of either sign is worse the larger it is."""
    mean = mean_of(outcomes, targets(outcomes))
    return combined([(1.0 if mean.value >= 0 else -1.0, mean)])


ABSOLUTE_BIAS = Metric(
    name="absolute_bias",
    title="Absolute bias",
    better="lower",
    unit="target",
    tasks=frozenset({"regression"}),
    measure=measure,
)
