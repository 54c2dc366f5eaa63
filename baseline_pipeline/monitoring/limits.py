"""Limits of alarm: how large the largest of many calm streams gets, at a stated rate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import ndtri

if TYPE_CHECKING:
    from collections.abc import Callable

Array = np.ndarray[Any, Any]
TAIL_SHARE = 0.25
"""Share of the calm maxima that the tail is fitted to."""
LEAST_FITTED = 3
"""Calm maxima that it is fitted to at least."""
RUNS, RUN_LENGTH = 150, 200
MOST_LEARNED = 400
"""Calm windows beyond which what was learned counts as certain."""
MOST_CARRIED = 0.95
"""Share of a window's effect that is at most taken to be there in the next one."""
EQUAL = 1e-9
"""Variance of scores below which a stream never moved."""
LEAST_SCALE = np.array([0.2, 1.0])
"""Of EWMA and CUSUM: what less than normal noise gives."""
EWMA = 0.1
CUSUM = 0.5
MOST_SCORE = 3.0
"""Normal score that one standard deviation of a window counts as at most: ranks among calm windows that all but agree
would take a difference far below what rows stray by for a drift."""
CEILING = 40.0
"""Of CUSUM, in standard deviations."""


def sudden_limit(calm: Array, rate: float) -> float:
    """What the largest of several streams exceeds in a share `rate` of calm windows.

    Where there are enough calm windows this is their own order statistic, and needs no assumption but that
    the windows to come are exchangeable with them; beyond, the tail is taken on as exponential. Its mean is known
    from k windows only: a new one exceeds the base by more than x means in a share (1 + x / k)^-k of cases (Pareto),
    not exp(-x), and the limit is taken from that.

    Source: Vovk, Gammerman and Shafer (2005), Algorithmic Learning in a Random World; Pickands (1975),
    Statistical inference using extreme order statistics, Ann. Stat. 3:119; Renyi (1953), On the theory of order
    statistics, Acta Math. Hung. 4:191; Geisser (1993), Predictive Inference.

    Args:
        calm: (n,) the largest standardised harm of each calm window.
        rate: Alarms per window.

    Example:
        >>> sudden_limit(np.arange(1.0, 200.0), 0.01)
        198.0
    """
    ordered = np.sort(calm[np.isfinite(calm)])
    count = len(ordered)
    if count < 2:  # noqa: PLR2004  # a base, and one beyond it
        return float("inf")
    beyond = rate * (count + 1)
    if beyond >= 1:
        return float(np.interp(count - beyond, np.arange(count), ordered))
    fitted = max(int(TAIL_SHARE * count), min(LEAST_FITTED, count - 1))
    base = float(ordered[count - fitted - 1])
    mean = float((ordered[count - fitted :] - base).mean())
    share = (fitted + 1) / (count + 1)
    reach = fitted * ((share / rate) ** (1 / fitted) - 1)
    return float(max(base + mean * reach, ordered[-1]))


@dataclass(frozen=True)
class Slow:
    """The detectors of slow drift, s streams.

    Attributes:
        sign: (s,) as in `Calm`.
        calm: (n, s) standardised readings of calm windows, ascending; missing ones are last, as infinity.
        scale: (2, s) what EWMA and CUSUM of each stream exceed once in a hundred calm windows.
        limit: Of the largest over both and all streams, in those units.
    """

    sign: Array
    calm: Array
    scale: Array
    limit: float

    def harm(self, standardised: Array) -> Array:
        """(w, s) the larger of EWMA and CUSUM of normal scores, over their scales; the windows in their order."""
        most = MOST_SCORE * np.abs(standardised)
        scores = np.clip(normal_scores(self.calm, standardised), -most, most)
        return np.asarray((accumulated(scores, self.sign) / self.scale[:, None, :]).max(axis=0))


def normal_scores(calm: Array, values: Array) -> Array:
    """(w, s) where values lie among calm ones, as quantiles of the normal distribution, averaged over ties.

    They have one distribution whatever that of the values is, skewed or heavy-tailed, and bounds: what adds up needs
    no other limits for a stream of rare errors than for a mean.

    Source: van der Waerden (1952), Order tests for the two-sample problem, Indag. Math. 14:453; McDonald (1990), A
    cusum procedure based on sequential ranks, Naval Res. Logist. 37:627.

    Args:
        calm: (n, s) ascending, infinity where there is none.
        values: (w, s); NaN stays NaN.

    Example:
        >>> normal_scores(np.array([[1.0], [2.0], [9.0]]), np.array([[0.0], [2.0], [1e6]])).round(2).ravel()
        array([-1.15,  0.  ,  1.15])
    """
    found = np.full(values.shape, np.nan)
    for stream, count in enumerate(np.isfinite(calm).sum(axis=0)):
        below, upto = (
            np.searchsorted(calm[:count, stream], values[:, stream], side=side) for side in ("left", "right")
        )
        total = np.concatenate([[0.0], np.cumsum(ndtri((np.arange(count + 1) + 0.5) / (count + 1)))])
        found[:, stream] = (total[upto + 1] - total[below]) / (upto - below + 1)
    return np.where(np.isnan(values), np.nan, found)


def accumulated(scores: Array, sign: Array) -> Array:
    """(2, w, ..., s) EWMA and CUSUM in the harmful direction; a window without a value leaves them as they were.

    CUSUM is held below a ceiling, so that it comes back once a long shift is over.

    Source: Roberts (1959), Control chart tests based on geometric moving averages; Page (1954), Continuous
    inspection schemes.

    Args:
        scores: (w, ..., s) windows in their order, in standard deviations.
        sign: (s,) as in `Calm`.

    Example:
        >>> mean, sums = accumulated(np.ones((4, 1)), np.array([1]))
        >>> mean.ravel().round(2).tolist(), sums.ravel().round(2).tolist()
        ([0.1, 0.19, 0.27, 0.34], [0.5, 1.0, 1.5, 2.0])
    """
    known = np.isfinite(scores)
    values = np.where(known, scores, 0.0)
    mean, up, down = (np.zeros(values.shape[1:]) for _ in range(3))
    out = np.zeros((2, *values.shape))
    for number, row in enumerate(values):
        mean = mean + EWMA * known[number] * (row - mean)
        drift = known[number] * CUSUM
        up = np.clip(up + row - drift, 0.0, CEILING)
        down = np.clip(down - row - drift, 0.0, CEILING)
        out[0, number] = np.where(sign == 0, np.abs(mean), mean * sign)
        out[1, number] = np.where(sign == 0, np.maximum(up, down), np.where(sign > 0, up, down))
    return out


def slow_limit(calm: Array, sign: Array, rate: float, *, seed: int = 0) -> Slow:
    """Scales and limit of the slow detectors, by drawing calm windows and those to come.

    Normal scores of independent windows have one known distribution, so that limits hold for every shape of noise.
    What streams have to do with one another is drawn as calm windows show it, and what carries over from one window
    to the next as a first-order autoregression, its coefficient drawn from what calm windows leave possible; it is
    never taken to be negative. The calm windows that scores are ranked among are drawn too: without that
    uncertainty a long wait is sure to alarm. A stretch that is not yet in alarm enters it at the rate, which is one
    over the average run length.

    Source: Lucas and Saccucci (1990), Exponentially weighted moving average control schemes, Technometrics
    32:1; Lu and Reynolds (1999), EWMA control charts for monitoring the mean of autocorrelated processes, J. Qual.
    Technol. 31:166.

    Args:
        calm: (n, s) standardised readings of calm windows, in their order.
        sign: (s,) as in `Calm`.
        rate: Alarms per window.
        seed: Of the draws.
    """
    draw = np.random.default_rng(seed)
    ordered = np.sort(np.where(np.isfinite(calm), calm, np.inf), axis=0)
    own = normal_scores(ordered, calm)
    known = np.minimum(np.isfinite(calm).sum(axis=0), MOST_LEARNED)
    carried = _carried_over(own, draw)
    together = _correlated(own, float(carried.mean()), draw)
    learned = _autoregression(together, carried, int(known.max()))
    coming = _autoregression(together, carried, RUN_LENGTH)
    learned = np.where(np.arange(len(learned))[:, None, None] < known, learned, np.inf)
    scores = np.stack([normal_scores(np.sort(learned[:, run], axis=0), coming[:, run]) for run in range(RUNS)], axis=1)
    runs = accumulated(scores, sign)
    return Slow(sign, ordered, _scales(runs), _entering(_largest(runs), rate))


def _carried_over(scores: Array, draw: np.random.Generator) -> Array:
    """(runs, s) coefficients of autoregression: each stream's own, drawn towards those of all, with their error.

    Source: Marriott and Pope (1954), Bias in the estimation of autocorrelations, Biometrika 41:390; Morris (1983),
    Parametric empirical Bayes inference, J. Am. Stat. Assoc. 78:47.
    """
    centred = scores - np.nanmean(scores, axis=0)
    total = np.nanvar(scores, axis=0)
    moving = total > EQUAL
    if not moving.any():
        return np.zeros((RUNS, len(total)))
    pairs = np.isfinite(centred[1:]) & np.isfinite(centred[:-1])
    count = np.maximum(pairs.sum(axis=0), 1)
    together = np.where(pairs, centred[1:] * centred[:-1], 0.0).sum(axis=0) / count
    raw = np.where(moving, together / np.where(moving, total, 1.0), 0.0)
    found = raw + (1 + 3 * raw) / count
    error = np.maximum(1 - raw**2, 0.1) / count
    whole, streams = float(found[moving].mean()), int(moving.sum())
    between = max(float(found[moving].var() - error[moving].mean()), 0.0)
    own = between / (between + error)
    mean = own * found + (1 - own) * whole
    spread = np.sqrt(own * error + (1 - own) ** 2 * error / streams)
    drawn = np.clip(mean + spread * draw.standard_normal((RUNS, len(total))), 0.0, MOST_CARRIED)
    return np.where(moving, drawn, 0.0)


def _correlated(scores: Array, carried: float, draw: np.random.Generator) -> Callable[[int], Array]:
    """Draws (runs, s) normal numbers that are correlated as calm windows are: sums of them with random weights.

    Correlations are shrunk by as much of their mean square as so few windows give to streams that have nothing to do
    with one another.

    Source: Schaefer and Strimmer (2005), A shrinkage approach to large-scale covariance matrix estimation, Stat.
    Appl. Genet. Mol. Biol. 4:32; Bartlett (1935), Some aspects of the time-correlation problem, J. R. Stat. Soc.
    98:536.
    """
    rows = np.nan_to_num(scores - np.nanmean(scores, axis=0))
    rows = rows[draw.permutation(len(rows))[:MOST_LEARNED]]
    size = np.sqrt((rows**2).sum(axis=0))
    rows = np.where(size > EQUAL, rows / np.maximum(size, EQUAL), 0.0)
    streams = rows.shape[1]
    moving = int((size > EQUAL).sum())
    square = float(((rows @ rows.T) ** 2).sum() - moving) / max(moving * (moving - 1), 1)
    by_chance = (1 + carried**2) / (1 - carried**2) / len(rows)
    own = np.where(size > EQUAL, min(by_chance / max(square, 1e-12), 1.0), 1.0)

    def drawn(runs: int) -> Array:
        together = draw.standard_normal((runs, len(rows))) @ rows
        return np.asarray(np.sqrt(1 - own) * together + np.sqrt(own) * draw.standard_normal((runs, streams)))

    return drawn


def _autoregression(drawn: Callable[[int], Array], carried: Array, length: int) -> Array:
    """(length, runs, s) stretches of variance one."""
    fresh = np.sqrt(1 - carried**2)
    found = np.empty((length, *carried.shape))
    now = drawn(len(carried))
    for window in range(length):
        now = now if window == 0 else carried * now + fresh * drawn(len(carried))
        found[window] = now
    return found


def _scales(runs: Array) -> Array:
    """(2, s) what each detector of each stream exceeds in one window of a hundred.

    They are drawn towards that of all streams by as much as what they differ by in one half of the runs is not there in
    the other: of scores that have one distribution, few streams need scales of their own.
    """
    whole, one, two = (np.log(np.maximum(_high(part), LEAST_SCALE[:, None])) for part in (runs, *_halves(runs)))
    whole_mean = whole.mean(axis=1, keepdims=True)
    one, two = one - one.mean(axis=1, keepdims=True), two - two.mean(axis=1, keepdims=True)
    square = np.maximum(((one**2 + two**2) / 2).sum(axis=1, keepdims=True), EQUAL)
    own = np.clip((one * two).sum(axis=1, keepdims=True) / square, 0.0, 1.0)
    return np.asarray(np.exp(whole_mean + own * (whole - whole_mean)))


def _high(runs: Array) -> Array:
    """(2, s) what each detector of each stream exceeds in one window of a hundred."""
    streams = np.moveaxis(runs, -1, 1).reshape(2, runs.shape[-1], -1)  # side by side in memory
    place = int(0.99 * streams.shape[-1])
    return np.asarray(np.partition(streams, place, axis=-1)[..., place])


def _halves(runs: Array) -> tuple[Array, Array]:
    half = runs.shape[2] // 2
    return runs[:, :, :half], runs[:, :, half:]


def _largest(runs: Array) -> Array:
    """(runs, w) the largest over detectors and streams, each half of the runs over the scales of the other half.

    Scales follow the runs that they are taken from: over its own ones no stream strays as far as in windows to come,
    the less the more streams there are.

    Source: Stone (1974), Cross-validatory choice and assessment of statistical predictions, J. R. Stat. Soc. B 36:111.
    """
    one, two = _halves(runs)
    held = [(half / _scales(other)[:, None, None, :]).max(axis=(0, 3)) for half, other in ((one, two), (two, one))]
    return np.asarray(np.concatenate(held, axis=1).T)


def _entering(largest: Array, rate: float) -> float:
    """The limit that runs enter, from below, at the rate."""
    low, high = 0.0, float(largest.max()) * 1.5
    for _ in range(40):
        middle = (low + high) / 2
        over = largest > middle
        entered = (over[:, 1:] & ~over[:, :-1]).sum() + over[:, 0].sum()
        below = (~over[:, :-1]).sum() + len(over)
        if entered / max(below, 1) > rate or over.mean() > 0.5:  # noqa: PLR2004  # most of the time in alarm
            low = middle
        else:
            high = middle
    return high
