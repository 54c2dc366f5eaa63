"""How far predictions lie off on average, whatever the direction."""

from __future__ import annotations

from baseline_pipeline.metrics.domain import targets
from baseline_pipeline.metrics.outcomes import Estimate, Metric, Outcomes


def measure(outcomes: Outcomes) -> Estimate:
    """|mean of (prediction - label)|: a bias of either sign is worse the larger it is."""
    residual = targets(outcomes)
    mean = float(residual.mean())
    return Estimate(abs(mean), (residual - mean) * (1.0 if mean >= 0 else -1.0))


ABSOLUTE_BIAS = Metric(
    name="absolute_bias",
    title="Absolute bias",
    better="lower",
    unit="target",
    tasks=frozenset({"regression"}),
    measure=measure,
)
