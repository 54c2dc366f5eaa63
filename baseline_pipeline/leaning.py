"""Whether a model has begun to lean on other features than the one before it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from baseline_pipeline.comparison import Leaning

if TYPE_CHECKING:
    from collections.abc import Sequence

    from baseline_pipeline.evaluation import Importance

Array = np.ndarray[Any, Any]

NOTABLE = 0.1
"""Share of all that moves the score, by which a feature must gain or lose to be a finding."""


def leanings(before: Sequence[Importance], after: Sequence[Importance], level: float) -> tuple[Leaning, ...]:
    """Every feature that both models are given, those whose share of the score's movement changed most first.

    A change is a finding where the feature's share of the movement of all features differs beyond luck (a z-test over
    all features, Bonferroni) and by a tenth or more: a model that leans on another feature may be as good as before
    today and break with that feature tomorrow. A model that grew bolder moves further with every feature, and leans on
    none of them more. A share's error follows from those of the movements, taken as independent: they are of the same
    rows, and the more they go together the smaller it is.

    Args:
        before: Of the baseline's model.
        after: Of the candidate's.
        level: How often any feature is a finding where none changed.
    """
    from scipy.special import ndtr

    old, new = ({one.feature: one for one in side} for side in (before, after))
    names = [name for name in old if name in new]
    shares, errors = zip(*(_shares([side[name] for name in names]) for side in (old, new)), strict=True)
    found = []
    for name, one, other, error in zip(names, *shares, np.hypot(*errors), strict=True):
        gap = abs(other - one)
        p = 1.0 if gap == 0 else 2 * float(ndtr(-gap / error)) if error else 0.0
        adjusted = min(1.0, p * len(names))
        found.append(
            Leaning(
                feature=name,
                baseline=float(one),
                candidate=float(other),
                p_adjusted=adjusted,
                found=bool(adjusted <= level and gap >= NOTABLE),
            )
        )
    return tuple(sorted(found, key=lambda leaning: -abs(leaning.candidate - leaning.baseline)))


def _shares(importances: Sequence[Importance]) -> tuple[Array, Array]:
    """(k,) shares of all movement, and (k,) their standard errors; 0 where nothing moves."""
    movement = np.array([one.movement for one in importances])
    total = movement.sum() or 1.0
    share = movement / total
    variance = np.array([one.movement_error for one in importances]) ** 2
    return share, np.sqrt((1 - 2 * share) * variance + share**2 * variance.sum()) / total
