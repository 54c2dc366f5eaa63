"""Harmonic mean of precision and recall (van Rijsbergen 1979)."""

from __future__ import annotations

from baseline_pipeline.metrics import f_beta
from baseline_pipeline.metrics.averaging import AVERAGE
from baseline_pipeline.metrics.outcomes import CLASSIFICATION, Estimate, Metric, Outcomes


def measure(outcomes: Outcomes, *, average: str = "macro") -> Estimate:
    """F-beta with beta 1: 2 TP / (positives + predicted positives).

    Source: van Rijsbergen (1979), Information Retrieval, chapter 7.

    Example:
        >>> import numpy as np
        >>> rows = Outcomes(np.array([0, 0, 0, 0, 1, 1, 1, 1]), np.array([0, 0, 0, 1, 0, 0, 1, 1]))
        >>> round(measure(rows).value, 4)
        0.5714
    """
    return f_beta.measure(outcomes, beta=1.0, average=average)


F1 = Metric(
    name="f1",
    title="F1",
    better="higher",
    unit="share",
    bounds=(0.0, 1.0),
    tasks=CLASSIFICATION,
    measure=measure,
    decisions=True,
    parameters={"average": AVERAGE},
)
