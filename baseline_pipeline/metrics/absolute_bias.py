"""How far predictions lie off on average, whatever the direction."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from baseline_pipeline.metrics.domain import combined, in_errors, lifted, lone_error, mean_of, targets
from baseline_pipeline.metrics.outcomes import Estimate, Metric, Outcomes


def measure(outcomes: Outcomes) -> Estimate:
    """|mean of (prediction - label)|: a bias of either sign is worse the larger it is.

    Of an unbiased model it is not 0 in a sample; bounds leave room for that.

    Example:
        >>> rows = Outcomes(np.array([1.0, 2.0, 4.0]), np.array([1.5, 2.0, 3.0]))
        >>> round(measure(rows).value, 4)
        0.1667
    """
    mean = mean_of(outcomes, targets(outcomes))
    error = lone_error(outcomes, mean.influence)
    lift = float(lifted(np.array([mean.value]), np.array([error]))[0])
    found = combined([(1.0 if mean.value >= 0 else -1.0, mean)])
    return replace(found, lift=in_errors(outcomes, lift, found.influence))


ABSOLUTE_BIAS = Metric(
    name="absolute_bias",
    title="Absolute bias",
    better="lower",
    unit="target",
    bounds=(0.0, float("inf")),
    tasks=frozenset({"regression"}),
    measure=measure,
)
