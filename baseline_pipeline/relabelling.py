"""What a paired harm would be under other labels, which the scores of both models say how to draw."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from baseline_pipeline.metrics.outcomes import NotMeasurable
from baseline_pipeline.significance.clustered import clustered
from baseline_pipeline.significance.drawn_labels import DrawnLabels, chances, drawn_labels

if TYPE_CHECKING:
    from baseline_pipeline.effects import Effect, Part
    from baseline_pipeline.metrics.outcomes import Metric, Outcomes

Array = np.ndarray[Any, Any]
FEW = 1_000
"""Rows of the rarest of several classes below which labels are drawn anew: with more, they hardly say anything else."""
MOST_NUMBERS = 2_000_000
"""Scores that are measured at once, where each row stands with every one of several labels."""


def redrawn(effect: Effect, before: Part, after: Part, sign: float, influence: Array) -> DrawnLabels | None:
    """What the harm does when labels are drawn anew; `None` where there are no scores to draw them by.

    Every row is measured with each label at once, weighted by its chance: the influences of such rows say what a label
    adds to the metric, whichever it is. That holds for means, ratios and areas alike.

    Args:
        effect: Whose harm is known.
        before: The baseline's rows.
        after: The candidate's, row by row the same.
        sign: 1 where higher values are worse, else -1.
        influence: (n,) of every row on the harm.
    """
    metric, old, new = effect.metric, before.outcomes, after.outcomes
    if not _drawable(effect) or not np.array_equal(old.label, new.label):
        return None
    one, two = _probabilities(old), _probabilities(new)
    if one is None or two is None or one.shape != two.shape:
        return None
    chance = chances(one, two, new.label)
    try:
        (before_mean, before_added), (mean, added) = (_each_way(metric, side, chance) for side in (old, new))
    except NotMeasurable:
        return None
    beside = sign + effect.share
    harm = sign * mean - beside * before_mean
    return drawn_labels(sign * added - beside * before_added, chance, harm, _together(influence, after.cluster))


def _together(influence: Array, cluster: Array | None) -> float:
    """By how much clusters raise the variance of a mean of influences (Kish 1965); never below 1."""
    alone = clustered(influence, None).error
    if cluster is None or alone == 0:
        return 1.0
    ratio = clustered(influence, cluster).error / alone
    return max(ratio, 1.0) ** 2 if np.isfinite(ratio) else 1.0


def _drawable(effect: Effect) -> bool:
    """Whether it is settled which way is worse, and luck lifts no value by itself; no user's function is asked."""
    return effect.rule.own is None and effect.metric.target is None and effect.room == (0.0, 0.0)


def _probabilities(outcomes: Outcomes) -> Array | None:
    """(n, k) probability of each class; `None` where scores are none (ranks may come from any numbers).

    Of several classes also where each has many rows, which tell for themselves, and where rows are too many to be
    measured with every label.
    """
    score, classes = outcomes.score, outcomes.classes
    if score is None or not len(score) or score.min() < 0 or score.max() > 1:
        return None
    if classes is None:
        return np.column_stack([1 - score, score]) if score.ndim == 1 else None
    if score.shape != (len(score), classes) or score.size * classes > MOST_NUMBERS:
        return None
    if not ((outcomes.label >= 0) & (outcomes.label < classes)).all():
        return None
    rarest = np.bincount(outcomes.label.astype(np.int64), minlength=classes).min()
    return score if rarest < FEW else None


def _each_way(metric: Metric, outcomes: Outcomes, chance: Array) -> tuple[float, Array]:
    """The metric where labels come by chance, and (n, k) what a row adds with each label."""
    rows, classes = chance.shape
    label = np.repeat(np.arange(classes), rows).astype(outcomes.label.dtype)
    chanced = (outcomes.weights[:, None] * chance).T.ravel()
    found = metric.measure(replace(_times(metric, outcomes, classes), label=label, weight=chanced))
    share = float(chanced.mean())  # weights are taken to have mean one
    return found.value, share * found.influence.reshape(classes, rows).T / chance


def _times(metric: Metric, outcomes: Outcomes, classes: int) -> Outcomes:
    """The rows once for each class, with what the metric reads."""
    return replace(
        outcomes,
        prediction=np.concatenate([outcomes.prediction] * classes),
        score=np.concatenate([outcomes.score] * classes),
        columns={name: np.concatenate([outcomes.columns[name]] * classes) for name in metric.columns},
        cluster=None if outcomes.cluster is None else np.concatenate([outcomes.cluster] * classes),
    )
