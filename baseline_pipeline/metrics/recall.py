"""Share of the positives that are predicted positive (sensitivity)."""

from __future__ import annotations

from baseline_pipeline.metrics.averaging import AVERAGE, averaged
from baseline_pipeline.metrics.domain import ratio_of
from baseline_pipeline.metrics.outcomes import CLASSIFICATION, Array, Estimate, Metric, Outcomes


def measure(outcomes: Outcomes, *, average: str = "macro") -> Estimate:
    """True positives over positives. Several classes: each against the rest, averaged.

    Source: Powers (2011), Evaluation: from precision, recall and F-measure to ROC, J. Machine Learning Technologies
    2:37.

    Raises:
        NotMeasurable: for a single class, and where the denominator is empty.

    Example:
        >>> import numpy as np
        >>> rows = Outcomes(np.array([0, 0, 0, 0, 1, 1, 1, 1]), np.array([0, 0, 0, 1, 0, 0, 1, 1]))
        >>> round(measure(rows).value, 4)
        0.5
    """

    def of_class(positive: Array, called: Array) -> Estimate:
        return ratio_of(outcomes, (positive & called).astype(float), positive.astype(float), "no positives")

    return averaged(outcomes, of_class, average)


RECALL = Metric(
    name="recall",
    title="Recall",
    better="higher",
    unit="share",
    bounds=(0.0, 1.0),
    tasks=CLASSIFICATION,
    measure=measure,
    decisions=True,
    parameters={"average": AVERAGE},
)
