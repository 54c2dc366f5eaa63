"""Share of the positives that are predicted positive (sensitivity)."""

from __future__ import annotations

from baseline_pipeline.metrics.domain import both_classes, ratio_of
from baseline_pipeline.metrics.outcomes import Estimate, Metric, Outcomes


def measure(outcomes: Outcomes) -> Estimate:
    """True positives over positives."""
    positive = both_classes(outcomes)
    hit = positive & (outcomes.prediction == 1)
    return ratio_of(hit.astype(float), positive.astype(float), "no positives")


RECALL = Metric(
    name="recall",
    title="Recall",
    better="higher",
    unit="share",
    tasks=frozenset({"binary_classification"}),
    measure=measure,
    decisions=True,
)
