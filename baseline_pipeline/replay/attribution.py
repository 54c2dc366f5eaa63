"""How much of a change each of several causes made: a factorial replay, shared out by Shapley values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from math import factorial
from typing import Any, Literal, get_args

import numpy as np
from scipy.special import stdtr, stdtrit

from baseline_pipeline.metrics.outcomes import Metric, Outcomes
from baseline_pipeline.records import Record
from baseline_pipeline.significance.clustered import clustered

Array = np.ndarray[Any, Any]
Factor = Literal["data_values", "population", "dependencies", "model", "infrastructure"]
FACTORS: tuple[Factor, ...] = get_args(Factor)
WORDS: dict[Factor, str] = {
    "data_values": "the changed values of the same rows",
    "population": "the other rows",
    "dependencies": "the dependencies",
    "model": "the model",
    "infrastructure": "the infrastructure",
}
CELLS = frozenset[Factor]
"""The factors that are new in a cell; the others are old."""
APART = 0.002
"""Two-sided p-value from which a contribution is held to be one."""
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Replayed:
    """Rows as they come out with some factors new.

    Attributes:
        outcomes: n rows.
        rows: (n,) which rows they are: numbers of a row universe that all cells share, so that the same row is
            known again.
    """

    outcomes: Outcomes
    rows: Array

    def take(self, chosen: Array) -> Replayed:
        """Some of its rows."""
        return Replayed(self.outcomes.take(chosen), self.rows[chosen])


class Contribution(Record):
    """What one cause made of the change; harm is positive where it made things worse."""

    factor: Factor
    harm: float
    interval: tuple[float, float]
    """Two-sided 95 % interval."""
    p_value: float
    """Two-sided, of no contribution."""
    found: bool
    """Whether it is told apart from none."""


class Interaction(Record):
    """What two causes make together beyond what each makes alone."""

    factors: tuple[Factor, Factor]
    harm: float
    interval: tuple[float, float]


class Shared(Record):
    """The change of a metric on a slice, shared out among its causes; contributions add up to the change."""

    metric: str
    slice: str
    unit: str
    rows: int
    before: float
    after: float
    harm: float
    interval: tuple[float, float]
    contributions: tuple[Contribution, ...]
    """The largest cause first: those that are told apart from none before those that are not."""
    interactions: tuple[Interaction, ...]

    @property
    def top(self) -> Contribution | None:
        """The cause that did most of the harm, or of what there is."""
        return self.contributions[0] if self.contributions else None


def share_out(
    metric: Metric,
    factors: Sequence[Factor],
    cells: Mapping[CELLS, Replayed],
    cluster: Array | None = None,
    name: str = "all",
    *,
    rows_first: bool = False,
) -> Shared:
    """Shapley values of a metric's change over a full factorial, with intervals.

    A metric's value is its mean influence, to first order: every Shapley value is a linear combination of row
    influences, so that its error is a row (or cluster) standard error over all cells together. The same row in two
    cells cancels as far as it does; other rows add their own noise.

    Args:
        metric: Measured on rows.
        factors: Those that moved anything, k of them.
        cells: All 2^k combinations; see `rows_first`.
        cluster: Number of the cluster of every row of the universe; `None` where rows are independent.
        name: The slice's name.
        rows_first: Whether the other rows came before everything else: their share is then what they make of the
            metric with all else old, and the others share the rest on the new rows. Needed are the cell without
            anything new, and all combinations of the others together with the new rows.

    Raises:
        NotMeasurable: when the metric has no value in one of the cells.

    Source: Shapley (1953); Zhang et al. (2023), "Why did the model fail?" (arXiv 2210.10769) for the causes; Box,
        Hunter and Hunter (2005) for factorials; Hampel (1974) for influences.
    """
    universe = 1 + max(int(one.rows.max(initial=-1)) for one in cells.values()) if cluster is None else len(cluster)
    present = np.zeros(universe, dtype=bool)
    values: dict[CELLS, float] = {}
    influences: dict[CELLS, Array] = {}
    for new, cell in cells.items():
        codes = None if cluster is None else np.unique(cluster[cell.rows], return_inverse=True)[1]
        estimate = metric.measure(replace(cell.outcomes, cluster=codes))
        values[new], sign = _harm(metric, estimate.value)
        held = np.zeros(universe)
        held[cell.rows] = sign * estimate.influence / max(len(cell.rows), 1)
        influences[new] = held
        present[cell.rows] = True
    codes = None if cluster is None else np.unique(cluster[present], return_inverse=True)[1]

    def combined(weights: Mapping[CELLS, float]) -> tuple[float, tuple[float, float], float]:
        """A linear combination of the cells: value, interval, p-value."""
        value = sum(weight * values[new] for new, weight in weights.items())
        row: Array = sum((weight * influences[new] for new, weight in weights.items()), np.zeros(universe))
        found = clustered(row[present] * present.sum(), codes)
        if found.error == 0:
            return value, (value, value), 0.0 if value else 1.0
        width = float(stdtrit(found.degrees, 0.5 + CONFIDENCE / 2)) * found.error
        return value, (value - width, value + width), float(2 * stdtr(found.degrees, -abs(value) / found.error))

    nothing, everything = frozenset[Factor](), frozenset(factors)
    harm, interval, _ = combined({everything: 1.0, nothing: -1.0} if factors else {nothing: 0.0})
    plain = [metric.measure(cells[which].outcomes).value for which in (nothing, everything)]
    contributions = []
    for factor in factors:
        value, bounds, p_value = combined(_weights(factors, factor, rows_first=rows_first))
        contributions.append(
            Contribution(factor=factor, harm=value, interval=bounds, p_value=p_value, found=p_value < APART)
        )
    interactions = []
    later = _after_rows(factors) if rows_first else list(factors)
    for pair in combinations(later, 2):
        weights = interaction_weights(later, pair)
        if rows_first:
            weights = {cell | {"population"}: weight for cell, weight in weights.items()}
        value, bounds, _ = combined(weights)
        interactions.append(Interaction(factors=pair, harm=value, interval=bounds))
    return Shared(
        metric=metric.name,
        slice=name,
        unit=metric.unit,
        rows=len(cells[everything].rows),
        before=plain[0],
        after=plain[1],
        harm=harm,
        interval=interval,
        contributions=tuple(sorted(contributions, key=_rank, reverse=True)),
        interactions=tuple(interactions),
    )


def _after_rows(factors: Sequence[Factor]) -> list[Factor]:
    return [one for one in factors if one != "population"]


def _weights(factors: Sequence[Factor], factor: Factor, *, rows_first: bool) -> dict[CELLS, float]:
    """Weights of the cells whose sum is a factor's share."""
    if not rows_first:
        return shapley_weights(factors, factor)
    if factor == "population":
        return {frozenset[Factor](): -1.0, frozenset[Factor]([factor]): 1.0}
    found = shapley_weights(_after_rows(factors), factor)
    return {cell | {"population"}: weight for cell, weight in found.items()}


def _harm(metric: Metric, value: float) -> tuple[float, float]:
    """A value as harm, and the sign of its influence."""
    if metric.target is not None:
        away = value - metric.target
        return abs(away), 1.0 if away >= 0 else -1.0
    sign = 1.0 if metric.better == "lower" else -1.0
    return sign * value, sign


def _rank(one: Contribution) -> tuple[bool, float]:
    """What is told apart first; the rest by what is left of it when its noise is taken off."""
    half = (one.interval[1] - one.interval[0]) / 2 / 1.96
    kept = max(1 - (half / one.harm) ** 2, 0.0) if one.harm else 0.0
    return one.found and one.harm > 0, one.harm * kept


def shapley_weights(factors: Sequence[Factor], factor: Factor) -> dict[CELLS, float]:
    """Weights of the cells whose sum is a factor's Shapley value.

    Example:
        >>> found = shapley_weights(["model", "dependencies"], "model")
        >>> sorted((sorted(cell), weight) for cell, weight in found.items())
        [([], -0.5), (['dependencies'], -0.5), (['dependencies', 'model'], 0.5), (['model'], 0.5)]
    """
    others = [one for one in factors if one != factor]
    count = len(factors)
    weights: dict[CELLS, float] = {}
    for size in range(count):
        weight = factorial(size) * factorial(count - size - 1) / factorial(count)
        for some in combinations(others, size):
            weights[frozenset(some)] = -weight
            weights[frozenset([*some, factor])] = weight
    return weights


def interaction_weights(factors: Sequence[Factor], pair: tuple[Factor, Factor]) -> dict[CELLS, float]:
    """Weights of the cells whose sum is the Shapley interaction index of two factors.

    Source: Grabisch and Roubens (1999), Int. J. Game Theory 28:547.
    """
    others = [one for one in factors if one not in pair]
    count = len(factors)
    weights: dict[CELLS, float] = {}
    for size in range(len(others) + 1):
        weight = factorial(size) * factorial(count - size - 2) / factorial(count - 1)
        for some in combinations(others, size):
            base = frozenset(some)
            weights[base | set(pair)] = weights[base] = weight
            for one in pair:
                weights[base | {one}] = -weight
    return weights


def all_cells(factors: Sequence[Factor]) -> list[CELLS]:
    """Every combination of factors.

    Example:
        >>> len(all_cells(["model", "dependencies", "population"]))
        8
    """
    return [frozenset(some) for size in range(len(factors) + 1) for some in combinations(factors, size)]
