"""Distances between two distributions given as counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from baseline_pipeline.summaries.column import CategorySummary, NumberSummary

Array = np.ndarray[Any, Any]
FLOOR = 1e-4
"""Shares are taken to be no smaller where their logarithm is needed: a bin that empties stays finite."""
PARTS = 10
ENOUGH = 5
"""Rows that a part is to hold on either side, for the statistic to be distributed as chi-square (Cochran 1954)."""


@dataclass(frozen=True)
class Parts:
    """Two columns counted in the same few parts: the baseline's deciles and what is missing, or categories.

    Attributes:
        before: (k,) rows of the baseline in each part.
        after: (k,) rows of the present in each part.
    """

    before: Array
    after: Array


def number_parts(before: NumberSummary, after: NumberSummary) -> Parts:
    """Deciles of the baseline, snapped to cells, then infinite and missing values as parts of their own.

    A cell that holds a tenth of the baseline is a part of its own as well: what leaves it downwards is told from it.
    """
    cumulated = np.cumsum(before.counts)
    total = cumulated[-1] if len(cumulated) else 0
    ends = np.searchsorted(cumulated, total * np.arange(1, PARTS) / PARTS)
    heavy = np.flatnonzero(before.counts * PARTS >= max(total, 1))
    starts = np.unique(np.concatenate([[0], ends + 1, heavy, heavy + 1]))
    starts = starts[starts < len(cumulated)]
    sides = [
        np.concatenate([np.add.reduceat(side.counts, starts), [side.infinite, side.nulls]]) for side in (before, after)
    ]
    return _occupied(*sides)


def category_parts(before: CategorySummary, after: CategorySummary) -> Parts:
    """Every category of either side, and what is missing."""
    names = sorted({*before.counts, *after.counts})
    sides = [np.array([*(side.counts.get(name, 0) for name in names), side.nulls]) for side in (before, after)]
    return _occupied(*sides)


def independent(parts: Parts, design: tuple[float, float]) -> Parts:
    """As many rows as independent ones would say as much, of the same shares (Rao and Scott 1981).

    Example:
        >>> found = independent(Parts(np.array([40, 60]), np.array([50, 50])), (2.0, 1.0))
        >>> found.before.tolist(), found.after.tolist()
        ([20.0, 30.0], [50.0, 50.0])
    """
    return Parts(parts.before / design[0], parts.after / design[1])


def _occupied(before: Array, after: Array) -> Parts:
    there = (before + after) > 0
    return Parts(before[there], after[there])


def population_stability_index(parts: Parts) -> float:
    """Sum of (q - p) log(q / p); symmetric, 0 where nothing moved.

    Source: Siddiqi (2006), Credit Risk Scorecards; shares below 1e-4 count as that.

    Example:
        >>> round(population_stability_index(Parts(np.array([50, 50]), np.array([60, 40]))), 4)
        0.0405
    """
    p, q = (np.maximum(share, FLOOR) for share in _shares(parts))
    return float(((q - p) * np.log(q / p)).sum())


def jensen_shannon(parts: Parts) -> float:
    """Jensen-Shannon distance, base 2: 0 where nothing moved, 1 where nothing is shared.

    Source: Endres and Schindelin (2003), A new metric for probability distributions, IEEE Trans. Inf. Theory 49:1858.

    Example:
        >>> jensen_shannon(Parts(np.array([10, 0]), np.array([0, 10])))
        1.0
    """
    return float(jensen_shannon_of(*(share[None, :] for share in _shares(parts)))[0])


def jensen_shannon_of(p: Array, q: Array) -> Array:
    """(r,) distances of r pairs of (r, k) shares.

    Example:
        >>> jensen_shannon_of(np.array([[0.5, 0.5]]), np.array([[0.6, 0.4]])).round(4).tolist()
        [0.0854]
    """
    from scipy.special import rel_entr

    middle = (p + q) / 2
    divergence = (rel_entr(p, middle).sum(axis=1) + rel_entr(q, middle).sum(axis=1)) / 2 / np.log(2)
    return np.asarray(np.sqrt(np.maximum(divergence, 0.0)))


def total_variation(parts: Parts) -> float:
    """Half the sum of |q - p|: the share of rows that would have to move.

    Source: Levin, Peres and Wilmer (2009), Markov Chains and Mixing Times, section 4.1.

    Example:
        >>> round(total_variation(Parts(np.array([50, 50]), np.array([60, 40]))), 4)
        0.1
    """
    p, q = _shares(parts)
    return float(np.abs(q - p).sum() / 2)


def chi_square_p(parts: Parts) -> float:
    """p-value of equal shares, both sides counted as samples (Pearson 1900).

    Where a part is expected to hold fewer than five rows of a side, chi-square's distribution is not the statistic's:
    1,000 rows of 20,000 even values beside 50,000 had p below 1 % in every eighth run without drift. Its mean and
    variance, the margins given, are known exactly, and a gamma distribution has the same.

    Source: Dawson (1954), A simplified expression for the variance of the chi-square function on a contingency table,
    Biometrika 41:280.

    Example:
        >>> round(chi_square_p(Parts(np.array([500, 500]), np.array([540, 460]))), 3)
        0.073
    """
    from scipy.special import chdtrc, gammaincc

    statistic, freedom = _chi_square(parts)
    sides, values = np.array([parts.before.sum(), parts.after.sum()]), parts.before + parts.after
    rows = float(sides.sum())
    if not freedom or rows <= 3:  # noqa: PLR2004  # the variance needs four
        return 1.0
    if sides.min() * values.min() / rows >= ENOUGH:
        return float(chdtrc(freedom, statistic))
    mean = rows * freedom / (rows - 1)
    (plain, uneven), (others, rare) = _margin(sides, rows), _margin(values, rows)
    spread = 2 * rows / (rows - 3) * (plain - uneven) * (others - rare) + rows**2 / (rows - 1) * uneven * rare
    if spread <= 0:
        return 1.0
    return float(gammaincc(mean**2 / spread, statistic * mean / spread))


def _margin(sums: Array, rows: float) -> tuple[float, float]:
    """What one margin of a table adds to the statistic's variance: by its length, and by how uneven it is."""
    count = len(sums)
    return (count - 1) * (rows - count) / (rows - 1), (float((rows / sums).sum()) - count**2) / (rows - 2)


def cramers_v(parts: Parts) -> float:
    """Association of side and part, 0 to 1, freed of its bias (Bergsma 2013, J. Korean Stat. Soc. 42:323).

    Example:
        >>> round(cramers_v(Parts(np.array([80, 20]), np.array([40, 60]))), 4)
        0.402
    """
    statistic, freedom = _chi_square(parts)
    rows = parts.before.sum() + parts.after.sum()
    return float(np.sqrt(max(0.0, statistic / rows - freedom / (rows - 1)))) if freedom and rows > 1 else 0.0


def _chi_square(parts: Parts) -> tuple[float, int]:
    table = np.stack([parts.before, parts.after]).astype(float)
    margins = table.sum(axis=1)
    if len(parts.before) < 2 or not margins.all():  # noqa: PLR2004  # nothing to tell apart
        return 0.0, 0
    expected = np.outer(margins, table.sum(axis=0)) / table.sum()
    return float(((table - expected) ** 2 / expected).sum()), len(parts.before) - 1


def _shares(parts: Parts) -> tuple[Array, Array]:
    return parts.before / max(parts.before.sum(), 1), parts.after / max(parts.after.sum(), 1)


@dataclass(frozen=True)
class Within:
    """The values themselves where cells leave a distance open.

    Attributes:
        cells: (k,) cells that were looked into, ascending.
        cell: (v,) cell of every value that lies in one of them, ascending by value.
        before: (v,) rows of the baseline with that value.
        after: (v,) rows of the present with it.
    """

    cells: Array
    cell: Array
    before: Array
    after: Array


def kolmogorov_smirnov(
    before: NumberSummary, after: NumberSummary, within: Within | None = None
) -> tuple[float, float]:
    """The largest difference of the two distribution functions: what is certain, and what it can be at most.

    At the ends of cells it is known. Inside a cell the two functions can part further by what the cell
    holds; its atoms are counted by themselves and leave nothing open, nor do whole numbers with a cell each.

    Args:
        before: The baseline.
        after: The present, on the same grid.
        within: Values of the cells that were looked into.

    Example:
        >>> from baseline_pipeline.summaries.grid import Grid
        >>> grid = Grid(location=0.0, scale=1.0)
        >>> before, after = (NumberSummary.of(grid, np.array(values)) for values in ([0.0, 1.0], [0.5, 1.5]))
        >>> kolmogorov_smirnov(before, after)
        (0.5, 0.5)
    """
    known, slack = _parting(before, after)
    at_least = float(known.max(initial=0.0))
    if within is not None:
        slack[within.cells] = 0.0
        at_least = max(at_least, _inside(before, after, within))
    return at_least, max(at_least, float((known + slack).max(initial=0.0)))


def open_cells(before: NumberSummary, after: NumberSummary, tolerance: float) -> Array:
    """(k,) cells inside which the two can part by more than is certain, and by more than the tolerance."""
    known, slack = _parting(before, after)
    return np.flatnonzero((slack > 0) & (known + slack > known.max(initial=0.0) + tolerance))


def _parting(before: NumberSummary, after: NumberSummary) -> tuple[Array, Array]:
    """(CELLS,) largest difference that is certain at or in each cell, and what is open beyond it."""
    p, q = (side.counts / max(side.counts.sum(), 1) for side in (before, after))
    gap = np.cumsum(p) - np.cumsum(q)
    start = np.concatenate([[0.0], gap[:-1]])
    known = np.maximum(np.abs(gap), np.abs(start))
    loose_p, loose_q = (np.where(before.grid.single(), 0.0, side) for side in (p, q))
    reach_up, reach_down = np.maximum(start, 0.0), np.maximum(-start, 0.0)
    cells = before.grid.cell(np.array(before.grid.atoms))
    running = start.copy()
    for cell, one, other in zip(cells, before.atoms, after.atoms, strict=True):
        one, other = one / max(before.counts.sum(), 1), other / max(after.counts.sum(), 1)  # noqa: PLW2901  # as shares
        loose_p[cell] -= one
        loose_q[cell] -= other
        running[cell] += one - other
        reach_up[cell], reach_down[cell] = max(reach_up[cell], running[cell]), max(reach_down[cell], -running[cell])
    highest = np.maximum(reach_up + np.where(p > 0, loose_p, 0.0), reach_down + np.where(q > 0, loose_q, 0.0))
    both = (loose_p > 0) | (loose_q > 0)
    return known, np.where(both, np.maximum(highest - known, 0.0), 0.0)


def _inside(before: NumberSummary, after: NumberSummary, within: Within) -> float:
    """The largest difference at any value of the cells that were looked into."""
    totals = [max(int(side.counts.sum()), 1) for side in (before, after)]
    gap = np.cumsum(before.counts) / totals[0] - np.cumsum(after.counts) / totals[1]
    start = np.concatenate([[0.0], gap[:-1]])
    step = np.cumsum(within.before / totals[0] - within.after / totals[1])
    first = np.searchsorted(within.cell, within.cell, side="left")
    base = np.where(first > 0, step[first - 1], 0.0)
    return float(np.abs(start[within.cell] + step - base).max(initial=0.0))


def kolmogorov_p(distance: float, before: float, after: float) -> float:
    """p-value of a Kolmogorov-Smirnov distance between samples of these sizes, asymptotic.

    Source: Smirnov (1948), Table for estimating the goodness of fit of empirical distributions, Ann. Math. Stat.
    19:279.

    Example:
        >>> round(kolmogorov_p(0.1, 500, 500), 4)
        0.0135
    """
    from scipy.special import kolmogorov

    if not before or not after:
        return 1.0
    return float(kolmogorov(distance * np.sqrt(before * after / (before + after))))


def wasserstein(before: NumberSummary, after: NumberSummary) -> float:
    """How far values moved on average, in robust standard deviations of the baseline.

    The area between the two distribution functions, within the baseline's 0.1 to 99.9 % range widened by its own
    width, over the inner 90 %'s width / 3.29: one value of 1e9 neither makes a drift nor hides one,
    as it does where the plain standard deviation is the unit. A constant has no width: what it moved by is told in
    parts of itself (0 in ones), and is 1 at most.

    Source: Vallender (1974), Calculation of the Wasserstein distance on the line, Theory Probab. Appl. 18:784.

    Example:
        >>> from baseline_pipeline.summaries.grid import Grid
        >>> grid = Grid(location=0.0, scale=1.0)
        >>> values = np.random.default_rng(1).normal(0, 2, 10_000)
        >>> before, after = (NumberSummary.of(grid, some) for some in (values, values + 1))
        >>> round(wasserstein(before, after), 2)
        0.51
    """
    p, q = (side.counts / max(side.counts.sum(), 1) for side in (before, after))
    return float(wasserstein_of(before, p[None, :], q[None, :], np.arange(len(p)))[0])


def wasserstein_of(before: NumberSummary, p: Array, q: Array, starts: Array) -> Array:
    """(r,) distances of r pairs of (r, k) shares, in the unit of the baseline.

    Args:
        before: The baseline: its grid and its unit.
        p: Shares of k runs of the grid's cells.
        q: The same of the other side.
        starts: (k,) first cell of every run.
    """
    edges = before.grid.edges()
    cumulated = np.cumsum(before.counts)
    if not cumulated[-1]:
        return np.zeros(len(p))
    low, fifth, nineteenth, high = (
        edges[min(int(np.searchsorted(cumulated, level * cumulated[-1])), len(edges) - 1)]
        for level in (0.001, 0.05, 0.95, 0.999)
    )
    unit = (nineteenth - fifth) / 3.29 or (high - low) or abs(float(before.grid.scale))
    reach = (high - low) or unit
    ends = np.clip(edges[starts[1:] - 1], low - reach, high + reach)
    widths = np.diff(ends)
    gap = np.abs(np.cumsum(p, axis=1) - np.cumsum(q, axis=1))[:, :-1]
    return np.asarray(((gap[:, 1:] + gap[:, :-1]) / 2 * widths).sum(axis=1) / unit)
