"""Share of the negatives that are predicted negative."""

from __future__ import annotations

from baseline_pipeline.metrics.domain import both_classes, ratio_of
from baseline_pipeline.metrics.outcomes import Estimate, Metric, Outcomes


def measure(outcomes: Outcomes) -> Estimate:
    """True negatives over negatives."""
    negative = ~both_classes(outcomes)
    kept = negative & (outcomes.prediction == 0)
    return ratio_of(outcomes, kept.astype(float), negative.astype(float), "no negatives")


SPECIFICITY = Metric(
    name="specificity",
    title="Specificity",
    better="higher",
    unit="share",
    tasks=frozenset({"binary_classification"}),
    measure=measure,
    decisions=True,
)
