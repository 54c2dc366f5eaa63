"""The loss that a quantile minimises."""

from __future__ import annotations

import numpy as np

from baseline_pipeline.metrics.domain import mean_of, targets
from baseline_pipeline.metrics.outcomes import Estimate, Metric, Outcomes
from baseline_pipeline.metrics.parameters import number


def measure(outcomes: Outcomes, *, quantile: float) -> Estimate:
    """Mean of quantile times what the prediction falls short, and (1 - quantile) times what it exceeds.

    Source: Koenker and Bassett (1978), Regression quantiles, Econometrica 46:33.

    Example:
        >>> rows = Outcomes(np.array([1.0, 2.0, 4.0]), np.array([1.5, 2.0, 3.0]))
        >>> round(measure(rows, quantile=0.9).value, 4)
        0.3167
    """
    residual = targets(outcomes)
    return mean_of(outcomes, np.where(residual < 0, -quantile * residual, (1 - quantile) * residual))


PINBALL_LOSS = Metric(
    name="pinball_loss",
    title="Pinball loss",
    better="lower",
    unit="target",
    bounds=(0.0, float("inf")),
    tasks=frozenset({"regression"}),
    measure=measure,
    rowwise=True,
    parameters={"quantile": number(above=0, below=1)},
)
