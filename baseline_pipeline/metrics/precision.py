"""Share of the predicted positives that are positive."""

from __future__ import annotations

from baseline_pipeline.metrics.domain import both_classes, ratio_of
from baseline_pipeline.metrics.outcomes import Estimate, Metric, Outcomes


def measure(outcomes: Outcomes) -> Estimate:
    """True positives over predicted positives."""
    positive = both_classes(outcomes)
    called = outcomes.prediction == 1
    return ratio_of((positive & called).astype(float), called.astype(float), "nothing is predicted positive")


PRECISION = Metric(
    name="precision",
    title="Precision",
    better="higher",
    unit="share",
    tasks=frozenset({"binary_classification"}),
    measure=measure,
    decisions=True,
)
