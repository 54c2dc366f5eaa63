"""Share of the negatives that are predicted negative."""

from __future__ import annotations

import numpy as np

from baseline_pipeline.metrics.averaging import AVERAGE, averaged
from baseline_pipeline.metrics.domain import mean_of, ratio_of
from baseline_pipeline.metrics.outcomes import CLASSIFICATION, Array, Estimate, Metric, Outcomes


def measure(outcomes: Outcomes, *, average: str = "macro") -> Estimate:
    """True negatives over negatives. Several classes: each against the rest, averaged.

    Source: Powers (2011), Evaluation: from precision, recall and F-measure to ROC, J. Machine Learning Technologies
    2:37.

    Raises:
        NotMeasurable: for a single class.

    Example:
        >>> rows = Outcomes(np.array([0, 0, 0, 0, 1, 1, 1, 1]), np.array([0, 0, 0, 1, 0, 0, 1, 1]))
        >>> measure(rows).value
        0.75
    """

    def of_class(positive: Array, called: Array) -> Estimate:
        return ratio_of(outcomes, (~positive & ~called).astype(float), (~positive).astype(float), "no negatives")

    def micro() -> Estimate:
        """A row is a negative of every class but its own, and one of those is called wrongly where it is wrong."""
        others = max((outcomes.classes or 2) - 1, 1)
        wrong = outcomes.prediction != outcomes.label
        return mean_of(outcomes, np.where(wrong, 1 - 1 / others, 1.0))

    return averaged(outcomes, of_class, average, micro)


SPECIFICITY = Metric(
    name="specificity",
    title="Specificity",
    better="higher",
    unit="share",
    bounds=(0.0, 1.0),
    tasks=CLASSIFICATION,
    measure=measure,
    decisions=True,
    parameters={"average": AVERAGE},
)
