"""Mean squared distance of the probabilities from what happened (Brier 1950)."""

from __future__ import annotations

import numpy as np

from baseline_pipeline.metrics.domain import mean_of, probabilities
from baseline_pipeline.metrics.outcomes import CLASSIFICATION, Estimate, Metric, Outcomes


def measure(outcomes: Outcomes) -> Estimate:
    """Binary: mean of (p - y) squared. Multiclass: the same summed over classes, 0 to 2.

    Source: Brier (1950), Verification of forecasts expressed in terms of probability, Monthly Weather Review 78:1.

    Example:
        >>> rows = Outcomes(np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1]), np.array([0.1, 0.6, 0.4, 0.8]))
        >>> round(measure(rows).value, 4)
        0.1925
    """
    score = probabilities(outcomes)
    if score.ndim == 1:
        return mean_of(outcomes, (score - outcomes.label) ** 2)
    truth = np.arange(score.shape[1]) == np.asarray(outcomes.label)[:, None]
    return mean_of(outcomes, ((score - truth) ** 2).sum(axis=1))


BRIER = Metric(
    name="brier",
    title="Brier score",
    better="lower",
    unit="squared probability",
    bounds=(0.0, float("inf")),
    tasks=CLASSIFICATION,
    measure=measure,
    rowwise=True,
)
