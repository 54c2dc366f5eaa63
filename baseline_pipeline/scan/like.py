"""Rows that are alike as one row each that counts for all of them, so that metrics of rows can be measured on them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from baseline_pipeline.metrics.outcomes import Estimate, Metric, Outcomes
from baseline_pipeline.summaries.arrays import numbered
from baseline_pipeline.summaries.outcome_plan import SCORE_BINS

if TYPE_CHECKING:
    from baseline_pipeline.scan.cells import Blocks, Cells
    from baseline_pipeline.summaries.outcome_plan import OutcomePlan

Array = np.ndarray[Any, Any]
_SQUARES = {"log_loss": "squares", "brier": "briers"}
"""Sums of squared losses, by metric; those of a binary Brier score follow from their bin."""


@dataclass(frozen=True)
class Like:
    """The rows of a slice, those that are alike as one.

    Attributes:
        plan: What was counted.
        y: (g,) label of each group of like rows.
        h: (g,) prediction.
        bin: (g,) bin of the score.
        sums: (g,) by name: rows `n`, and what was summed up over them.
        columns: (g,) by name: what the groups' leaves are.
        blocks: How noise is dealt out.
        chosen: (b,) blocks of the slice.
        block: (g,) number of the set of blocks that each group's rows lie in.
        block_of: (b,) that number of every block of the slice.
        classes: names of the classes, by their numbers; empty for numbers.
        cells: (c,) group of every cell, -1 outside of the slice; `None` where no cluster asks for it.
    """

    plan: OutcomePlan
    y: Array
    h: Array
    bin: Array
    sums: dict[str, Array]
    columns: dict[str, Array]
    blocks: Blocks
    chosen: Array
    block: Array
    block_of: Array
    classes: tuple[str, ...]
    cells: Array | None

    @classmethod
    def of_kinds(cls, cells: Cells, sums: dict[str, Array], leaves: Array | None) -> Like:
        """Rows of one label, prediction and bin are alike."""
        kinds, there = cells.kinds, np.flatnonzero(sums["n"])
        chosen = cells.blocks.of_leaves(leaves)
        return cls(
            cells.plan,
            kinds.y[there],
            kinds.h[there],
            kinds.bin[there],
            {name: one[there] for name, one in sums.items()},
            {},
            cells.blocks,
            chosen,
            kinds.block[there],
            cells.blocks.kind[chosen],
            cells.classes,
            None if cells.clusters is None else _groups_of_cells(cells, there, leaves),
        )

    @classmethod
    def apart(cls, cells: Cells, rows: Array, leaves: Array | None) -> Like:
        """Rows of one cell are alike."""
        chosen = cells.blocks.of_leaves(leaves)
        group = np.full(len(cells.y), -1, dtype=np.int64)
        group[rows] = np.arange(len(rows))
        return cls(
            cells.plan,
            cells.y[rows],
            cells.h[rows],
            cells.bin[rows],
            {name: one[rows] for name, one in cells.sums.items()},
            {name: one[rows] for name, one in cells.texts.items()},
            cells.blocks,
            chosen,
            cells.blocks.of_cell[rows],
            chosen,
            cells.classes,
            group,
        )

    def by_decision(self, cells: Cells) -> Like:
        """Rows of one label and prediction are alike: a handful, whatever the scores."""
        pair = self.y * (max(int(self.h.max(initial=0)), int(self.y.max(initial=0))) + 1) + self.h
        present, place = numbered(pair)
        first = np.empty(len(present), dtype=np.int64)
        first[place[::-1]] = np.arange(len(pair))[::-1]
        decision_of = np.zeros(int(self.block.max(initial=0)) + 1, dtype=np.int64)
        decision_of[cells.blocks.kind[self.chosen]] = cells.blocks.decision[self.chosen]
        return Like(
            self.plan,
            self.y[first],
            self.h[first],
            np.where(np.bincount(place, self.bin < 0, len(first)) > 0, -1, 0),
            {name: np.bincount(place, one, len(first)) for name, one in self.sums.items()},
            {},
            self.blocks,
            self.chosen,
            decision_of[self.block[first]],
            self.blocks.decision[self.chosen],
            self.classes,
            None if self.cells is None else np.where(self.cells >= 0, place[self.cells], -1),
        )

    @cached_property
    def n(self) -> Array:
        """(g,) rows of each group."""
        return self.sums["n"]

    @cached_property
    def mass(self) -> Array:
        """(g,) weight of each group's rows together."""
        return self.sums.get("w", self.n)

    @cached_property
    def squares(self) -> Array:
        """(g,) sum of squared weights, at mean weight one."""
        return self.n if "ww" not in self.sums else np.asarray(self.sums["ww"] * self._scale**2)

    @property
    def _scale(self) -> float:
        return float(self.n.sum() / self.mass.sum())

    @cached_property
    def outcomes(self) -> Outcomes:
        """What metrics are measured on."""
        if self.plan.task == "regression":
            target, residual = self.sums["t"] / self.mass, self.sums["e"] / self.mass
            return Outcomes(target, target + residual, weight=self.mass, columns=self.columns, count=self.n)
        score = None
        if self.plan.score is not None:
            place = np.maximum(self.bin, 0)
            total, rows = (np.bincount(place, one, SCORE_BINS) for one in (self.sums["p"], self.mass))
            score = np.clip(np.divide(total, rows, out=np.zeros(SCORE_BINS), where=rows > 0)[place], 0.0, 1.0)
        return Outcomes(
            self.y,
            self.h,
            score,
            weight=self.mass,
            columns=self.columns,
            classes=len(self.classes) if self.plan.task == "multiclass_classification" else None,
            count=self.n,
            class_names=self.classes,
        )

    @cached_property
    def _share(self) -> tuple[int, Array]:
        """How many sets of blocks there are, and (s,) the squared weights of the rows in each."""
        space = max(int(self.block.max(initial=0)), int(self.block_of.max(initial=0))) + 1
        return space, np.maximum(np.bincount(self.block, self.squares, space), 1e-300)

    @cached_property
    def _spread(self) -> Array:
        return np.asarray(self.blocks.spread[self.chosen] * (self._scale / self.n.sum()))

    @cached_property
    def _unit(self) -> Array:
        return self.blocks.unit[self.chosen]

    def noise(self, influence: Array, units: int) -> Array:
        """(units,) what luck in the rows would make of the value, dealt out by blocks of nearly like influence."""
        space, share = self._share
        mean = np.bincount(self.block, influence * self.squares, space) / share
        return np.bincount(self._unit, mean[self.block_of] * self._spread, units)

    def spread_out(self, influence: Array) -> Array:
        """(c,) the influence of a row of every cell; 0 outside of the slice."""
        assert self.cells is not None  # noqa: S101  # there are clusters
        return np.where(self.cells >= 0, influence[self.cells], 0.0)

    def estimate(self, metric: Metric) -> Estimate:
        """The metric; exact where sums of its losses are kept.

        Raises:
            NotMeasurable: in the metric's words.
        """
        losses = self._losses(metric.name)
        if losses is not None:
            value = float((losses * self.mass).sum() / self.mass.sum())
            return Estimate(value, self.outcomes.weights * (losses - value))
        if metric.name in {"mean_squared_error", "root_mean_squared_error", "r2"}:
            return self._squared(metric)
        return metric.measure(self.outcomes)

    def _losses(self, name: str) -> Array | None:
        """(g,) mean loss, where it was summed up row by row."""
        if name in self.sums:  # the Brier score of several classes
            return np.asarray(self.sums[name] / self.mass)
        if name == "log_loss" and "loss" in self.sums:
            return np.asarray(self.sums["loss"] / self.mass)
        if self.plan.score is None:
            return None
        if name == "brier":
            total = self.sums["pp"] - 2 * self.y * self.sums["p"] + self.y * self.mass
            return np.asarray(total / self.mass)
        return None

    def _squared(self, metric: Metric) -> Estimate:
        """Metrics of squared residuals: groups stand at their root mean square, and lose nothing."""
        plain = self.outcomes
        size = np.sqrt(self.sums["ee"] / self.mass) * np.sign(plain.prediction - plain.label)
        estimate = metric.measure(Outcomes(plain.label, plain.label + size, weight=self.mass, count=self.n))
        if metric.name != "r2":
            return estimate
        total, rows = self.sums["t"].sum(), self.mass.sum()
        value = 1 - float(self.sums["ee"].sum() / (self.sums["tt"].sum() - total**2 / rows))
        return Estimate(value, estimate.influence, estimate.support)

    def within(self, metric: Metric) -> Array | float:
        """(g,) squares of what losses differ by among like rows; elsewhere bins are too narrow to count."""
        squares, losses = self.sums.get(_SQUARES.get(metric.name, "")), self._losses(metric.name)
        if squares is None or losses is None:
            return 0.0
        return np.asarray(self.squares * np.maximum(squares / self.mass - losses**2, 0.0))


def rank_bound(like: Like) -> float:
    """How far an AUC of bins can be from that of the scores: half of the pairs that share a bin."""
    one, other = (np.bincount(like.bin, like.mass * (like.y == label), SCORE_BINS) for label in (0, 1))
    return float((one * other).sum() / 2 / max(one.sum() * other.sum(), 1e-300))


def _groups_of_cells(cells: Cells, there: Array, leaves: Array | None) -> Array:
    """(c,) group of every cell where the kinds that are there are the groups; -1 outside of the leaves."""
    group = np.full(len(cells.kinds.y), -1, dtype=np.int64)
    group[there] = np.arange(len(there))
    found = group[cells.kinds.of_cell]
    return found if leaves is None else np.where(leaves[cells.leaves.of_cell], found, -1)
