"""Whether a model has begun to lean on other features than the one before it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from baseline_pipeline.comparison import Leaning

if TYPE_CHECKING:
    from collections.abc import Sequence

    from baseline_pipeline.evaluation import Importance

NOTABLE = 0.1
"""Share of all that moves the score, by which a feature must gain or lose to be a finding."""


def leanings(before: Sequence[Importance], after: Sequence[Importance], level: float) -> tuple[Leaning, ...]:
    """Every feature that either model reads, those whose share of the score's movement changed most first.

    A change is a finding where the feature's movement differs beyond luck (a z-test over all features, Bonferroni)
    and its share of the movement of all features changed by a tenth or more: a model that leans on another feature
    may be as good as before today and break with that feature tomorrow.

    Args:
        before: Of the baseline's model.
        after: Of the candidate's.
        level: How often any feature is a finding where none changed.
    """
    from scipy.special import ndtr

    old, new = ({one.feature: one for one in side} for side in (before, after))
    names = [name for name in old if name in new]
    if not names:
        return ()
    shares = [_shares([side[name].movement for name in names]) for side in (old, new)]
    found = []
    for name, one, other in zip(names, *shares, strict=True):
        gap = new[name].movement - old[name].movement
        error = np.hypot(old[name].movement_error, new[name].movement_error)
        p = 1.0 if gap == 0 else 2 * float(ndtr(-abs(gap) / error)) if error else 0.0
        adjusted = min(1.0, p * len(names))
        found.append(
            Leaning(
                feature=name,
                baseline=one,
                candidate=other,
                p_adjusted=adjusted,
                found=bool(adjusted <= level and abs(other - one) >= NOTABLE),
            )
        )
    return tuple(sorted(found, key=lambda leaning: -abs(leaning.candidate - leaning.baseline)))


def _shares(movements: list[float]) -> list[float]:
    total = sum(movements)
    return [one / total if total else 0.0 for one in movements]
