"""What of a change in performance the rows themselves explain: the baseline, reweighted to look like the present."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from baseline_pipeline.comparison import Adjusted, JointShift
from baseline_pipeline.metrics.outcomes import NotMeasurable, Outcomes
from baseline_pipeline.significance.clustered import clustered, independent_sum, supported

if TYPE_CHECKING:
    from baseline_pipeline.contract import Contract
    from baseline_pipeline.drift.joint import Separation
    from baseline_pipeline.effects import Part

Array = np.ndarray[Any, Any]
NORMAL_95 = 1.959964


def joint_shift(contract: Contract, before: Part, after: Part, told_apart: Separation) -> JointShift:
    """How well the two sides' rows can be told apart, and every metric with the baseline's rows weighted to be alike.

    What remains after the adjustment is a change of the model's behaviour on rows that look the same (concept
    shift), as far as the features tell; the weights are taken as known, so that intervals are somewhat too narrow.
    It is shown beside the plain comparison and gates nothing.

    Source: Shimodaira (2000), Improving predictive inference under covariate shift, J. Stat. Plan. Inference 90:227.

    Args:
        contract: The metrics.
        before: The baseline's rows.
        after: The present rows.
        told_apart: What the classifier said of the baseline's rows.
    """
    kept = before.outcomes.take(told_apart.rows)
    clusters = None if before.cluster is None else before.cluster[told_apart.rows]
    alike = weighted(kept, told_apart.likeness)
    adjusted = []
    for rule in contract.metrics:
        metric = rule.measured
        if not metric.of_rows:
            continue
        try:
            one, two = metric.measure(alike), metric.measure(after.outcomes)
        except NotMeasurable:
            continue
        sure = independent_sum(
            supported(clustered(one.influence, clusters), one.support),
            supported(clustered(two.influence, after.cluster), two.support),
        )
        sign = -1.0 if metric.better == "lower" else 1.0
        gain = sign * (two.value - one.value) if metric.target is None else _nearer(one.value, two.value, metric.target)
        adjusted.append(
            Adjusted(
                metric=metric.name,
                baseline=one.value,
                candidate=two.value,
                gain=gain,
                interval=(gain - NORMAL_95 * sure.error, gain + NORMAL_95 * sure.error),
            )
        )
    return JointShift(
        auc=told_apart.auc,
        error=told_apart.error,
        p_value=told_apart.p_value,
        effective_rows=effective_rows(told_apart.likeness),
        adjusted=tuple(adjusted),
    )


def _nearer(before: float, after: float, target: float) -> float:
    return abs(before - target) - abs(after - target)


def effective_rows(likeness: Array) -> float:
    """Rows that weighted ones are worth, the square of their weights' sum over the sum of squares.

    Source: Kish (1965), Survey Sampling.

    Example:
        >>> effective_rows(np.array([1.0, 1.0, 0.0, 0.0]))
        2.0
    """
    return float(likeness.sum() ** 2 / (likeness**2).sum())


def weighted(outcomes: Outcomes, likeness: Array) -> Outcomes:
    """The same rows, each counting as often as its like is seen on the other side."""
    return replace(outcomes, weight=outcomes.weights * likeness)
