"""Share of the target's variance that the predictions explain."""

from __future__ import annotations

import numpy as np

from baseline_pipeline.metrics.domain import targets
from baseline_pipeline.metrics.outcomes import Estimate, Metric, NotMeasurable, Outcomes


def measure(outcomes: Outcomes) -> Estimate:
    """1 - residual variance around zero / target variance; influences by the delta method.

    Raises:
        NotMeasurable: when the target is constant.
    """
    squared = targets(outcomes) ** 2
    label = np.asarray(outcomes.label, dtype=float)
    spread = (label - label.mean()) ** 2
    if not spread.any():
        message = "the target is constant"
        raise NotMeasurable(message)
    unexplained = float(squared.mean() / spread.mean())
    return Estimate(1 - unexplained, -(squared - unexplained * spread) / spread.mean())


R2 = Metric(
    name="r2",
    title="R squared",
    better="higher",
    unit="share",
    tasks=frozenset({"regression"}),
    measure=measure,
)
