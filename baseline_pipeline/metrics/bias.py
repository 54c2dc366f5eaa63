"""How far predictions lie off on average, and in which direction."""

from __future__ import annotations

from baseline_pipeline.metrics.domain import mean_of, targets
from baseline_pipeline.metrics.outcomes import Estimate, Metric, Outcomes


def measure(outcomes: Outcomes) -> Estimate:
    """Mean of prediction minus label; 0 is ideal, either side is worse.

    Example:
        >>> import numpy as np
        >>> rows = Outcomes(np.array([1.0, 2.0, 4.0]), np.array([1.5, 2.0, 3.0]))
        >>> round(measure(rows).value, 4)
        -0.1667
    """
    return mean_of(outcomes, targets(outcomes))


BIAS = Metric(
    name="bias",
    title="Bias",
    better="nearer",
    target=0.0,
    unit="target",
    tasks=frozenset({"regression"}),
    measure=measure,
    family="calibration",
)
