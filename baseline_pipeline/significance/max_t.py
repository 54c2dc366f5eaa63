"""Many correlated questions, one error rate: weighted step-down max-T over random signs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from baseline_pipeline.significance.random_signs import signed_sums
from baseline_pipeline.significance.step_down import StepDown

Array = np.ndarray[Any, Any]

GRAIN = float(1 << 20)
"""Contributions are rounded to this many steps of their column's largest: sums of up to 2^13 squares are then
exact in double precision, and so the same on every machine and for any number of threads."""


RADEMACHER = 3.178
"""A self-normalised sum under random signs exceeds t at most so many times as often as a standard normal
(Bentkus and Dzindzalieta 2015, Bernoulli 21:1231): p-values below what draws can tell come from this bound."""


@dataclass(frozen=True)
class Detection:
    """Which of m questions show an effect in one direction, at one error rate for all.

    Attributes:
        adjusted: (m,) p-values: rejecting those up to alpha errs anywhere with probability at most alpha.
        critical: (m,) what the statistic of each question had to exceed at its last step.
    """

    adjusted: Array
    critical: Array


def statistics(units: Array) -> Array:
    """Self-normalised sums, sum(w) / sqrt(sum(w^2)), of the columns of (units, m) contributions.

    Example:
        >>> statistics(np.array([[1.0, 1.0], [1.0, -1.0]])).round(4).tolist()
        [1.4142, 0.0]
    """
    steps = _steps(units)
    return np.asarray(steps.sum(axis=0) / _norm(steps))


def max_t(
    units: Array, weights: Array, alpha: float, *, seed: int, observed: Array | None = None
) -> tuple[Detection, Detection]:
    """One-sided tests of "nothing is worse" and of "nothing is better", each with error rate alpha.

    The signs of whole units are drawn at random. Where baseline and candidate are exchangeable
    within a unit, which is what "nothing changed but luck" means, every draw is as likely as what was
    observed, and the level is exact for any number of units; where harm is only zero on average it
    holds as units grow (Chung and Romano 2013). Questions keep their correlation, which a sum of
    p-values would throw away. Each is compared on the scale of its normal tail over its weight, step
    by step with those already rejected left out (Westfall and Young 1993; Romano and Wolf 2005), so
    what the rejected ones were given goes to the others. p-values count the observation itself among
    the draws (Phipson and Smyth 2010), and are never above what a sharp bound of random signs says.

    Args:
        units: (u, m) contribution of every independent unit (row, or cluster of rows) to m harms.
        weights: (m,) positive; the share of the error rate each question starts with.
        alpha: Error rate of all questions together.
        seed: Of the signs.
        observed: (m,) statistics on the scale of a standard normal, where they are not the
            columns' own self-normalised sums.

    Returns:
        What is found worse (sums above zero), and what is found better; p-values of one where nothing could be.

    Example:
        >>> units = np.tile([[1.0, 1.0], [1.0, -1.0]], (20, 1))
        >>> worse, better = max_t(units, np.ones(2), 0.05, seed=1)
        >>> worse.adjusted.round(3).tolist(), better.adjusted.round(3).tolist()
        ([0.0, 0.569], [1.0, 1.0])
    """
    steps = _steps(units[np.any(units != 0, axis=1)])
    norm = _norm(steps)
    seen = steps.sum(axis=0) / norm if observed is None else observed
    drawn = signed_sums(steps, seed)
    drawn /= norm[:, None]
    offset = np.log(weights / weights.sum())
    worse = _step_down(seen, drawn, offset, alpha)
    if not _any_below(-seen, alpha):
        return worse, Detection(np.ones(len(seen)), worse.critical)
    np.negative(drawn, drawn)
    return worse, _step_down(-seen, drawn, offset, alpha)


def _any_below(seen: Array, alpha: float) -> bool:
    """Whether a question could be rejected at all: no adjusted p-value lies below its own."""
    from scipy.special import ndtr

    return bool((ndtr(-seen) <= RADEMACHER * alpha).any())


def _step_down(seen: Array, drawn: Array, offset: Array, alpha: float) -> Detection:
    from scipy.special import ndtri_exp

    steps = StepDown(seen, drawn, offset)
    count, draws = drawn.shape
    counted = np.maximum.accumulate((steps.beaten() + 1) / (draws + 1))
    bounded = np.maximum.accumulate(np.exp(np.minimum(steps.ahead + np.log(RADEMACHER), 0.0)))
    adjusted = np.minimum(counted, bounded)
    last = min(int((adjusted <= alpha).sum()), count - 1)
    rank = int(np.floor(alpha * (draws + 1))) - 1
    if rank < 0:
        bar = np.full(count, np.log(max(alpha, 1e-300) / RADEMACHER))
    else:
        bar = steps.bar(rank, last + 1)[np.minimum(np.arange(count), last)]
    critical = -ndtri_exp(np.minimum(bar + steps.offset, np.log(0.5)))
    back = np.argsort(steps.order, kind="stable")
    return Detection(adjusted[back], critical[back])


def _steps(units: Array) -> Array:
    largest = np.abs(units).max(axis=0, initial=0.0)
    return np.asarray(np.rint(units * (GRAIN / np.where(largest > 0, largest, 1.0))))


def _norm(steps: Array) -> Array:
    return np.asarray(np.sqrt(np.maximum((steps * steps).sum(axis=0), 1.0)))
