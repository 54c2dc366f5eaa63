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


def redrawn(effect: Effect, before: Part, after: Part, sign: float, influence: Array) -> DrawnLabels | None:
    """What the harm does when labels are drawn anew; `None` where there are no scores to draw them by.

    Every row is measured as a negative and as a positive at once, each weighted by its chance: the influences of such
    rows say what a label adds to the metric, whichever it is. That holds for means, ratios and areas alike.

    Args:
        effect: Whose harm is known.
        before: The baseline's rows.
        after: The candidate's, row by row the same.
        sign: 1 where higher values are worse, else -1.
        influence: (n,) of every row on the harm.
    """
    metric, old, new = effect.metric, before.outcomes, after.outcomes
    if not _drawable(effect) or not (_binary(old) and _binary(new)) or not np.array_equal(old.label, new.label):
        return None
    assert old.score is not None and new.score is not None  # noqa: S101, PT018  # binary scores
    chance = chances(old.score, new.score, new.label)
    try:
        (before_mean, before_apart), (mean, apart) = (_either_way(metric, one, chance) for one in (old, new))
    except NotMeasurable:
        return None
    beside = sign + effect.share
    harm = sign * mean - beside * before_mean
    return drawn_labels(sign * apart - beside * before_apart, chance, harm, _together(influence, after.cluster))


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


def _binary(outcomes: Outcomes) -> bool:
    """Whether scores are probabilities of one of two classes; ranks may come from any numbers."""
    score = outcomes.score
    if outcomes.classes is not None or score is None or score.ndim > 1 or not len(score):
        return False
    return bool(score.min() >= 0 and score.max() <= 1)


def _either_way(metric: Metric, outcomes: Outcomes, chance: Array) -> tuple[float, Array]:
    """The metric where labels come by chance, and (n,) what a row adds as a positive beyond its part as a negative."""
    rows, weights = len(outcomes), outcomes.weights
    label = np.zeros(2 * rows, dtype=outcomes.label.dtype)
    label[rows:] = 1
    chanced = np.concatenate([weights * (1 - chance), weights * chance])
    found = metric.measure(replace(_twice(metric, outcomes), label=label, weight=chanced))
    share = float(chanced.mean())  # weights are taken to have mean one
    return found.value, share * (found.influence[rows:] / chance - found.influence[:rows] / (1 - chance))


def _twice(metric: Metric, outcomes: Outcomes) -> Outcomes:
    """The rows, and the same rows once more, with what the metric reads."""
    return replace(
        outcomes,
        prediction=np.concatenate([outcomes.prediction] * 2),
        score=np.concatenate([outcomes.score] * 2),  # of two classes
        columns={name: np.concatenate([outcomes.columns[name]] * 2) for name in metric.columns},
        cluster=None if outcomes.cluster is None else np.concatenate([outcomes.cluster] * 2),
    )
