"""How much of an error rate each of many questions starts with."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

LEAST, MOST = 0.5, 8.0
EVEN = 0.5
"""Part of the rate that is shared out evenly whatever the promise, so that no question starves."""


def shares(promise: Array, level: float) -> Array:
    """Shares of a rate, summing to one, larger where a finding is likelier if there is one.

    The weights that give m one-sided normal tests the largest mean power if test j had mean
    promise_j under its alternative: alpha_j = 1 - Phi(promise_j / 2 + c / promise_j), c such that they sum to
    the level (Spjotvoll 1972, Ann. Math. Statist. 43:398; Roeder and Wasserman 2009, Statist. Sci.
    24:398). Half of the level is shared out evenly, so that a wrong promise costs a factor of two at most.
    The promise must not depend on what the test conditions out; the error rate then holds whatever it is.

    Args:
        promise: (m,) expected statistics, in standard errors; NaN where nothing is known, which takes the median.
        level: What the shares are parts of.

    Example:
        >>> shares(np.array([1.0, 1.0, 4.0]), 0.003).round(2).tolist()
        [0.19, 0.19, 0.62]
        >>> shares(np.array([2.0, np.nan]), 0.003).tolist()
        [0.5, 0.5]
    """
    from scipy.special import ndtr

    known = np.isfinite(promise)
    middle = float(np.median(promise[known])) if known.any() else 1.0
    mean = np.clip(np.where(known, promise, middle), LEAST, MOST)
    low, high = -1000.0, 1000.0
    for _ in range(200):
        c = (low + high) / 2
        low, high = (c, high) if ndtr(-(mean / 2 + c / mean)).sum() > level else (low, c)
    best = ndtr(-(mean / 2 + high / mean))
    return np.asarray(EVEN / len(mean) + (1 - EVEN) * best / best.sum())
