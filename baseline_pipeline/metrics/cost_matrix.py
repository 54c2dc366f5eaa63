"""What decisions between several classes cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from baseline_pipeline.metrics.classes import is_matrix, names_of
from baseline_pipeline.metrics.domain import mean_of, rows_needed
from baseline_pipeline.metrics.outcomes import CLASSIFICATION, Estimate, Metric, NotMeasurable, Outcomes
from baseline_pipeline.metrics.parameters import Parameter

Matrix = Mapping[str, Mapping[str, float]] | Sequence[Sequence[float]]


def _named(matrix: Matrix, names: Sequence[str], several: bool) -> Mapping[str, Mapping[str, float]]:
    """The costs by name; a list of lists is of the negative class and the positive one, or of classes 0, 1, 2, ..."""
    if isinstance(matrix, Mapping):
        return matrix
    called = [str(number) for number in range(len(matrix))] if several or len(matrix) != len(names) else list(names)
    return {name: dict(zip(called, row, strict=True)) for name, row in zip(called, matrix, strict=True)}


def _misfit(matrix: Matrix, names: Sequence[str], several: bool) -> str:
    costs = _named(matrix, names, several)
    missing = [name for name in names if name not in costs and (several or name)]
    if not missing and (several or len(costs) == len(names)):
        return ""
    wanted = f"costs for all classes of the label: {', '.join(name for name in names if name)}"
    if not isinstance(matrix, Mapping):
        return (
            f"matrix of {len(matrix)} by {len(matrix)} costs, a list, stands for the classes {', '.join(costs)}; "
            f"accepted: {wanted}, each by its name"
        )
    lacking = f" and has none for {', '.join(missing)}" if missing else ""
    return f"matrix has costs for {', '.join(costs)}{lacking}; accepted: {wanted}"


def measure(outcomes: Outcomes, *, matrix: Matrix) -> Estimate:
    """Mean of `matrix[label][prediction]`, classes by their names; a negative cost is a benefit.

    Source: Elkan (2001), The foundations of cost-sensitive learning, IJCAI.

    Args:
        outcomes: The rows.
        matrix: Costs by the label's name, then by the prediction's. A square list of lists is for the negative class
            and the positive one, in this order, or for classes called 0, 1, 2 and so on.

    Raises:
        NotMeasurable: when there are no rows, or classes that the matrix does not have.

    Example:
        >>> labels, calls = np.array([0, 1, 2, 2]), np.array([0, 2, 2, 1])
        >>> rows = Outcomes(labels, calls, classes=3)
        >>> measure(rows, matrix=[[0, 1, 1], [1, 0, 2], [1, 5, 0]]).value
        1.75
    """
    rows_needed(outcomes)
    names, several = names_of(outcomes), outcomes.classes is not None
    wrong = _misfit(matrix, names, several)
    if wrong:
        raise NotMeasurable(wrong)
    by_name = _named(matrix, names, several)
    if not several:  # rows of one class alone do not know the other's name
        names = (next(name for name in by_name if name != names[1]), names[1])
    costs = np.array([[by_name[label][called] for called in names] for label in names], dtype=float)
    label, called = (np.asarray(values, dtype=int) for values in (outcomes.label, outcomes.prediction))
    if int(min(label.min(), called.min())) < 0:
        message = f"predictions that are none of the classes {', '.join(names)}"
        raise NotMeasurable(message)
    return mean_of(outcomes, costs[label, called])


EXPECTED_COST_BY_CLASS = Metric(
    name="expected_cost_by_class",
    title="Expected cost",
    better="lower",
    unit="cost",
    tasks=CLASSIFICATION,
    measure=measure,
    decisions=True,
    parameters={
        "matrix": Parameter(
            "costs by label and by prediction, {cat: {cat: 0, dog: 5}, dog: {cat: 2, dog: 0}}; or a square list of "
            "lists for the negative and the positive class, or for classes called 0, 1, 2, ...",
            is_matrix,
            misfit=_misfit,
        )
    },
)
