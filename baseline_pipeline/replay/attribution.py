"""How much of a change each of several causes made: a factorial replay, shared out by Shapley values."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any, Generic, Literal, TypeVar, get_args

import numpy as np
from scipy.special import stdtr, stdtrit

from baseline_pipeline.metrics.outcomes import Metric, NotMeasurable, Outcomes
from baseline_pipeline.records import Record
from baseline_pipeline.replay.shapley import interaction_weights, shapley_weights
from baseline_pipeline.significance.clustered import Uncertainty, clustered, of_samples

Array = np.ndarray[Any, Any]
Factor = Literal[
    "data_values", "population", "dependencies", "model", "infrastructure", "code", "concept", "surroundings"
]
FACTORS: tuple[Factor, ...] = get_args(Factor)
WORDS: dict[Factor, str] = {
    "data_values": "the changed values of the same rows",
    "population": "the other rows",
    "dependencies": "the dependencies",
    "model": "the model",
    "infrastructure": "the infrastructure",
    "code": "the code that scores",
    "concept": "other outcomes of rows that look the same",
    "surroundings": "what moved together around the model",
}
CELLS = frozenset[Factor]
"""The factors that are new in a cell; the others are old."""
Cell = TypeVar("Cell", bound=Hashable)
APART = 0.002
"""Two-sided p-value from which a contribution is held to be one."""
CONFIDENCE = 0.95
ROUNDED = 1e-14
"""Share of the values that are added and subtracted up to which their sum is the rounding of nothing."""


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
    p_value: float | None = None
    """Two-sided, of no change; `None` in what was kept before it was."""

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
    first: Sequence[Factor] = (),
) -> Shared:
    """Shapley values of a metric's change over a full factorial, with intervals.

    A metric's value is its mean influence, to first order: every Shapley value is a linear combination of row
    influences, so that its error is a row (or cluster) standard error over all cells together. The same row in two
    cells cancels as far as it does; other rows add their own noise.

    Args:
        metric: Measured on rows.
        factors: Those that moved anything, k of them.
        cells: All 2^k combinations; see `first`.
        cluster: Number of the cluster of every row of the universe; `None` where rows are independent.
        name: The slice's name.
        first: Factors that came one after the other before the rest, whose other combinations cannot be had: the
            share of each is what it makes of the metric after those before it, and the others share what is left.
            Needed are the cells on the way, and all combinations of the others together with these; see `all_cells`.

    Raises:
        NotMeasurable: when the metric has no value in one of the cells, or one holds a single cluster.

    Source: Shapley (1953); Zhang et al. (2023), "Why did the model fail?" (arXiv 2210.10769) for the causes; Box,
        Hunter and Hunter (2005) for factorials; Hampel (1974) for influences.

    Example:
        >>> from baseline_pipeline.metrics import METRICS
        >>> label, rows = np.array([0, 0, 1, 1]), np.arange(4)
        >>> calls = {frozenset(): [0, 0, 1, 1], frozenset({"model"}): [0, 1, 1, 1]}
        >>> cells = {new: Replayed(Outcomes(label, np.array(said)), rows) for new, said in calls.items()}
        >>> share_out(METRICS["error_rate"], ("model",), cells).contributions[0].harm
        0.25
    """
    measured = _Measured(metric, cells, cluster)
    nothing, everything = frozenset[Factor](), frozenset(factors)
    contributions = [measured.contribution(factor, _weights(factors, factor, first)) for factor in factors]
    interactions = []
    later = [one for one in factors if one not in first]
    for pair in combinations(later, 2):
        weights = interaction_weights(later, pair)
        value, bounds, _ = measured.combined({cell | set(first): weight for cell, weight in weights.items()})
        interactions.append(Interaction(factors=pair, harm=value, interval=bounds))
    return measured.shared(nothing, everything, name, contributions, interactions)


def share_along(
    metric: Metric,
    cells: Mapping[str, Replayed],
    parts: Mapping[Factor, Mapping[str, float]],
    ends: tuple[str, str],
    cluster: Array | None = None,
    name: str = "all",
    *,
    spread: float = 1.0,
) -> Shared:
    """A metric's change over cells that stand on a way from old to new, where not every combination can be had.

    Args:
        metric: Measured on rows.
        cells: By name.
        parts: Of every factor, the weights of the cells whose sum is its share; together they are the change.
        ends: The first cell and the last one.
        cluster: As in `share_out`.
        name: The slice's name.
        spread: Standard deviation of the metric over windows in which nothing happened, as a multiple of what rows
            taken as independent let one expect: by that errors are larger.

    Raises:
        NotMeasurable: when the metric has no value in one of the cells.

    Example:
        >>> from baseline_pipeline.metrics import METRICS
        >>> def cell(first, wrong):
        ...     said = np.repeat([1, 0], [wrong, 100 - wrong])
        ...     return Replayed(Outcomes(np.zeros(100, int), said), first + np.arange(100))
        >>> cells = {"calm": cell(0, 10), "alike": cell(0, 30), "now": cell(100, 70)}
        >>> parts = {"population": {"alike": 1, "calm": -1}, "concept": {"now": 1, "alike": -1}}
        >>> found = share_along(METRICS["error_rate"], cells, parts, ("calm", "now"))
        >>> [(one.factor, round(one.harm, 3), one.found) for one in found.contributions]
        [('concept', 0.4, True), ('population', 0.2, True)]
    """
    measured = _Measured(metric, cells, cluster, spread)
    contributions = [measured.contribution(factor, weights) for factor, weights in parts.items()]
    return measured.shared(*ends, name, contributions, [])


class _Measured(Generic[Cell]):
    """A metric in every cell, and the influence of every row on it.

    Args:
        metric: Measured on rows.
        cells: Where.
        cluster: Number of the cluster of every row of the universe.
        spread: By what errors of rows are multiplied.

    Raises:
        NotMeasurable: when the metric has no value in one of the cells.
    """

    def __init__(
        self, metric: Metric, cells: Mapping[Cell, Replayed], cluster: Array | None, spread: float = 1.0
    ) -> None:
        self.metric, self.cells, self.spread = metric, cells, spread
        universe = 1 + max(int(one.rows.max(initial=-1)) for one in cells.values()) if cluster is None else len(cluster)
        self.present = np.zeros(universe, dtype=bool)
        self.values: dict[Cell, float] = {}
        self.influences: dict[Cell, Array] = {}
        self.shares: dict[Cell, Array] = {}
        self.codes = None if cluster is None else np.unique(cluster, return_inverse=True)[1]
        for name, cell in cells.items():
            codes = None if cluster is None else np.unique(cluster[cell.rows], return_inverse=True)[1]
            estimate = metric.measure(replace(cell.outcomes, cluster=codes))
            self.values[name], sign = _harm(metric, estimate.value)
            held = np.zeros(universe)
            held[cell.rows] = sign * estimate.influence / max(len(cell.rows), 1)
            if self.codes is not None:
                self.shares[name] = np.bincount(self.codes[cell.rows], minlength=self.codes.max() + 1) / len(cell.rows)
            self.influences[name] = held
            self.present[cell.rows] = True

    def combined(self, weights: Mapping[Cell, float]) -> tuple[float, tuple[float, float], float]:
        """A linear combination of the cells: value, interval, p-value.

        Raises:
            NotMeasurable: when a cell holds one cluster only.
        """
        value = sum(weight * self.values[name] for name, weight in weights.items())
        found = self._error({name: weight for name, weight in weights.items() if weight})
        error = found.error * self.spread
        if not np.isfinite(error):
            message = f"{found.clusters} cluster in one of the cells says nothing of how far clusters differ"
            raise NotMeasurable(message)
        dust = ROUNDED * sum(abs(weight * self.values[name]) for name, weight in weights.items())
        if abs(value) <= dust and error <= dust:
            return 0.0, (0.0, 0.0), 1.0
        if error == 0:
            return value, (value, value), 0.0
        width = float(stdtrit(found.degrees, 0.5 + CONFIDENCE / 2)) * error
        return value, (value - width, value + width), float(2 * stdtr(found.degrees, -abs(value) / error))

    def _error(self, weights: Mapping[Cell, float]) -> Uncertainty:
        if self.codes is None or not weights:
            row: Array = sum(
                (weight * self.influences[name] for name, weight in weights.items()), np.zeros(len(self.present))
            )
            return clustered(row[self.present] * self.present.sum(), None)
        parts = [
            (weight * np.bincount(self.codes, self.influences[name]), self.shares[name])
            for name, weight in weights.items()
        ]
        return of_samples(parts)

    def contribution(self, factor: Factor, weights: Mapping[Cell, float]) -> Contribution:
        """A factor's share."""
        value, bounds, p_value = self.combined(weights)
        return Contribution(factor=factor, harm=value, interval=bounds, p_value=p_value, found=p_value < APART)

    def shared(
        self, first: Cell, last: Cell, name: str, parts: Sequence[Contribution], interactions: Sequence[Interaction]
    ) -> Shared:
        """All of it."""
        harm, interval, p_value = self.combined({first: 0.0} if first == last else {last: 1.0, first: -1.0})
        before, after = (self.metric.measure(self.cells[which].outcomes).value for which in (first, last))
        return Shared(
            metric=self.metric.name,
            slice=name,
            unit=self.metric.unit,
            rows=len(self.cells[last].rows),
            before=before,
            after=after,
            harm=harm,
            interval=interval,
            contributions=tuple(sorted(parts, key=_rank, reverse=True)),
            interactions=tuple(interactions),
            p_value=p_value,
        )


def _weights(factors: Sequence[Factor], factor: Factor, first: Sequence[Factor]) -> dict[CELLS, float]:
    """Weights of the cells whose sum is a factor's share."""
    if factor in first:
        before = frozenset(first[: list(first).index(factor)])
        return {before: -1.0, before | {factor}: 1.0}
    found = shapley_weights([one for one in factors if one not in first], factor)
    return {cell | set(first): weight for cell, weight in found.items()}


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
