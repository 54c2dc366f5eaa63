"""Share of rows predicted right."""

from __future__ import annotations

from baseline_pipeline.metrics.domain import mean_of, rows_needed
from baseline_pipeline.metrics.outcomes import CLASSIFICATION, Estimate, Metric, Outcomes


def measure(outcomes: Outcomes) -> Estimate:
    """Share of rows whose prediction equals the label.

    Source: Powers (2011), Evaluation: from precision, recall and F-measure to ROC, J. Machine Learning Technologies
    2:37.

    Example:
        >>> import numpy as np
        >>> rows = Outcomes(np.array([0, 0, 0, 0, 1, 1, 1, 1]), np.array([0, 0, 0, 1, 0, 0, 1, 1]))
        >>> measure(rows).value
        0.625
    """
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
