"""Harmonic mean of precision and recall (van Rijsbergen 1979)."""

from __future__ import annotations

from baseline_pipeline.metrics.domain import both_classes, ratio_of
from baseline_pipeline.metrics.outcomes import Estimate, Metric, Outcomes


def measure(outcomes: Outcomes) -> Estimate:
    """2 TP / (positives + predicted positives)."""
    positive = both_classes(outcomes)
    called = outcomes.prediction == 1
    both = 2.0 * (positive & called)
    return ratio_of(both, positive.astype(float) + called, "no positives and nothing predicted positive")


F1 = Metric(
    name="f1",
    title="F1",
    better="higher",
    unit="share",
    tasks=frozenset({"binary_classification"}),
    measure=measure,
    decisions=True,
)
