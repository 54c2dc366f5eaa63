"""Metrics on the slices of one side, measured on cells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from baseline_pipeline.metrics.outcomes import Metric, NotMeasurable
from baseline_pipeline.scan.like import Like, rank_bound
from baseline_pipeline.significance.clustered import Uncertainty, of_counts, of_sums, over, supported

if TYPE_CHECKING:
    from baseline_pipeline.metrics.outcomes import Estimate
    from baseline_pipeline.scan.cells import Cells
    from baseline_pipeline.scan.leaves import LeafSlice

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class CellEstimate:
    """A metric on some cells.

    Attributes:
        value: The metric.
        uncertainty: Of it.
        apart: The same as if rows were independent.
        noise: (u,) contribution of every independent unit to the value's error.
        support: Rows of the thinnest group averaged over; `None` where that is all rows.
        bound: How far the value can be from the one of the rows themselves; 0 where it is the same.
        lift: How far luck alone can lift the value on average, in standard errors.
    """

    value: float
    uncertainty: Uncertainty
    apart: Uncertainty
    noise: Array
    support: int | None
    bound: float
    lift: float


class Measured:
    """The metrics of one side; rows that are alike are put together once for all metrics of a slice.

    Args:
        cells: Of the side.
    """

    def __init__(self, cells: Cells) -> None:
        self.cells = cells
        self._kept: dict[tuple[str | None, str], Like] = {}

    def measure(self, metric: Metric, part: LeafSlice | None) -> CellEstimate:
        """A metric on a slice, or on all rows.

        Raises:
            NotMeasurable: in the metric's words, or where rows hold what is no number.
        """
        how = "apart" if metric.columns else "decisions" if metric.decisions else "kinds"
        like = self._like(part, how)
        estimate = like.estimate(metric)
        influence = estimate.influence / like.outcomes.weights
        bound = rank_bound(like) if metric.name == "roc_auc" else 0.0
        counted = of_counts(influence, like.n, like.squares, like.within(metric))
        apart = over(counted, estimate.support)
        if self.cells.clusters is not None:
            return self._clustered(estimate, influence, like, None if part is None else part.leaves, bound, apart)
        noise = like.noise(influence, self.cells.units)
        uncertainty = supported(counted, estimate.support)
        return CellEstimate(estimate.value, uncertainty, apart, noise, estimate.support, bound, estimate.lift)

    def _clustered(
        self, estimate: Estimate, influence: Array, like: Like, leaves: Array | None, bound: float, apart: Uncertainty
    ) -> CellEstimate:
        assert self.cells.clusters is not None  # noqa: S101  # the caller has looked
        weight = self.cells.sums["w" if self.cells.weighted else "n"]
        total, size = self.cells.clusters.sums(like.spread_out(influence), weight, leaves)
        dealt = np.bincount(np.arange(len(total)) % self.cells.units, total, self.cells.units) / size.sum()
        uncertainty = supported(of_sums(total, size), estimate.support)
        return CellEstimate(estimate.value, uncertainty, apart, dealt, estimate.support, bound, estimate.lift)

    def _like(self, part: LeafSlice | None, how: str) -> Like:
        """The rows of a slice, those that are alike as one; kept for its next metric.

        Alike are rows of one label, prediction and bin (`kinds`), of one label and prediction (`decisions`), or of
        one cell (`apart`), for metrics that look at the leaves.
        """
        place = (None if part is None else part.name, how)
        if place in self._kept:
            return self._kept[place]
        self._kept = {key: one for key, one in self._kept.items() if key[0] == place[0]}
        leaves = None if part is None else part.leaves
        if how == "apart":
            rows = np.arange(len(self.cells.y)) if leaves is None else np.flatnonzero(leaves[self.cells.leaves.of_cell])
            like = Like.apart(self.cells, rows, leaves)
        elif how == "decisions":
            like = self._like(part, "kinds").by_decision(self.cells)
        else:
            like = Like.of_kinds(self.cells, self.cells.by_kind(leaves), leaves)
        wrong = like.bin < 0
        if wrong.any():
            what = (
                "numbers that are not finite"
                if self.cells.plan.task == "regression"
                else "scores that are no probabilities"
            )
            message = f"{int(like.n[wrong].sum())} rows hold {what}"
            raise NotMeasurable(message)
        self._kept[place] = like
        return like
