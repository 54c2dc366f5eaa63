"""Metrics of many rows at a time: a cell stands for all rows of one leaf, label, prediction and bin."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from baseline_pipeline.metrics.outcomes import Estimate, Metric, NotMeasurable, Outcomes
from baseline_pipeline.scan.leaves import leaves_of
from baseline_pipeline.significance.clustered import Uncertainty, of_counts, of_sums, supported
from baseline_pipeline.summaries.arrays import doubles, integers
from baseline_pipeline.summaries.outcome_plan import SCORE_BINS
from baseline_pipeline.summaries.outcome_sql import COARSE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from baseline_pipeline.scan.leaves import LeafSlice, Leaves
    from baseline_pipeline.summaries.outcome import OutcomeSummary

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class CellEstimate:
    """A metric on some cells.

    Attributes:
        value: The metric.
        uncertainty: Of it.
        noise: (u,) contribution of every independent unit to the value's error.
        support: Rows of the thinnest group averaged over; `None` where that is all rows.
        bound: How far the value can be from the one of the rows themselves; 0 where it is the same.
    """

    value: float
    uncertainty: Uncertainty
    noise: Array
    support: int | None
    bound: float


class Cells:
    """The cells of one side, ready to be measured.

    Args:
        summary: What was counted.
        classes: Texts of all classes, of a multiclass label.
        seed: Of the dealing of cells into units.
        units: Into how many.
    """

    def __init__(self, summary: OutcomeSummary, classes: Sequence[str], seed: int, units: int) -> None:
        self.plan = summary.plan
        self.leaves: Leaves = leaves_of(summary.plan, summary.cells)
        self.table = summary.cells
        self.clusters = summary.clusters
        self.units = units
        self._kept: dict[tuple[str | None, bool], _Like] = {}
        self._read: dict[str, Array] = {}
        self.n = self._column("n")
        self.bin = self._column("bin").astype(np.int64)
        numbers = {name: number for number, name in enumerate(classes)}
        self.y, self.h = (self._codes(name, numbers) for name in ("y", "h"))
        base = max(len(classes), 128)
        self.key = (self.y * base + self.h) * SCORE_BINS + self.bin
        self.key_space = int(self.key.max(initial=0)) + 1
        self.blocks = _Blocks(self, base, np.random.Generator(np.random.Philox(seed)))

    def measure(self, metric: Metric, part: LeafSlice | None) -> CellEstimate:
        """A metric on a slice, or on all rows.

        Raises:
            NotMeasurable: in the metric's words, or where rows hold what is no number.
        """
        like = self._like(part, apart=bool(metric.columns))
        estimate = like.estimate(metric)
        return self._weighed(metric, estimate, like, None if part is None else part.leaves)

    def _like(self, part: LeafSlice | None, *, apart: bool) -> _Like:
        """The rows of a slice, those that are alike as one; kept for its next metric."""
        place = (None if part is None else part.name, apart)
        if place not in self._kept:
            self._kept = {key: one for key, one in self._kept.items() if key[0] == place[0]}
            rows = np.arange(len(self.n)) if part is None else np.flatnonzero(part.leaves[self.leaves.of_cell])
            wrong = self.bin[rows] < 0
            if wrong.any():
                regression = self.plan.task == "regression"
                what = "numbers that are not finite" if regression else "scores that are no probabilities"
                message = f"{int(self.n[rows][wrong].sum())} rows hold {what}"
                raise NotMeasurable(message)
            group, inverse = (rows, np.arange(len(rows))) if apart else self._grouped(rows)
            blocks = self.blocks.of_leaves(None if part is None else part.leaves)
            self._kept[place] = _Like(self, rows, group, inverse, blocks, apart=apart)
        return self._kept[place]

    def _weighed(self, metric: Metric, estimate: Estimate, like: _Like, leaves: Array | None) -> CellEstimate:
        """How sure the estimate is, rows or clusters being independent."""
        influence = estimate.influence / like.outcomes.weights
        bound = _rank_bound(like.outcomes) if metric.name == "roc_auc" else 0.0
        if self.clusters is not None:
            total, size = self._cluster_sums(influence[like.inverse], like.rows, leaves)
            uncertainty = supported(of_sums(total, size), estimate.support)
            dealt = np.bincount(np.arange(len(total)) % self.units, total, self.units)
            return CellEstimate(estimate.value, uncertainty, dealt / size.sum(), estimate.support, bound)
        uncertainty = supported(of_counts(influence, like.n, like.squares, like.within(metric)), estimate.support)
        return CellEstimate(estimate.value, uncertainty, like.noise(influence), estimate.support, bound)

    def _cluster_sums(self, influence: Array, rows: Array, leaves: Array | None) -> tuple[Array, Array]:
        """Sums of influences over clusters, by the mean influence of each leaf's rows in a coarse bin."""
        part = self._cluster_part
        weight = self._column("w") if self.weighted else self.n
        total = np.bincount(part.of_cell[rows], (influence * weight[rows]), part.groups)
        mass = np.bincount(part.of_cell[rows], weight[rows], part.groups)
        mean = np.divide(total, mass, out=np.zeros(part.groups), where=mass > 0)
        inside = np.ones(len(part.n), dtype=bool) if leaves is None else leaves[part.leaf]
        sums = np.bincount(part.cluster[inside], mean[part.group[inside]] * part.weight[inside], part.count)
        return sums, np.bincount(part.cluster[inside], part.weight[inside], part.count)

    @cached_property
    def _cluster_part(self) -> _ClusterPart:
        assert self.clusters is not None  # noqa: S101  # asked for only where there are clusters
        columns = [name for name in self.table.column_names if name.startswith("leaf")] + ["y", "h"]
        coarse = [self.table.column(name).to_pylist() for name in columns]
        coarse.append((self.bin // COARSE).tolist())
        number: dict[Any, int] = {}
        of_cell = [number.setdefault(key, len(number)) for key in zip(*coarse, strict=True)]
        leaf_of = {text: place for place, text in enumerate(self.leaves.texts)}
        keys = list(zip(*(self.clusters.column(name).to_pylist() for name in [*columns, "bin"]), strict=True))
        cluster = self.clusters.column("cluster").to_pylist()
        names = {name: place for place, name in enumerate(sorted(set(cluster)))}
        weight = "w" if self.weighted else "n"
        return _ClusterPart(
            of_cell=np.array(of_cell, dtype=np.int64),
            groups=len(number),
            group=np.array([number[key] for key in keys], dtype=np.int64),
            leaf=np.array([leaf_of[key[: len(columns) - 2]] for key in keys], dtype=np.int64),
            cluster=np.array([names[name] for name in cluster], dtype=np.int64),
            n=doubles(self.clusters.column("n")),
            weight=doubles(self.clusters.column(weight)),
            count=len(names),
        )

    def _grouped(self, rows: Array) -> tuple[Array, Array]:
        """One cell for each label, prediction and bin, and which of them each row of `rows` belongs to."""
        key = self.key[rows]
        first = np.full(self.key_space, -1, dtype=np.int64)
        first[key[::-1]] = rows[::-1]
        there = np.flatnonzero(first >= 0)
        place = np.zeros(self.key_space, dtype=np.int64)
        place[there] = np.arange(len(there))
        return first[there], place[key]

    def sums(self, name: str, rows: Array, inverse: Array, groups: int) -> Array:
        """(groups,) a column of the summary, added up."""
        return np.bincount(inverse, self._column(name)[rows], groups)

    @property
    def weighted(self) -> bool:
        """Whether rows count differently."""
        return "w" in self.table.column_names

    @property
    def squares(self) -> Array:
        return self._column("ww" if self.weighted else "n")

    @cached_property
    def texts(self) -> dict[str, Array]:
        """(cells,) value of each column that makes leaves, by name."""
        columns = zip(*self.leaves.texts, strict=True) if self.leaves.texts else []
        named = zip(self.plan.values, columns, strict=False)
        return {name: np.array(texts)[self.leaves.of_cell] for name, texts in named}

    def _column(self, name: str) -> Array:
        if name not in self._read:
            self._read[name] = doubles(self.table.column(name))
        return self._read[name]

    def _codes(self, name: str, numbers: dict[str, int]) -> Array:
        column = self.table.column(name)
        if numbers:
            return np.array([numbers[text] for text in column.to_pylist()], dtype=np.int64)
        return integers(column)


@dataclass(frozen=True)
class _ClusterPart:
    """Clusters in coarse bins: which group each fine cell and each cluster's cell belongs to."""

    of_cell: Array
    groups: int
    group: Array
    leaf: Array
    cluster: Array
    n: Array
    weight: Array
    count: int


class _Blocks:
    """Cells of one leaf, label, prediction and coarse bin together: what noise is dealt out by.

    Slices share leaves, so that the noise of their estimates goes together; a block's rows have nearly the same
    influence, and their sum is as far from nothing as the root of their number.
    """

    def __init__(self, cells: Cells, base: int, rng: Any) -> None:
        self.key = (cells.y * base + cells.h) * (SCORE_BINS // COARSE) + cells.bin // COARSE
        self.keys = int(self.key.max(initial=0)) + 1
        code = cells.leaves.of_cell * self.keys + self.key
        present, self.of_cell = np.unique(code, return_inverse=True)
        self.leaf, self.key_of = np.divmod(present, self.keys)
        rows = np.bincount(self.of_cell, cells.squares, len(present))
        self.unit = rng.integers(0, cells.units, len(present))
        self.spread = (rng.integers(0, 2, len(present)) * 2.0 - 1) * np.sqrt(rows)

    def of_leaves(self, leaves: Array | None) -> Array:
        """Those of some leaves."""
        return np.arange(len(self.leaf)) if leaves is None else np.flatnonzero(leaves[self.leaf])


class _Like:
    """Rows that are alike, as one row each that counts for all of them."""

    def __init__(self, cells: Cells, rows: Array, group: Array, inverse: Array, blocks: Array, *, apart: bool) -> None:
        self.cells = cells
        self.rows = rows
        self.inverse = inverse
        self.groups = len(group)
        self.n = self._sum("n")
        self.mass = self._sum("w") if cells.weighted else self.n
        scale = self.n.sum() / self.mass.sum()
        self.blocks, self.scale = blocks, scale
        dealt = cells.blocks
        self.block = dealt.of_cell[group] if apart else dealt.key[group]
        self.block_of = blocks if apart else dealt.key_of[blocks]
        self.squares = self._sum("ww") * scale**2 if cells.weighted else self.n
        self.y, self.h, self.bin = cells.y[group], cells.h[group], cells.bin[group]
        texts = cells.texts if apart else {}
        self.outcomes = self._outcomes({name: values[group] for name, values in texts.items()})

    def noise(self, influence: Array) -> Array:
        """(units,) what luck in the rows would make of the value, dealt out by blocks of nearly like influence."""
        dealt = self.cells.blocks
        space = max(int(self.block.max(initial=0)), int(self.block_of.max(initial=0))) + 1
        mass = np.bincount(self.block, self.squares, space)
        total = np.bincount(self.block, influence * self.squares, space)
        mean = np.divide(total, mass, out=np.zeros(space), where=mass > 0)
        spread = dealt.spread[self.blocks] * self.scale
        found = np.bincount(dealt.unit[self.blocks], mean[self.block_of] * spread, self.cells.units)
        return np.asarray(found / self.n.sum())

    def _sum(self, name: str) -> Array:
        return self.cells.sums(name, self.rows, self.inverse, self.groups)

    def _outcomes(self, columns: dict[str, Array]) -> Outcomes:
        plan = self.cells.plan
        if plan.task == "regression":
            target, residual = self._sum("t") / self.mass, self._sum("e") / self.mass
            return Outcomes(target, target + residual, weight=self.mass, columns=columns, count=self.n)
        score = None
        if plan.score is not None:
            mean = np.bincount(self.bin, self._sum("p"), SCORE_BINS)
            rows = np.bincount(self.bin, self.mass, SCORE_BINS)
            score = np.clip(np.divide(mean, rows, out=np.zeros(SCORE_BINS), where=rows > 0)[self.bin], 0.0, 1.0)
        classes = None if plan.task == "binary_classification" else int(max(self.y.max(), self.h.max())) + 1
        return Outcomes(self.y, self.h, score, weight=self.mass, columns=columns, classes=classes, count=self.n)

    def estimate(self, metric: Metric) -> Estimate:
        """The metric; exact where sums of its losses are kept."""
        losses = self._losses(metric.name)
        if losses is not None:
            value = float((losses * self.mass).sum() / self.mass.sum())
            return Estimate(value, self.outcomes.weights * (losses - value))
        if metric.name in {"mean_squared_error", "root_mean_squared_error", "r2"}:
            return self._squared(metric)
        return metric.measure(self.outcomes)

    def _losses(self, name: str) -> Array | None:
        """(groups,) mean loss, where it was summed up row by row."""
        if self.cells.plan.score is None:
            return None
        if name == "log_loss":
            return np.asarray(self._sum("loss") / self.mass)
        if name == "brier":
            total = self._sum("pp") - 2 * self.y * self._sum("p") + self.y * self.mass
            return np.asarray(total / self.mass)
        return None

    def _squared(self, metric: Metric) -> Estimate:
        """Metrics of squared residuals: cells stand at their root mean square, and lose nothing."""
        plain = self.outcomes
        size = np.sqrt(self._sum("ee") / self.mass) * np.sign(plain.prediction - plain.label)
        estimate = metric.measure(Outcomes(plain.label, plain.label + size, weight=self.mass, count=self.n))
        if metric.name != "r2":
            return estimate
        total, rows = self._sum("t").sum(), self.mass.sum()
        value = 1 - float(self._sum("ee").sum() / (self._sum("tt").sum() - total**2 / rows))
        return Estimate(value, estimate.influence, estimate.support)

    def within(self, metric: Metric) -> Array | float:
        """(groups,) squares of what log losses differ by among like rows; elsewhere bins are too narrow to count."""
        if metric.name != "log_loss" or self.cells.weighted:
            return 0.0
        return np.asarray(np.maximum(self._sum("squares") - self._sum("loss") ** 2 / self.n, 0.0))


def _rank_bound(outcomes: Outcomes) -> float:
    """How far an AUC of bins can be from that of the scores: half of the pairs that share a bin."""
    assert outcomes.score is not None  # noqa: S101  # an AUC was measured
    place = np.unique(outcomes.score, return_inverse=True)[1]
    one, other = (np.bincount(place, outcomes.weights * (outcomes.label == label)) for label in (0, 1))
    return float((one * other).sum() / 2 / (one.sum() * other.sum()))
