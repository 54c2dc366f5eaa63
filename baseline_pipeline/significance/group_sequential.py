"""Boundaries of planned looks whose data come in unequal amounts."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from baseline_pipeline.significance.spending import spent

Array = np.ndarray[Any, Any]
Step = tuple[int, Array]
"""How a sum of whole numbers may move between two looks where nothing is worse: the least, and the (k,) probabilities
of it and of those that follow."""
NOTHING, NEGLIGIBLE = 1e-100, 1e-30
"""Probabilities below which the sum is not followed: up, where the first looks may spend next to nothing, and down."""
REACH = 20.0
"""Standard deviations that a step is followed on either side."""
COIN = (0.5, 0.5)


@dataclass(frozen=True)
class Plan:
    """How far a plan of looks has come: where the sum may be now, had nothing alarmed yet.

    After look k of K at most so much of alpha is spent as `spent` allows at k/K. The calendar says how much may be
    spent, the steps say how looks hang together; so looks with more or less data than was thought, or none, keep the
    error rate, and a step taken later never changes a boundary given before. With exact steps the boundary is exact;
    what whole numbers leave unspent is spent later.

    Sources: Lan and DeMets (1983), Biometrika 70:659; Lan and DeMets (1989), Group sequential procedures: calendar
    versus information time, Stat. Med. 8:1191; Armitage, McPherson and Rowe (1969), J. R. Stat. Soc. A 132:235.

    Attributes:
        alpha: Error rate over all looks, one-sided.
        looks: How many are planned.
        look: How many have been.
        used: Probability of an alarm so far, where nothing is worse.
        first: The least value the sum may have.
        mass: (k,) probabilities of that value and those that follow, without those that alarmed.

    Example:
        Two looks at 1 %: after 40 changed rows, and after 100 more. 32 worse ones of the 40 alarm, or 85 of the 140.

        >>> half, early = Plan(0.01, 2).after(coin_flips(40))
        >>> whole, late = half.after(coin_flips(100))
        >>> early, late, whole.used <= 0.01, whole.after(coin_flips(9))[1] is None
        (32, 85, True, True)
    """

    alpha: float
    looks: int
    look: int = 0
    used: float = 0.0
    first: int = 0
    mass: Array = field(default_factory=lambda: np.ones(1))

    def after(self, step: Step) -> tuple[Plan, int | None]:
        """The plan at its next look, and the least sum that alarms there; None where none does, or the plan is over."""
        if self.look >= self.looks:
            return self, None
        first, mass = self.first + step[0], _sum(self.mass, step[1])
        allowed = spent(self.alpha, (self.look + 1) / self.looks) - self.used
        beyond = np.cumsum(mass[::-1])[::-1]  # probability of the sum being here or above
        cut = int(np.searchsorted(-beyond, -max(allowed, 0.0)))
        alarm = first + cut if allowed > 0 else None
        used = self.used + float(beyond[cut] if cut < len(mass) else 0.0)
        kept = mass[:cut]
        low = int(np.searchsorted(np.cumsum(kept), NEGLIGIBLE))
        high = cut - int(np.searchsorted(np.cumsum(kept[::-1]), NOTHING))
        return replace(self, look=self.look + 1, used=used, first=first + low, mass=kept[low:high]), alarm


def _sum(mass: Array, chance: Array) -> Array:
    """Probabilities of a sum of two; without the zeros between the sides of a coin."""
    sides = np.flatnonzero(chance)
    if len(sides) > len(COIN):
        return np.convolve(mass, chance)
    found = np.zeros(len(mass) + len(chance) - 1)
    for side in sides:
        found[side : side + len(mass)] += chance[side] * mass
    return found


def coin_flips(rows: int) -> Step:
    """Worse ones among so many changed rows, each worse or better with equal chance: exact, for independent rows.

    Example:
        >>> coin_flips(2)[0], coin_flips(2)[1].round(2).tolist()
        (0, [0.25, 0.5, 0.25])
    """
    from scipy.special import gammaln

    reach = math.ceil(REACH * math.sqrt(rows) / 2) + 1
    least, most = max(rows // 2 - reach, 0), min(rows // 2 + reach, rows)
    worse = np.arange(least, most + 1)
    chance = np.exp(gammaln(rows + 1) - gammaln(worse + 1) - gammaln(rows - worse + 1) - rows * math.log(2))
    return least, chance / chance.sum()


def one_coin(change: int) -> Step:
    """A change that could as well have been its opposite: exact where all that it sums up may hang together.

    Example:
        >>> one_coin(1)
        (-1, array([0.5, 0. , 0.5]))
    """
    chance = np.zeros(2 * abs(change) + 1)
    chance[0] += COIN[0]
    chance[-1] += COIN[1]
    return -abs(change), chance


def normal_step(deviation: float) -> Step:
    """A normal step of mean zero, rounded to whole numbers.

    Args:
        deviation: Its standard deviation, in the steps that the sum is counted in.

    Example:
        >>> float(normal_step(0.6)[1].max().round(3)), normal_step(0.0)
        (0.595, (0, array([1.])))
    """
    from scipy.special import ndtr

    if deviation <= 0:
        return 0, np.ones(1)
    reach = math.ceil(REACH * deviation)
    below = np.arange(-reach, 1) - 0.5  # the lower half, where differences keep their digits
    half = ndtr((below + 1) / deviation) - ndtr(below / deviation)
    chance = np.concatenate([half, half[-2::-1]])
    return -reach, chance / chance.sum()
