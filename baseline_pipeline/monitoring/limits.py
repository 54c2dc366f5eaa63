"""Limits of alarm: how large the largest of many calm streams gets, at a stated rate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

Array = np.ndarray[Any, Any]
TAIL_SHARE = 0.25
"""Share of the calm maxima that the tail is fitted to."""
LEAST_FITTED = 3
"""Calm maxima that it is fitted to at least."""
BLOCK = 7
"""Windows that are drawn together, so that what carries over from one to the next is kept."""
RUNS, RUN_LENGTH = 60, 200
LEAST_SCALE = np.array([0.2, 1.0])
"""Of EWMA and CUSUM: what less than normal noise gives; a stream that never moved is not made a hair trigger."""
CLIP = 4.0
"""Standard deviations beyond which a window adds no more to a slow detector."""
EWMA = 0.1
CUSUM = 0.5
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
        scale: (2, s) what EWMA and CUSUM of each stream exceed once in a hundred calm windows.
        limit: Of the largest over both and all streams, in those units.
    """

    sign: Array
    scale: Array
    limit: float

    def harm(self, standardised: Array) -> Array:
        """(w, s) the larger of EWMA and CUSUM, over their scales; the windows in their order."""
        return np.asarray((accumulated(standardised, self.sign) / self.scale[:, None, :]).max(axis=0))


def accumulated(standardised: Array, sign: Array) -> Array:
    """(2, w, ..., s) EWMA and CUSUM in the harmful direction; a window without a value leaves them as they were.

    CUSUM is held below a ceiling, so that it comes back once a long shift is over.

    Source: Roberts (1959), Control chart tests based on geometric moving averages; Page (1954), Continuous
    inspection schemes.

    Args:
        standardised: (w, ..., s) windows in their order.
        sign: (s,) as in `Calm`.
    """
    values = np.clip(standardised, -CLIP, CLIP)
    known = np.isfinite(values)
    values = np.where(known, values, 0.0)
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
    """Scales and limit of the slow detectors, by drawing calm stretches from the calm windows.

    Every drawn stretch is standardised by a level and a spread that were drawn too, so that their uncertainty is
    part of the limit: without it a long wait is sure to alarm. A hundred windows say little of how one carries
    over to the next, and chance often makes them look steadier than they are: limits are never tighter than those
    of as many independent normal windows. A stretch that is not yet in alarm enters it at the rate, which is one
    over the average run length.

    Source: Lucas and Saccucci (1990), Exponentially weighted moving average control schemes, Technometrics
    32:1; Kunsch (1989), The jackknife and the bootstrap for general stationary observations.

    Args:
        calm: (n, s) standardised readings of calm windows, in their order.
        sign: (s,) as in `Calm`.
        rate: Alarms per window.
        seed: Of the draws.
    """
    draw = np.random.default_rng(seed)
    count, streams = calm.shape
    block = max(1, min(BLOCK, count // 4))

    def drawn(length: int) -> Array:
        return _bootstrap(draw, calm, length, block)

    def noise(length: int) -> Array:
        return draw.standard_normal((length, streams))

    own, plain = (_stretches(take, count, streams, sign) for take in (drawn, noise))
    usual = _high(plain).max(axis=1, keepdims=True)
    scale = np.maximum(np.maximum(_high(own), usual), LEAST_SCALE[:, None])
    limits = [_entering((runs / scale[:, None, None, :]).max(axis=(0, 3)).T, rate) for runs in (own, plain)]
    return Slow(sign, scale, max(limits))


def _stretches(take: Callable[[int], Array], count: int, streams: int, sign: Array) -> Array:
    """(2, w, runs, s) both detectors over drawn stretches, each held against a level and a spread drawn likewise."""
    stretches = np.empty((RUN_LENGTH, RUNS, streams))
    for run in range(RUNS):
        learned = np.nan_to_num(take(count))
        spread = learned.std(axis=0, ddof=1)
        stretches[:, run] = (take(RUN_LENGTH) - learned.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    return accumulated(stretches, sign)


def _high(runs: Array) -> Array:
    """(2, s) what each detector of each stream exceeds in one window of a hundred."""
    ordered = np.sort(runs.reshape(2, -1, runs.shape[-1]), axis=1)
    return np.asarray(ordered[:, int(0.99 * ordered.shape[1])])


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


def _bootstrap(draw: np.random.Generator, calm: Array, length: int, block: int) -> Array:
    """(length, s) blocks of neighbouring windows, drawn with replacement."""
    starts = draw.integers(0, max(len(calm) - block + 1, 1), -(-length // block))
    return np.asarray(calm[(starts[:, None] + np.arange(block)).ravel()[:length]])
