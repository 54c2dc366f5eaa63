"""Many questions, one error rate: Holm's step-down procedure (1979)."""

from __future__ import annotations

from collections.abc import Sequence


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjusted p-values: rejecting those below alpha errs anywhere with probability at most alpha.

    Example:
        >>> holm([0.01, 0.04, 0.03])
        [0.03, 0.06, 0.06]
    """
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    adjusted = [1.0] * len(p_values)
    running = 0.0
    for rank, index in enumerate(order):
        running = max(running, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = running
    return adjusted


def holm_levels(p_values: Sequence[float], alpha: float) -> list[float]:
    """The level at which each question was finally tested: bounds at it agree with the adjusted p.

    A rejected question keeps the level of its own step; every other one is left with the level of
    the first step that did not reject.

    Example:
        >>> holm_levels([0.001, 0.5], 0.05)
        [0.025, 0.05]
    """
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    levels = [0.0] * len(p_values)
    stopped: float | None = None
    for rank, index in enumerate(order):
        step = alpha / (len(p_values) - rank)
        if stopped is None and p_values[index] > step:
            stopped = step
        levels[index] = step if stopped is None else stopped
    return levels
