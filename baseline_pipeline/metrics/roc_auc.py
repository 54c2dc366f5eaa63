"""Chance that a positive scores above a negative, ties counting half."""

from __future__ import annotations

import numpy as np

from baseline_pipeline.metrics.domain import both_classes, probabilities, rarer
from baseline_pipeline.metrics.outcomes import Array, Estimate, Metric, Outcomes


def measure(outcomes: Outcomes) -> Estimate:
    """Area under the ROC curve; each row's influence is its centred placement.

    The cluster-free variance of these influences is DeLong's (DeLong, DeLong and
    Clarke-Pearson 1988, Biometrics 44:837); sums over clusters give Obuchowski's (1997).
    """
    score = probabilities(outcomes)
    positive = both_classes(outcomes)
    share = positive.mean()
    placement = np.empty(len(score))
    placement[positive] = _placements(score[positive], score[~positive])
    placement[~positive] = 1 - _placements(score[~positive], score[positive])
    value = float(placement[positive].mean())
    influence = (placement - value) / np.where(positive, share, 1 - share)
    return Estimate(value, influence, rarer(positive))


def _placements(scores: Array, others: Array) -> Array:
    """For each score the share of others below it, ties counting half."""
    ordered = np.sort(others)
    below = np.searchsorted(ordered, scores, side="left")
    not_above = np.searchsorted(ordered, scores, side="right")
    return (below + not_above) / (2.0 * len(others))


ROC_AUC = Metric(
    name="roc_auc",
    title="ROC AUC",
    better="higher",
    unit="share",
    tasks=frozenset({"binary_classification"}),
    measure=measure,
)
