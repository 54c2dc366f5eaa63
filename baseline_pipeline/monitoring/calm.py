"""What calm windows look like: the level of every stream, and how far it strays by itself."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from baseline_pipeline.monitoring.streams import VOLUME

if TYPE_CHECKING:
    from baseline_pipeline.monitoring.streams import Readings
    from baseline_pipeline.monitoring.windows import Windowing

Array = np.ndarray[Any, Any]
LEAST_WINDOWS = 10
"""Calm windows below which nothing is said of a stream."""
MILD = 0.05
"""Share of the calm windows at either end that the level is protected from."""
TAIL = 0.02
"""Share of the calm windows that tell how heavy a stream's tail is; two at least."""
LEAST_TAIL = 1.5
"""Standard deviations that even the tamest stream is taken to stray."""
FARTHEST = 1e6
"""Standard deviations at which distances end: what never strayed at all strays infinitely far at first."""
MOST_APART = 1.5
"""Times that a calm window is taken to lie further from the others than from all: one that lies alone, as a day of an
unknown event does, would else set the limit of everything that is watched beside it."""
LEAST_ERROR = 0.5
"""Share of what rows stray in calm windows that a window's own rows are taken to stray at least: where they are all
alike, as those of a model that stands still are, its value is not known for certain."""
SEASON_P = 0.01
"""A season is taken out where an F test shows it at this level."""


def distance_words(distance: float, unit: str = "") -> str:
    """A distance for people; beyond `FARTHEST` it has no number.

    Example:
        >>> distance_words(-2.34, " spreads"), distance_words(FARTHEST, " spreads")
        ('-2.3 spreads', 'far above')
    """
    if abs(distance) >= FARTHEST:
        return "far above" if distance > 0 else "far below"
    return f"{distance:+.1f}{unit}"


@dataclass(frozen=True)
class Calm:
    """The calm windows' levels and spreads, s streams.

    Attributes:
        windows: How many there were.
        level: (s,) mean value; NaN where fewer than ten windows gave one.
        spread: (s,) standard deviation between windows beyond the rows' own chance error.
        chance: (s,) share under which the chance error of a share is computed; NaN elsewhere.
        rows_stray: (s,) the chance error of a value, times the root of its rows, in the median calm window.
        surest: (s,) the largest error of a value: of volume, whose own says how many rows came and not how many should
            have, that of the smallest calm window; infinite elsewhere.
        sign: (s,) 1 where harm is up, -1 where it is down, 0 where it is either way.
        tail: (s,) how far the most harmful calm windows went, on average; what harm is measured in.
        season: (p, s) what each phase adds; (0, s) where no season is looked for.
        windowing: How time is cut, which phases are counted in.
    """

    windows: int
    level: Array
    spread: Array
    chance: Array
    rows_stray: Array
    surest: Array
    sign: Array
    tail: Array
    season: Array
    windowing: Windowing

    def expected(self, starts: Array) -> Array:
        """(w, s) what calm windows of the same phase show."""
        if len(self.season) == 0:
            return np.broadcast_to(self.level, (len(starts), len(self.level)))
        return np.asarray(self.level + self.season[self.windowing.phase(starts)])

    def standardised(self, found: Readings) -> Array:
        """(w, s) distances from what is expected, in standard deviations; positive is up."""
        with np.errstate(divide="ignore", invalid="ignore"):
            distance = found.values - self.expected(found.starts)
            away = np.where(np.abs(distance) < 1e-12, 0.0 * distance, distance / self.width(found))  # noqa: PLR2004  # equal
            return np.clip(away, -FARTHEST, FARTHEST)

    def width(self, found: Readings) -> Array:
        """(w, s) the standard deviation of a new window: between windows, of the level, and of its rows."""
        with np.errstate(invalid="ignore"):
            rows = np.maximum(found.rows, 1)
            by_chance = np.sqrt(self.chance * (1 - self.chance) / rows)
            own = np.fmin(np.fmax(found.errors, LEAST_ERROR * self.rows_stray / np.sqrt(rows)), self.surest)
            error = np.where(np.isnan(self.chance), own, np.fmax(by_chance, 0.0))
            return np.asarray(np.sqrt(self.spread**2 * (1 + 1 / self.windows) + error**2))

    def drawn_in(self) -> Array:
        """(s,) how much farther windows to come stray than those that a season was taken from."""
        taken = (len(self.season) - 1) * (self.season != 0).any(axis=0)
        return np.asarray(np.sqrt((self.windows + taken) / np.maximum(self.windows - taken, 1)))

    def harm(self, standardised: Array) -> Array:
        """(w, s) the same in the harmful direction, tails made alike."""
        with np.errstate(invalid="ignore"):  # what lies infinitely far either way
            turned = np.where(self.sign == 0, np.abs(standardised), standardised * self.sign)
            return np.asarray(turned / self.tail)


def from_the_others(calm: Calm, found: Readings) -> Array:
    """(n, s) distances of calm windows from what the other ones show, as those of windows to come will be.

    A window draws level and spread towards itself: of few windows none lies far from what it helped to set, while
    new ones do (externally and internally studentised residuals).

    Source: Cook and Weisberg (1982), Residuals and Influence in Regression, ch. 2; Barber et al. (2021), Predictive
    inference with the jackknife+, Ann. Stat. 49:486.

    Args:
        calm: Levels and spreads of these windows.
        found: The calm windows.
    """
    own = calm.standardised(found)
    count = np.maximum(np.isfinite(found.values).sum(axis=0), LEAST_WINDOWS)
    with np.errstate(invalid="ignore", divide="ignore"):
        left = found.values - calm.expected(found.starts)
        total = np.nanvar(left, axis=0, ddof=1)
        without = ((count - 1) * total - count / (count - 1) * (left - np.nanmean(left, axis=0)) ** 2) / (count - 2)
        lost = np.maximum(total - without, 0.0)
        spread = np.sqrt(np.maximum(calm.spread**2 - lost, 0.0))
        width = replace(calm, windows=max(calm.windows - 1, 1), spread=spread).width(found)
        away = np.abs(left) * count / (count - 1) / width
    apart = np.fmin(away, MOST_APART * np.sqrt((count + 1) / (count - 1)) * np.abs(own))
    return np.asarray(np.copysign(np.where(own == 0, 0.0, apart), own))


def calm_of(found: Readings, windowing: Windowing) -> Calm:
    """Levels and spreads of calm windows.

    The variance between windows beyond the rows' own is estimated by moments, as in a random-effects
    meta-analysis; a stream of shares that never strayed keeps the chance error of its rows.

    Source: DerSimonian and Laird (1986), Meta-analysis in clinical trials, Control. Clin. Trials 7:177.

    Args:
        found: Readings of windows in which nothing is known to have been wrong.
        windowing: How time is cut, and so which season is looked for.
    """
    import warnings

    values = found.values
    count = np.isfinite(values).sum(axis=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # streams that no window has
        edges = np.nanquantile(values, [MILD, 1 - MILD], axis=0)
        mild = np.clip(values, edges[0], edges[1]) if len(values) else values
        level = np.nanmean(mild, axis=0)
        phase = windowing.phase(found.starts)
        season = _season(mild - level, phase, windowing.period)
        left = values - level - (season[phase] if len(season) else 0.0)
        total = np.nanvar(left, axis=0, ddof=1)
        own = np.nanmean(found.errors**2, axis=0)
        rows_stray = np.nanmedian(found.errors * np.sqrt(found.rows), axis=0)
    shares = np.array([stream.share for stream in found.streams], dtype=bool)
    rows = found.rows.sum(axis=0)
    ones = np.nansum(values * found.rows, axis=0)
    chance = np.where(shares, (ones + 0.5) / (rows + 1), np.nan)
    own = np.where(shares, chance * (1 - chance) / np.maximum(rows / np.maximum(count, 1), 1), own)
    level = np.where(count >= LEAST_WINDOWS, level, np.nan)
    sign = np.array([{"up": 1.0, "down": -1.0, "either": 0.0}[stream.harm] for stream in found.streams])
    spread = np.sqrt(np.maximum(total - own, 0.0))
    alike = np.ones(len(level))
    volume = np.array([stream.name == VOLUME for stream in found.streams], dtype=bool)
    surest = np.where(volume, np.nanmax(found.errors, axis=0, initial=0.0), np.inf)
    plain = Calm(max(len(found), 1), level, spread, chance, rows_stray, surest, sign, alike, season, windowing)
    return replace(plain, tail=tails(plain.harm(plain.standardised(found)))[0])


def tails(harm: Array) -> tuple[Array, Array]:
    """How far the most harmful windows of every stream went, and the same without the window in question.

    A stream whose windows stray far now and then must stray further than one that never does, before it says as
    much; leaving the window out keeps a calm window from setting the measure that it is held against.

    Args:
        harm: (n, s) standardised harm of calm windows; NaN where there is none.

    Returns:
        (s,) means over the largest fiftieth, at least two; (n, s) means without each window.

    Example:
        >>> whole, without = tails(np.array([[1.0], [3.0], [5.0], [2.0]]))
        >>> whole, without.ravel()
        (array([4.]), array([4. , 3.5, 2.5, 4. ]))
    """
    count = max(2, int(np.ceil(TAIL * len(harm))))
    filled = np.where(np.isfinite(harm), harm, -np.inf)
    order = np.sort(filled, axis=0)[::-1]
    top = np.maximum(order[: count + 1], LEAST_TAIL)
    if len(top) <= count:
        top = np.concatenate([top, np.full((count + 1 - len(top), harm.shape[1]), LEAST_TAIL)])
    whole = top[:count].mean(axis=0)
    among = filled >= order[min(count, len(order)) - 1]
    own = np.maximum(filled, LEAST_TAIL)
    return whole, np.where(among, (top.sum(axis=0) - own) / count, whole)


def _season(left: Array, phase: Array, period: int) -> Array:
    """(period, s) means of the phases, shrunk by how sure they are; zero where no season shows."""
    from scipy.stats import f as fisher

    if period == 0 or len(left) < 3 * period:
        return np.zeros((0, left.shape[1]))
    member = phase == np.arange(period)[:, None]
    count = np.array([np.isfinite(left[one]).sum(axis=0) for one in member])
    mean = np.array([np.nansum(left[one], axis=0) for one in member]) / np.maximum(count, 1)
    within = np.nansum((left - mean[phase]) ** 2, axis=0) / np.maximum(count.sum(axis=0) - period, 1)
    between = (count * mean**2).sum(axis=0) / (period - 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = between / within
        shown = fisher.sf(ratio, period - 1, np.maximum(count.sum(axis=0) - period, 1)) < SEASON_P
        return np.where(shown & np.isfinite(ratio), mean * np.clip(1 - 1 / ratio, 0.0, 1.0), 0.0)
