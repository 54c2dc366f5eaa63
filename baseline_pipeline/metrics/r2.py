"""Share of the target's variance that the predictions explain."""

from __future__ import annotations

import numpy as np

from baseline_pipeline.metrics.domain import mean_of, ratio_of, targets
from baseline_pipeline.metrics.outcomes import Estimate, Metric, Outcomes


def measure(outcomes: Outcomes) -> Estimate:
    """1 - residual variance around zero / target variance; influences by the delta method.

    Raises:
        NotMeasurable: when the target is constant.
    """
    squared = targets(outcomes) ** 2
    label = np.asarray(outcomes.label, dtype=float)
    spread = (label - mean_of(outcomes, label).value) ** 2
    unexplained = ratio_of(outcomes, squared, spread, "the target is constant")
    return Estimate(1 - unexplained.value, -unexplained.influence)


R2 = Metric(
    name="r2",
    title="R squared",
    better="higher",
    unit="share",
    tasks=frozenset({"regression"}),
    measure=measure,
)
