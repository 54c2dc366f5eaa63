"""What decisions cost."""

from __future__ import annotations

import numpy as np

from baseline_pipeline.metrics.domain import mean_of, rows_needed
from baseline_pipeline.metrics.outcomes import Estimate, Metric, Outcomes
from baseline_pipeline.metrics.parameters import number


def measure(
    outcomes: Outcomes,
    *,
    false_positive: float,
    false_negative: float,
    true_positive: float = 0.0,
    true_negative: float = 0.0,
) -> Estimate:
    """Mean cost of a decision, from the cost of each of its four outcomes; a negative cost is a benefit.

    Source: Elkan (2001), The foundations of cost-sensitive learning, IJCAI.

    Raises:
        NotMeasurable: when there are no rows.

    Example:
        >>> rows = Outcomes(np.array([0, 0, 0, 0, 1, 1, 1, 1]), np.array([0, 0, 0, 1, 0, 0, 1, 1]))
        >>> measure(rows, false_positive=1.0, false_negative=9.0).value
        2.375
    """
    rows_needed(outcomes)
    costs = np.array([[true_negative, false_positive], [false_negative, true_positive]], dtype=float)
    label, called = (np.asarray(values, dtype=int) for values in (outcomes.label, outcomes.prediction))
    return mean_of(outcomes, costs[label, called])


EXPECTED_COST = Metric(
    name="expected_cost",
    title="Expected cost",
    better="lower",
    unit="cost",
    tasks=frozenset({"binary_classification"}),
    measure=measure,
    decisions=True,
    parameters={
        "false_positive": number(),
        "false_negative": number(),
        "true_positive": number(),
        "true_negative": number(),
    },
)
