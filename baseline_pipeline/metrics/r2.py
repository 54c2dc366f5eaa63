"""Share of the target's variance that the predictions explain."""

from __future__ import annotations

import numpy as np

from baseline_pipeline.metrics.domain import mean_of, ratio_of, targets
from baseline_pipeline.metrics.outcomes import Array, Estimate, Metric, Outcomes


def measure(outcomes: Outcomes) -> Estimate:
    """1 - residual variance around zero / target variance; influences by the delta method.

    Source: Kvalseth (1985), Cautionary note about R squared, The American Statistician 39:279, its R squared 1.

    Raises:
        NotMeasurable: when the target is constant.

    Example:
        >>> rows = Outcomes(np.array([1.0, 2.0, 4.0]), np.array([1.5, 2.0, 3.0]))
        >>> round(measure(rows).value, 4)
        0.7321
    """
    squared = targets(outcomes) ** 2
    label = np.asarray(outcomes.label, dtype=float)
    spread = (label - mean_of(outcomes, label).value) ** 2
    unexplained = ratio_of(outcomes, squared, spread, "the target is constant")
    return Estimate(1 - unexplained.value, -unexplained.influence)


def shares(before: Outcomes, after: Outcomes) -> Array:
    """(n,) changes of the squared residuals over the variance of targets, which are the same for both."""
    label = np.asarray(before.label, dtype=float)
    spread = mean_of(before, (label - mean_of(before, label).value) ** 2).value
    return np.asarray(before.weights * (targets(before) ** 2 - targets(after) ** 2) / spread)


R2 = Metric(
    name="r2",
    title="R squared",
    better="higher",
    unit="share",
    bounds=(float("-inf"), 1.0),
    tasks=frozenset({"regression"}),
    measure=measure,
    shares=shares,
)
