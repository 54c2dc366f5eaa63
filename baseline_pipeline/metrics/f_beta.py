"""Weighted harmonic mean of precision and recall."""

from __future__ import annotations

from baseline_pipeline.metrics.averaging import AVERAGE, averaged
from baseline_pipeline.metrics.domain import ratio_of
from baseline_pipeline.metrics.outcomes import CLASSIFICATION, Array, Estimate, Metric, Outcomes
from baseline_pipeline.metrics.parameters import number


def measure(outcomes: Outcomes, *, beta: float, average: str = "macro") -> Estimate:
    """(1 + beta^2) TP / (beta^2 positives + predicted positives); beta is how much more recall counts.

    Source: van Rijsbergen (1979), Information Retrieval, chapter 7.

    Raises:
        NotMeasurable: for a single class, and for a class that neither occurs nor is predicted.

    Example:
        >>> import numpy as np
        >>> rows = Outcomes(np.array([0, 0, 0, 0, 1, 1, 1, 1]), np.array([0, 0, 0, 1, 0, 0, 1, 1]))
        >>> round(measure(rows, beta=2.0).value, 4)
        0.5263
    """

    def of_class(positive: Array, called: Array) -> Estimate:
        both = (1 + beta**2) * (positive & called)
        nothing = "a class that neither occurs nor is predicted"
        return ratio_of(outcomes, both, beta**2 * positive.astype(float) + called, nothing)

    return averaged(outcomes, of_class, average)


F_BETA = Metric(
    name="f_beta",
    title="F-beta",
    better="higher",
    unit="share",
    bounds=(0.0, 1.0),
    tasks=CLASSIFICATION,
    measure=measure,
    decisions=True,
    parameters={"beta": number(above=0), "average": AVERAGE},
)
