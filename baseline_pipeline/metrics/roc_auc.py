"""Chance that a positive scores above a negative, ties counting half."""

from __future__ import annotations

import numpy as np

from baseline_pipeline.metrics.averaging import AVERAGE, averaged_scores
from baseline_pipeline.metrics.domain import both_classes, probabilities, rarer
from baseline_pipeline.metrics.outcomes import CLASSIFICATION, Array, Estimate, Metric, Outcomes


def measure(outcomes: Outcomes, *, average: str = "macro") -> Estimate:
    """Area under the ROC curve. Several classes: each against the rest, averaged (Fawcett 2006, section 9).

    Source: Hanley and McNeil (1982), The meaning and use of the area under a ROC curve, Radiology 143:29.

    Raises:
        NotMeasurable: for a single class, and without probabilities.

    Example:
        >>> rows = Outcomes(np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1]), np.array([0.1, 0.6, 0.4, 0.8]))
        >>> measure(rows).value
        0.75
    """
    return averaged_scores(outcomes, _of_two, average)


def _of_two(outcomes: Outcomes) -> Estimate:
    """Each row's influence is its centred placement.

    The cluster-free variance of these influences is DeLong's (DeLong, DeLong and
    Clarke-Pearson 1988, Biometrics 44:837); sums over clusters give Obuchowski's (1997).
    """
    score = probabilities(outcomes)
    positive = both_classes(outcomes)
    weights = outcomes.weights
    share = float(np.mean(weights * positive))
    placement = np.empty(len(score))
    placement[positive] = _placements(score[positive], score[~positive], weights[~positive])
    placement[~positive] = 1 - _placements(score[~positive], score[positive], weights[positive])
    value = float(np.average(placement[positive], weights=weights[positive]))
    influence = weights * (placement - value) / np.where(positive, share, 1 - share)
    return Estimate(value, influence, rarer(outcomes, positive))


def _placements(scores: Array, others: Array, weights: Array) -> Array:
    """For each score the share of the others' weight below it, ties counting half."""
    order = np.argsort(others)
    ordered = others[order]
    weight = np.concatenate([[0.0], np.cumsum(weights[order])])
    below = weight[np.searchsorted(ordered, scores, side="left")]
    not_above = weight[np.searchsorted(ordered, scores, side="right")]
    return np.asarray((below + not_above) / (2.0 * weight[-1]))


ROC_AUC = Metric(
    name="roc_auc",
    title="ROC AUC",
    better="higher",
    unit="share",
    bounds=(0.0, 1.0),
    tasks=CLASSIFICATION,
    measure=measure,
    parameters={"average": AVERAGE},
)
