"""When a trajectory changed: levels or lines between breaks, as many as shorten its description."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.polynomial import chebyshev

Array = np.ndarray[Any, Any]

FEW = 5
"""Changes that any candidate may have: Q of the R package `changepoint`, and what h = 0.15 of `strucchange` leaves."""

MANY = 20
"""Changes that levels may have if they leave white noise: what wanders can be cut ever finer, what steps cannot."""

SHORTEST = 3
"""Observations of a segment: two would lie on a line whatever they are."""

DATE = 2
"""What the date of a change costs, in coefficients: an integer below n takes log n, a real number (log n) / 2."""

SEASON = 0.5
"""Autocorrelation that differences need at a lag, and at twice that lag, for a season of that length."""

ALIKE = 0.75
"""Of the strongest such correlation, a shorter season needs as much: its multiples correlate as well."""

EXACT = 1e-12
"""Share of variation that counts as rounding."""


@dataclass(frozen=True)
class Fit:
    """Levels or lines between breaks.

    Attributes:
        points: Where segments begin, the first one left out.
        cost: Coefficients that describe it, dates among them.
        rest: Share of the variation left over.
        memory: First autocorrelation of what is left over, not below zero.
    """

    points: list[int]
    cost: int
    rest: float
    memory: float


def change_points(values: Array) -> list[int]:
    """Indices at which a new level or a new line begins, looking back at the whole series.

    Candidates are the best piecewise constant and the best piecewise linear fits with up to five breaks, and
    piecewise constant ones with up to twenty if they leave white noise (dynamic programming, Bellman 1961; Bai and
    Perron 2003). From the cheapest on, a candidate replaces the one held if it shortens the description: if
    (n - cost) log(rest held / rest) exceeds (cost - cost held) log n, where a coefficient costs one and a date two,
    as in the two-part code of Davis, Lee and Rodriguez-Yam (2006), JASA 101:223. Observations that resemble their
    neighbours say less: n - cost is multiplied by (1 - r) / (1 + r), with r the first autocorrelation of the
    candidate's residuals (Bayley and Hammersley 1946), so slow noise is not taken for steps. And a curve is not a
    break: a candidate that a polynomial of no more coefficients fits as well is passed over. A season is taken off
    first, if there is one. What wanders like a random walk is cut where lines describe it.

    Time grows with the square of n: 1,000 observations take a tenth of a second.

    Args:
        values: (n,) in order of time, in any unit. What is not finite is left out: it counts neither for a
            segment nor against it.

    Returns:
        Increasing indices into `values`, each of the first observation of a new segment. Empty where nothing
        changed, and always below 6 observations.

    Raises:
        ValueError: If `values` is not one-dimensional.

    Example:
        >>> rng = np.random.default_rng(1)
        >>> change_points(np.concatenate([rng.normal(0.90, 0.01, 40), rng.normal(0.85, 0.01, 25)]))
        [40]
        >>> change_points(rng.normal(0.90, 0.01, 65))
        []
    """
    series = np.asarray(values, dtype=float)
    if series.ndim != 1:
        msg = f"one series of shape (n,) is needed, not one of shape {series.shape}"
        raise ValueError(msg)
    rows = np.flatnonzero(np.isfinite(series))
    largest = float(np.abs(series[rows]).max(initial=0.0))
    if len(rows) < 2 * SHORTEST or not largest:
        return []
    y = without_season(np.where(np.isfinite(series), series, np.nan) / largest)[rows]
    if np.ptp(y) <= EXACT:
        return []
    y = (y - y.mean()) / float(y.std())
    return [int(rows[point]) for point in _chosen(y).points]


def without_season(values: Array) -> Array:
    """(n,) values less what returns with their season, if they have one.

    The season is the shortest lag at which differences correlate about as much as at any, and at twice the lag too;
    its shape is the median step into each phase. Differences know neither level nor trend, and a median step
    does not see breaks.

    Args:
        values: (n,) in order of time; NaN where missing.
    """
    steps = np.diff(values)
    period = _period(steps)
    if not period:
        return values
    phase = np.arange(1, len(values)) % period
    into = np.array([_median(steps[phase == one]) for one in range(period)])
    shape = np.cumsum(np.nan_to_num(into - np.nanmean(into)))
    return np.asarray(values - (shape - shape.mean())[np.arange(len(values)) % period])


def _period(steps: Array) -> int:
    """Shortest season of differences seen three times, or 0."""
    there = np.isfinite(steps)
    count = len(steps)
    if not there.any():
        return 0
    moved = np.where(there, steps - np.median(steps[there]), 0.0)
    if not (moved @ moved) > 0:
        return 0
    pairs = np.maximum(_lagged(there.astype(float)), 1.0)
    correlation = _lagged(moved) / pairs * there.sum() / (moved @ moved)
    lags = np.arange(2, count // 3)
    rhythmic = (
        (correlation[lags] >= SEASON)
        & (correlation[2 * lags] >= SEASON)
        & (correlation[lags] >= correlation[lags - 1])
        & (correlation[lags] >= correlation[lags + 1])
    )
    found = lags[rhythmic]
    return int(found[correlation[found] >= ALIKE * correlation[found].max()][0]) if len(found) else 0


def _median(steps: Array) -> float:
    """Of those that are there, NaN if none is: weekends may always be missing."""
    there = steps[np.isfinite(steps)]
    return float(np.median(there)) if len(there) else np.nan


def _lagged(signal: Array) -> Array:
    """(n,) sums of products with oneself at every lag."""
    spectrum = np.fft.rfft(signal, 2 * len(signal))
    return np.asarray(np.fft.irfft(spectrum * spectrum.conj())[: len(signal)])


def _chosen(y: Array) -> Fit:
    """The candidate whose description is shortest, going from few coefficients to many."""
    n = len(y)
    smooth = _polynomial_rests(y, min(n // 2, 2 * (FEW + 1) + DATE * FEW))
    levels = [fit for fit in _fits(y, 1, MANY) if len(fit.points) <= FEW or fit.memory <= 2 / np.sqrt(n)]
    held, *others = sorted((*levels, *_fits(y, 2, FEW)), key=lambda fit: fit.cost)
    for fit in others:
        if fit.cost >= n - 1 or (fit.points and smooth[min(fit.cost, len(smooth)) - 1] <= fit.rest):
            continue
        independent = (n - fit.cost) * (1 - fit.memory) / (1 + fit.memory)
        if independent * np.log(held.rest / fit.rest) > (fit.cost - held.cost) * np.log(n):
            held = fit
    return held


def _polynomial_rests(y: Array, count: int) -> Array:
    """(count,) shares of variation left by polynomials of 1, 2, ... coefficients."""
    basis, _ = np.linalg.qr(chebyshev.chebvander(np.linspace(-1, 1, len(y)), count - 1))
    return np.asarray(np.maximum(1 - np.cumsum((basis.T @ y) ** 2) / (y @ y), EXACT))


def _fits(y: Array, coefficients: int, most: int) -> list[Fit]:
    """The best fits with 0, 1, ..., `most` breaks, of levels (one coefficient a segment) or lines (two)."""
    found = []
    for points in _segmentations(y, coefficients, min(most, len(y) // SHORTEST - 1)):
        left = np.concatenate([_residuals(part, coefficients) for part in np.split(y, points)])
        rest = float(left @ left / (y @ y))
        memory = float(left[1:] @ left[:-1] / (left @ left)) if rest > EXACT else 0.0
        cost = coefficients * (len(points) + 1) + DATE * len(points)
        found.append(Fit(points, cost, max(rest, EXACT), max(memory, 0.0)))
    return found


def _residuals(part: Array, coefficients: int) -> Array:
    centred = part - part.mean()
    if coefficients == 1:
        return np.asarray(centred)
    time = np.arange(len(part)) - (len(part) - 1) / 2
    return np.asarray(centred - time * (time @ centred) / (time @ time))


def _segmentations(y: Array, coefficients: int, most: int) -> list[list[int]]:
    """Segment starts with the least sum of squares, for 0 to `most` breaks."""
    n = len(y)
    best = np.full((most + 1, n + 1), np.inf)
    last = np.zeros((most + 1, n + 1), dtype=int)
    sums = _Sums(y)
    for end in range(SHORTEST, n + 1):
        squares = sums.squares_left(end, coefficients)
        best[0, end] = squares[0]
        through = best[:-1, : len(squares)] + squares
        last[1:, end] = through.argmin(axis=1)
        best[1:, end] = through.min(axis=1)
    found = []
    for breaks in range(most + 1):
        points: list[int] = []
        end = n
        for left in range(breaks, 0, -1):
            end = int(last[left, end])
            points.insert(0, end)
        found.append(points)
    return found


class _Sums:
    """Running sums from which any segment's sum of squares follows in one step."""

    def __init__(self, y: Array) -> None:
        time = np.arange(len(y)) - (len(y) - 1) / 2
        self.offset = (len(y) - 1) / 2
        self.value, self.square, self.product = (
            np.concatenate([[0.0], np.cumsum(one)]) for one in (y, y * y, time * y)
        )

    def squares_left(self, end: int, coefficients: int) -> Array:
        """(end - SHORTEST + 1,) sums of squared residuals of the segments from every start up to `end`."""
        start = np.arange(end - SHORTEST + 1)
        size = end - start
        value = self.value[end] - self.value[start]
        left = self.square[end] - self.square[start] - value**2 / size
        if coefficients > 1:
            middle = (start + end - 1) / 2 - self.offset
            product = self.product[end] - self.product[start] - middle * value
            left = left - product**2 * 12 / (size * (size * size - 1.0))
        return np.asarray(np.maximum(left, 0.0))
