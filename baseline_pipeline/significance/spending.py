"""One error rate for many looks at growing data."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache

import numpy as np

GRID, REACH = 1201, 8.0


def spent(alpha: float, fraction: float) -> float:
    """What may be spent by the time a fraction of the data is in: little early on (O'Brien-Fleming type).

    Source: Lan and DeMets (1983), Discrete sequential boundaries for clinical trials, Biometrika 70:659.

    Example:
        >>> [round(spent(0.025, fraction), 5) for fraction in (0.2, 0.6, 1.0)]
        [0.0, 0.00381, 0.025]
    """
    from scipy.special import ndtr, ndtri

    return float(2 * ndtr(ndtri(alpha / 2) / math.sqrt(min(fraction, 1.0))))


def spent_evenly(alpha: float, fraction: float) -> float:
    """What may be spent by the time a fraction of the data is in: about as much at every look (Pocock type).

    Source: Lan and DeMets (1983); Pocock (1977), Group sequential methods in clinical trials, Biometrika 64:191.

    Example:
        >>> [round(spent_evenly(0.025, fraction), 5) for fraction in (0.2, 0.6, 1.0)]
        [0.00738, 0.01771, 0.025]
    """
    return alpha * math.log1p((math.e - 1) * min(fraction, 1.0))


@lru_cache(maxsize=64)
def levels(alpha: float, looks: int, spending: Callable[[float, float], float] = spent) -> tuple[float, ...]:
    """One-sided level of each of so many equally spaced looks that together err with probability alpha.

    The distribution of the running sum that has not crossed yet is carried from look to look on a grid
    (Armitage, McPherson and Rowe 1969); each bound takes what may be spent since the look before.

    Args:
        alpha: Error rate over all looks.
        looks: How many there will be at most.
        spending: What may be spent of alpha by the time a fraction of the data is in.

    Example:
        >>> from scipy.stats import norm
        >>> [round(float(norm.isf(level)), 3) for level in levels(0.025, 5)]  # published: 4.877 3.357 2.680 2.290 2.031
        [4.877, 3.357, 2.68, 2.29, 2.031]
    """
    from scipy.special import ndtr
    from scipy.stats import norm

    found: list[float] = []
    points = np.array([0.0])
    mass = np.array([1.0])
    before = 0.0
    for look in range(1, looks + 1):
        total = spending(alpha, look / looks)
        target = max(total - before, 1e-300)
        before = total
        low, high = 0.0, REACH + 2.0
        for _ in range(80):  # the bound on the scale of z at this look
            bound = (low + high) / 2
            crossing = float(mass @ ndtr(points - bound * math.sqrt(look)))
            low, high = (bound, high) if crossing > target else (low, bound)
        bound = (low + high) / 2
        found.append(float(ndtr(-bound)))
        edge = bound * math.sqrt(look)
        grid = np.linspace(-REACH * math.sqrt(look), edge, GRID)
        density = mass @ norm.pdf(grid[None, :] - points[:, None])
        weight = np.full(GRID, grid[1] - grid[0])
        weight[[0, -1]] /= 2
        points, mass = grid, density * weight
    return tuple(found)


def open_level(alpha: float, look: int) -> float:
    """One-sided level of a look where there may be any number of them: 6 alpha / (pi look)^2, which sum to alpha.

    Example:
        >>> round(sum(open_level(0.01, look) for look in range(1, 100_000)), 4)
        0.01
    """
    return 6 * alpha / (math.pi * look) ** 2
