"""What decisions between several classes cost."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from baseline_pipeline.metrics.domain import mean_of, rows_needed
from baseline_pipeline.metrics.outcomes import Estimate, Metric, NotMeasurable, Outcomes
from baseline_pipeline.metrics.parameters import Parameter, is_number


def _square(value: object) -> bool:
    rows = value if isinstance(value, list) else []
    return len(rows) > 1 and all(
        isinstance(row, list) and len(row) == len(rows) and all(map(is_number, row)) for row in rows
    )


def measure(outcomes: Outcomes, *, matrix: Sequence[Sequence[float]]) -> Estimate:
    """Mean of `matrix[label][prediction]`, classes in the order of their names; a negative cost is a benefit.

    Source: Elkan (2001), The foundations of cost-sensitive learning, IJCAI.

    Raises:
        NotMeasurable: when there are no rows, or classes that the matrix does not have.
    """
    rows_needed(outcomes)
    costs = np.array(matrix, dtype=float)
    label, called = (np.asarray(values, dtype=int) for values in (outcomes.label, outcomes.prediction))
    highest, lowest = int(max(label.max(), called.max())), int(min(label.min(), called.min()))
    if highest >= len(costs) or lowest < 0:
        message = f"a class outside of the matrix of {len(costs)} by {len(costs)} costs"
        raise NotMeasurable(message)
    return mean_of(outcomes, costs[label, called])


EXPECTED_COST_BY_CLASS = Metric(
    name="expected_cost_by_class",
    title="Expected cost",
    better="lower",
    unit="cost",
    tasks=frozenset({"binary_classification", "multiclass_classification"}),
    measure=measure,
    decisions=True,
    parameters={"matrix": Parameter("a square list of lists of costs, by label and by prediction", _square)},
)
