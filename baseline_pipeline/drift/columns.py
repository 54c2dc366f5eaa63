"""What is said of a column that may have moved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from baseline_pipeline.drift.days import later
from baseline_pipeline.drift.distances import (
    category_parts,
    chi_square_p,
    cramers_v,
    independent,
    jensen_shannon,
    jensen_shannon_of,
    kolmogorov_p,
    kolmogorov_smirnov,
    number_parts,
    population_stability_index,
    total_variation,
    wasserstein,
    wasserstein_of,
)
from baseline_pipeline.summaries.column import CategorySummary, NumberSummary, Summary

if TYPE_CHECKING:
    from collections.abc import Mapping

    from baseline_pipeline.drift.distances import Parts, Within

Array = np.ndarray[Any, Any]
Design = tuple[float, float]
"""Design effects of the baseline's rows and of the present ones."""
THRESHOLD = 0.1
FALSE_ALARM = 0.01
"""How often any column of a data set that did not move is called drifted, rows being independent."""
REPLICATES = 100
RUNS = 240
"""Most runs of cells that resampling draws: luck moves whole runs, and the distance itself is of the cells."""
WIDE, QUANTILES = 32, 60
"""Cells of the widest run, and quantiles whose cells are runs of their own."""
RARE = 50
"""Counts below this are drawn as what they are, Poisson or binomial; larger ones as normal."""
WIDTH = "Wasserstein distance, in the baseline's robust standard deviations"
SHARES = "Jensen-Shannon distance"


@dataclass(frozen=True)
class Moved:
    """How far one column moved.

    Attributes:
        method: What the score is.
        score: Effect size; above the threshold it matters.
        interval: 95 % interval of it, both sides counted as samples.
        p_value: Of no movement at all.
        drifted: Whether it moved for certain, and by more than the threshold.
        measures: Every other measure, by name.
        notes: New and vanished categories, medians of days, and changes of what is missing, in words.
    """

    method: str
    score: float
    interval: tuple[float, float]
    p_value: float
    drifted: bool
    measures: dict[str, float]
    notes: tuple[str, ...]


class Luck:
    """Samples drawn as others were.

    All columns of a side share their normal deviates: each column's interval stands for itself, and deviates are
    what takes time.

    Args:
        seed: Of all samples.
    """

    def __init__(self, seed: int) -> None:
        self._rng = np.random.Generator(np.random.Philox(seed))
        self._deviates = self._rng.standard_normal((3, REPLICATES, RUNS))

    def resampled(self, before: Array, after: Array) -> tuple[Array, Array]:
        """(REPLICATES, k) shares of samples drawn as either side's (k,) counts were."""
        return self._again(before, 0), self._again(after, 1)

    def dealt(self, before: Array, after: Array) -> tuple[Array, Array]:
        """(REPLICATES, k) shares of both sides where their rows are one heap, dealt out at random."""
        heap = before + after
        part = before.sum() / max(heap.sum(), 1)
        mine = heap * part + np.sqrt(heap * part * (1 - part)) * self._of(2, len(heap))
        rare = np.flatnonzero((heap > 0) & (heap * min(part, 1 - part) < RARE))
        mine[:, rare] = self._rng.binomial(np.ceil(heap[rare]).astype(int), part, (REPLICATES, len(rare)))
        mine = np.clip(mine, 0.0, heap)
        return _shares(mine), _shares(heap - mine)

    def _again(self, counts: Array, side: int) -> Array:
        drawn = np.maximum(counts + np.sqrt(counts) * self._of(side, len(counts)), 0.0)
        rare = np.flatnonzero((counts > 0) & (counts < RARE))
        drawn[:, rare] = self._rng.poisson(counts[rare], (REPLICATES, len(rare)))
        return _shares(drawn)

    def _of(self, place: int, parts: int) -> Array:
        few = parts <= RUNS
        return self._deviates[place, :, :parts] if few else self._rng.standard_normal((REPLICATES, parts))


def _shares(counts: Array) -> Array:
    return np.asarray(counts / np.maximum(counts.sum(axis=1, keepdims=True), 1))


def movements(
    before: Mapping[str, Summary],
    after: Mapping[str, Summary],
    *,
    seed: int,
    within: Mapping[str, Within] | None = None,
    designs: Mapping[str, Design] | None = None,
) -> dict[str, Moved]:
    """Every column that both sides have, compared.

    A column is called drifted where its effect size reaches the threshold and its p-value, adjusted
    over all columns (Holm 1979), lies below the false-alarm rate: a large data set does not make a
    small movement matter, and a small one does not make luck a drift.

    Args:
        before: The baseline's summaries.
        after: The present ones, on the same grids.
        seed: Of the resampling behind the intervals.
        within: By column, the values of cells that left too much open.
        designs: By column, how many rows say as much as one independent row would; one by default.
    """
    luck = Luck(seed)
    found = {
        name: _moved(one, other, luck, (within or {}).get(name), (designs or {}).get(name, (1.0, 1.0)))
        for name, one in before.items()
        if (other := after.get(name)) is not None and type(one) is type(other)
    }
    return _judged(found)


def _moved(before: Summary, after: Summary, luck: Luck, within: Within | None, design: Design) -> Moved:
    if isinstance(before, NumberSummary) and isinstance(after, NumberSummary):
        return _number(before, after, luck, within, design)
    assert isinstance(before, CategorySummary) and isinstance(after, CategorySummary)  # noqa: S101, PT018  # of one type
    parts = category_parts(before, after)
    score = jensen_shannon(parts)
    fewer = independent(parts, design)
    drawn, still = (jensen_shannon_of(*draw(fewer.before, fewer.after)) for draw in (luck.resampled, luck.dealt))
    new, gone = (sorted(set(a.counts) - set(b.counts)) for a, b in ((after, before), (before, after)))
    notes = [f"{word} values: {_listed(names)}" for word, names in (("new", new), ("vanished", gone)) if names]
    return Moved(
        SHARES,
        score,
        _interval(score, drawn, still),
        chi_square_p(fewer),
        drifted=False,
        measures=_shared(parts),
        notes=(*notes, *_missing(before, after)),
    )


def _number(before: NumberSummary, after: NumberSummary, luck: Luck, within: Within | None, design: Design) -> Moved:
    parts = number_parts(before, after)
    score = wasserstein(before, after)
    sides = list(zip((before, after), design, strict=True))
    starts = _runs(before.counts + after.counts)
    runs = [np.add.reduceat(side.counts, starts) / alike for side, alike in sides]
    drawn, still = (wasserstein_of(before, *draw(*runs), starts) for draw in (luck.resampled, luck.dealt))
    distance, at_most = kolmogorov_smirnov(before, after, within)
    shape = kolmogorov_p(distance, *(float(side.counts.sum()) / alike for side, alike in sides))
    gaps = chi_square_p(independent(_gaps(before, after), design))
    measures = _shared(parts) | {"kolmogorov_smirnov": distance, "kolmogorov_smirnov_at_most": at_most}
    return Moved(
        WIDTH,
        score,
        _interval(score, drawn, still),
        min(1.0, 2 * min(shape, gaps)),
        drifted=False,
        measures=measures,
        notes=(*(later(before, after) if before.grid.days else ()), *_missing(before, after)),
    )


def _gaps(before: NumberSummary, after: NumberSummary) -> Parts:
    from baseline_pipeline.drift.distances import Parts

    sides = [np.array([int(side.counts.sum()), side.nulls + side.infinite]) for side in (before, after)]
    there = (sides[0] + sides[1]) > 0
    return Parts(sides[0][there], sides[1][there])


def _shared(parts: Parts) -> dict[str, float]:
    return {
        "population_stability_index": population_stability_index(parts),
        "jensen_shannon": jensen_shannon(parts),
        "total_variation": total_variation(parts),
        "cramers_v": cramers_v(parts),
    }


def _runs(counts: Array) -> Array:
    """(k,) first cell of every run of cells: evenly wide, and cells at quantiles, where most rows are, alone."""
    cumulated = np.cumsum(counts)
    alone = np.searchsorted(cumulated, cumulated[-1] * np.arange(1, QUANTILES) / QUANTILES)
    starts = np.unique(np.concatenate([np.arange(0, len(counts), WIDE), alone, alone + 1]))
    return starts[starts < len(counts)]


def _interval(score: float, drawn: Array, still: Array) -> tuple[float, float]:
    """95 % interval of a distance. It holds the score, from which what luck adds is not taken off.

    Luck adds to a distance's square what it adds where nothing moved; the square then strays as those of resamples do.

    Args:
        score: The distance.
        drawn: (r,) distances of resamples.
        still: (r,) distances where nothing moved.
    """
    squares = drawn**2
    middle = score**2 - float((still**2).mean())
    low, high = np.sqrt(np.maximum(middle + np.quantile(squares, (0.025, 0.975)) - squares.mean(), 0.0))
    return min(float(low), score), max(float(high), score)


def _missing(before: Summary, after: Summary) -> tuple[str, ...]:
    shares = [side.nulls / max(side.rows, 1) for side in (before, after)]
    if abs(shares[1] - shares[0]) < 0.001:  # noqa: PLR2004  # a tenth of a percent is worth a word
        return ()
    return (f"missing {shares[0]:.1%} -> {shares[1]:.1%}",)


def _listed(names: list[str]) -> str:
    shown = ", ".join(names[:5])
    return shown if len(names) <= 5 else f"{shown} and {len(names) - 5} more"  # noqa: PLR2004  # five are read


def _judged(found: dict[str, Moved]) -> dict[str, Moved]:
    from dataclasses import replace

    order = sorted(found, key=lambda name: found[name].p_value)
    adjusted, highest = {}, 0.0
    for place, name in enumerate(order):
        highest = max(highest, min(1.0, found[name].p_value * (len(order) - place)))
        adjusted[name] = highest
    return {
        name: replace(
            one,
            p_value=adjusted[name],
            drifted=adjusted[name] <= FALSE_ALARM
            and (one.score >= THRESHOLD or one.measures["jensen_shannon"] >= THRESHOLD),
        )
        for name, one in found.items()
    }
