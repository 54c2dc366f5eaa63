"""What differs between two scorings of the same rows, row by row."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from baseline_pipeline.metrics.outcomes import Metric, Outcomes

Array = np.ndarray[Any, Any]


def discordant(metric: Metric, old: Outcomes, new: Outcomes) -> tuple[int, int, int] | None:
    """Decisions that went right to wrong, wrong to right, and all that the metric is a share of."""
    if new.weight is not None:
        return None
    if metric.name in {"accuracy", "error_rate"}:
        of = np.ones(len(old), dtype=bool)
    elif metric.name in {"recall", "specificity"} and old.classes is None and np.array_equal(old.label, new.label):
        of = np.asarray(old.label == (1 if metric.name == "recall" else 0))
    else:
        return None
    right, still = (old.prediction == old.label)[of], (new.prediction == new.label)[of]
    return int((right & ~still).sum()), int((~right & still).sum()), int(of.sum())


def at_stake(metric: Metric, old: Outcomes, new: Outcomes) -> Array:
    """(n,) loss that is to be expected of every row if its move was a damage; the same for either direction.

    A squared error grows by the square of the move where the old score was the truth; a decision that
    changed against probability p costs |2 p - 1|.
    """
    if not metric.decisions:
        return np.asarray(moved_scores(old, new) ** 2)
    changed: Array = (old.prediction != new.prediction).astype(float)
    if old.score is None or new.score is None or old.score.ndim > 1 or new.score.ndim > 1:
        return changed
    return np.asarray(changed * (np.abs(2 * old.score - 1) + np.abs(2 * new.score - 1)) / 2)


def moved_scores(old: Outcomes, new: Outcomes) -> Array:
    """(n,) how far the score of every row moved; the prediction, where there is no score; 1 for another text."""
    if old.is_text or new.is_text:
        return np.asarray(new.prediction != old.prediction, dtype=float)
    if old.score is None or new.score is None:
        return np.asarray(np.abs(new.prediction.astype(float) - old.prediction.astype(float)))
    gap = np.abs(new.score - old.score)
    return np.asarray(gap if gap.ndim == 1 else gap.max(axis=1))


ROUNDING = 1e-6
"""A model that differs from itself by no more than this differs by rounding, and so may two models."""


def settled(before: Outcomes, after: Outcomes, noise: float) -> Outcomes:
    """What came after, with scores that moved no further than a model's own rounding as they were before.

    Args:
        before: The baseline's rows.
        after: The candidate's, row by row the same.
        noise: How far scores of the same rows differ when they are scored twice; above `ROUNDING` nothing is
            taken back, since that is no rounding.
    """
    if not 0 < noise <= ROUNDING:
        return after
    still = moved_scores(before, after) <= noise
    score = after.score
    if score is not None and before.score is not None:
        score = np.where(still if score.ndim == 1 else still[:, None], before.score, score)
    return replace(after, prediction=np.where(still, before.prediction, after.prediction), score=score)


DUST = 1e-12
"""Of a value: what the order of additions moves; up to 1e-13 between releases of real libraries."""
LARGE = 0.9
"""Quantile of the values by which small ones are measured too: they may be differences of large ones."""


def without_dust(before: Outcomes, after: Outcomes) -> Outcomes:
    """What came after, with values that moved by no more than arithmetic does as they were before.

    Dust moves to one side as easily as to both: on enough rows 1e-16 would be proven to be harm. A decision that
    changed stays changed; and one value beyond all others makes no dust of what is seen beside it.

    Args:
        before: The baseline's rows.
        after: The candidate's, row by row the same.

    Example:
        >>> old = Outcomes(np.array([1, 0]), np.array([1, 0]), np.array([0.7, 0.2]))
        >>> new = replace(old, score=np.array([0.7 + 1e-15, 0.21]))
        >>> without_dust(old, new).score.tolist()
        [0.7, 0.21]
    """
    old, new = (one.prediction if one.score is None else one.score for one in (before, after))
    if not len(before) or "f" not in {old.dtype.kind, new.dtype.kind}:
        return after
    moved = moved_scores(before, after)
    size = np.abs(old) if old.ndim == 1 else np.abs(old).max(axis=1)
    still = (moved > 0) & (moved <= DUST * np.maximum(size, np.quantile(size, LARGE, method="lower")))
    if after.score is None:
        return replace(after, prediction=np.where(still, old, new))
    still &= before.prediction == after.prediction
    return replace(after, score=np.where(still if new.ndim == 1 else still[:, None], old, new))


def largest_share(metric: Metric, old: Outcomes, new: Outcomes, support: int | None) -> float:
    """How much of a harm one changed decision can make at most, times the rows, where no row shows it.

    Rows of a class whose decisions are all right, or all wrong, do not show what another one does. A value within
    bounds moves by no more than all of its range on the rows that it averages over; costs have no bounds, and need
    every decision on every class to be seen.

    Args:
        metric: One that reads decisions.
        old: n rows.
        new: The same n rows.
        support: Rows of the thinnest group averaged over; `None` where that is all rows.

    Returns:
        The share; 0 where the rows at hand show what any other decision does.

    Example:
        >>> from baseline_pipeline.metrics import METRICS
        >>> label, called = np.array([1, 0, 0, 0]), np.array([1, 0, 0, 1])
        >>> both, missed = Outcomes(label, called), Outcomes(label, np.array([0, 0, 0, 1]))
        >>> largest_share(METRICS["recall"], both, both, 1), largest_share(METRICS["recall"], both, missed, 1)
        (4.0, 0.0)
    """
    label, called = (np.concatenate(pair) for pair in ((old.label, new.label), (old.prediction, new.prediction)))
    bottom, top = metric.bounds
    classes = np.unique(label)
    if np.isfinite(top - bottom):
        shown = all(len(np.unique(called[label == one] == one)) > 1 for one in classes)
    else:
        pairs = np.unique(np.column_stack([label, called]), axis=0)
        shown = len(pairs) >= len(classes) * max(old.classes or 2, len(classes))
    return 0.0 if shown else float(new.weights.max()) * (top - bottom) * len(new) / (support or len(new))


def differs(metric: Metric, before: Outcomes, after: Outcomes) -> Array:
    """Rows that may contribute otherwise than before: by their label, or by what the metric reads."""
    relabelled = np.asarray(before.label != after.label)
    if metric.decisions or before.score is None or after.score is None:
        return np.asarray(relabelled | (before.prediction != after.prediction))
    gap = np.asarray(before.score != after.score)
    return np.asarray(relabelled | (gap if gap.ndim == 1 else gap.any(axis=1)))
