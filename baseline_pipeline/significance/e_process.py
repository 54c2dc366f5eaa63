"""Evidence against "not worse" that may be looked at after every row, for ever."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

CONCENTRATION = 20.0
"""Of the mixture over how often a changed row is a worse one: Beta(20, 20), its half above 1/2.

Sharpest at some hundreds of changed rows; half or twice as much finds nearly the same there. Averaged with a larger one
it finds more of what is slow and small, and loses as much of what is not."""
UNDERFLOW = 1e-280
"""Below, the incomplete beta function is taken by its continued fraction, not as a number that rounds to zero."""
LARGEST_BET = 0.95
"""Of the wealth at stake where a window goes wholly against the bet: never all of it."""


def log_e_value(worse: Array | int, better: Array | int, concentration: float = CONCENTRATION) -> Array:
    """Natural logarithm of the e-value of "a changed row is at least as likely better as worse".

    The likelihood of the counts with the chance p of a changed row to be a worse one drawn from Beta(a, a) above 1/2,
    over the likelihood with p = 1/2: 2 * 2^(b+c) * B(b+a, c+a) / B(a, a) * I_1/2(c+a, b+a). While no changed row is
    likelier worse than better, whatever came before, it is a supermartingale that starts at one: it ever reaches
    1/alpha with probability at most alpha (Ville 1939), however often and whenever it is looked at, and 1 over its
    largest value so far is a p-value at all times. Rows must be independent; where they move together see `Bet`.

    Within 1e-6 of the true value for counts up to 10^7.

    Sources: Ville (1939), Etude critique de la notion de collectif; Robbins (1970), Statistical methods related to
    the law of the iterated logarithm, Ann. Math. Stat. 41:1397; Ramdas et al. (2023), Game-theoretic statistics and
    safe anytime-valid inference, Stat. Science 38:576.

    Args:
        worse: (...) rows so far on which only the present model errs.
        better: (...) rows so far on which only the baseline errs.
        concentration: a; larger looks for smaller excesses.

    Returns:
        (...) logarithms; alarm where one reaches -log(alpha).

    Raises:
        ValueError: for a negative count, or a concentration that is not positive.

    Example:
        >>> np.exp(log_e_value(np.array([0, 10, 60]), np.array([0, 10, 20]))).round(2).tolist()
        [1.0, 0.81, 1090.91]
    """
    from scipy.special import betainc, betaln

    b, c = np.asarray(worse, dtype=float), np.asarray(better, dtype=float)
    if (b < 0).any() or (c < 0).any() or not concentration > 0:
        message = f"counts {b.min()}, {c.min()} and concentration {concentration} stood here; none may be negative"
        raise ValueError(message)
    b, c = np.broadcast_arrays(b, c)
    a = concentration
    tail = betainc(c + a, b + a, 0.5)
    seen = math.log(2) * (1 + b + c) + betaln(b + a, c + a) - betaln(a, a)
    found = np.asarray(seen + np.log(np.maximum(tail, UNDERFLOW)))
    far = tail < UNDERFLOW
    if far.any():
        fraction = _fraction(c[far] + a, b[far] + a)
        found[far] = math.log(2) * (1 - 2 * a) - betaln(a, a) - np.log(c[far] + a) + np.log(fraction)
    return found


def least_worse(changed: Array, alpha: float, concentration: float = CONCENTRATION) -> Array:
    """(...) the fewest worse ones among so many changed rows that raise the alarm; one more than all where none do.

    Args:
        changed: (...) changed rows, worse and better.
        alpha: Error rate over all time.
        concentration: As for `log_e_value`.

    Example:
        >>> least_worse(np.array([3, 50, 1000]), 0.01).tolist()
        [4, 39, 554]
    """
    total = np.asarray(changed, dtype=np.int64)
    low, high = np.full(total.shape, -1), total + 1
    while (high - low > 1).any():
        middle = np.clip((low + high) // 2, 0, total)
        alarms = log_e_value(middle, total - middle, concentration) >= -math.log(alpha)
        open_ = high - low > 1
        high, low = np.where(open_ & alarms, middle, high), np.where(open_ & ~alarms, middle, low)
    return np.asarray(high)


@dataclass(frozen=True)
class Bet:
    """A gambler who bets that harm is positive, with wealth one at the start: the wealth is an e-process.

    For rows in clusters, and for losses of any kind that are bounded: each value is a window's (a cluster's) harm over
    the largest it could be, so that it lies in [-1, 1]; whatever rows within it have in common does no damage. The
    scale must be known before the signs: the rows that changed times the largest harm of one row. While no value is
    positive on average given those before it, wealth ever reaches 1/alpha with probability at most alpha. The stake
    is fixed before each value: the mean so far over the mean square so far, the approximately growth-optimal
    predictable plug-in.

    Source: Waudby-Smith and Ramdas (2024), Estimating means of bounded random variables by betting, J. R. Stat. Soc.
    B 86:1, section 5 and appendix B.

    Attributes:
        log_wealth: Natural logarithm of the e-value.
        count: Values so far.
        total: Their sum.
        squares: Sum of their squares.

    Example:
        >>> bet = Bet()
        >>> for value in (0.4, 0.3, 0.5, 0.4, 0.3):
        ...     bet = bet.after(value)
        >>> round(bet.log_wealth, 3)
        1.212
    """

    log_wealth: float = 0.0
    count: int = 0
    total: float = 0.0
    squares: float = 0.0

    @property
    def stake(self) -> float:
        """Share of the wealth that the next value is played for; a made-up value of mean square 1/4 comes first."""
        return min(max(self.total / (self.squares + 0.25), 0.0), LARGEST_BET)

    def after(self, value: float) -> Bet:
        """The wealth once a value is known.

        Raises:
            ValueError: for a value outside [-1, 1], or NaN.
        """
        if not -1 <= value <= 1:
            message = f"value {value} stood here; accepted: -1 to 1, a harm over the largest it could be"
            raise ValueError(message)
        wealth = self.log_wealth + math.log1p(self.stake * value)
        return Bet(wealth, self.count + 1, self.total + value, self.squares + value * value)


def _fraction(p: Array, q: Array) -> Array:
    """I_1/2(p, q) p B(p, q) 2^(p+q), p > q: the continued fraction of the incomplete beta function by Lentz's way.

    Source: DLMF 8.17.22; Lentz (1976), Applied Optics 15:668.
    """
    c = np.ones(p.shape)
    d = 1 / (1 - (p + q) / (2 * (p + 1)))
    found: Array = d.copy()
    for m in range(1, 100_000):
        even = m * (q - m) / (2 * (p + 2 * m - 1) * (p + 2 * m))
        d = 1 / (1 + even * d)
        c = 1 + even / c
        found *= c * d
        odd = -(p + m) * (p + q + m) / (2 * (p + 2 * m) * (p + 2 * m + 1))
        d = 1 / (1 + odd * d)
        c = 1 + odd / c
        found *= c * d
        if (np.abs(c * d - 1) < 1e-15).all():  # noqa: PLR2004  # nothing is added any more
            break
    return found
