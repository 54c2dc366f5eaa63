"""Share of rows predicted right."""

from __future__ import annotations

from baseline_pipeline.metrics.domain import mean_of, rows_needed
from baseline_pipeline.metrics.outcomes import CLASSIFICATION, Estimate, Metric, Outcomes


def measure(outcomes: Outcomes) -> Estimate:
    """Share of rows whose prediction equals the label."""
    rows_needed(outcomes)
    return mean_of(outcomes, (outcomes.prediction == outcomes.label).astype(float))


ACCURACY = Metric(
    name="accuracy",
    title="Accuracy",
    better="higher",
    unit="share",
    bounds=(0.0, 1.0),
    tasks=CLASSIFICATION,
    measure=measure,
    rowwise=True,
    decisions=True,
)
