"""The cells of one side, ready to be measured: a cell stands for all rows of one leaf, label, prediction and bin."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from baseline_pipeline.scan.clusters import Clusters
from baseline_pipeline.scan.leaves import leaves_of
from baseline_pipeline.summaries.arrays import doubles, integers, numbered
from baseline_pipeline.summaries.outcome_plan import SCORE_BINS
from baseline_pipeline.summaries.outcome_sql import COARSE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from baseline_pipeline.scan.leaves import Leaves
    from baseline_pipeline.summaries.outcome import OutcomeSummary

Array = np.ndarray[Any, Any]
MOST_DENSE = 4_000_000
"""Numbers up to which sums are held by leaf and kind, whether or not such rows occur."""


class Cells:
    """The cells of one side.

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
        self.clusters = None if summary.clusters is None else Clusters(summary, self.leaves)
        self.units = units
        self.classes = tuple(classes) or (() if summary.plan.positive is None else ("", summary.plan.positive))
        numbers = {name: number for number, name in enumerate(classes)}
        self.y, self.h = (_codes(summary.cells.column(name), numbers) for name in ("y", "h"))
        self.bin = integers(summary.cells.column("bin"))
        keys = {"y", "h", "bin"}
        sums = [name for name in summary.cells.column_names if name not in keys and not name.startswith("leaf")]
        self.sums = {name: doubles(summary.cells.column(name)) for name in sums}
        self.kinds = Kinds(self.y, self.h, self.bin)
        self.blocks = Blocks(self, np.random.Generator(np.random.Philox(seed)))

    def by_kind(self, leaves: Array | None) -> dict[str, Array]:
        """(kinds,) sums of every column over some leaves, or over all."""
        if self._dense is not None:
            return {name: (one if leaves is None else one[leaves]).sum(axis=0) for name, one in self._dense.items()}
        rows = slice(None) if leaves is None else np.flatnonzero(leaves[self.leaves.of_cell])
        kind, count = self.kinds.of_cell[rows], len(self.kinds.y)
        return {name: np.bincount(kind, one[rows], count) for name, one in self.sums.items()}

    @cached_property
    def _dense(self) -> dict[str, Array] | None:
        """(leaves, kinds) sums of every column, where they are few enough."""
        leaves, kinds = len(self.leaves.rows), len(self.kinds.y)
        if leaves * kinds * len(self.sums) > MOST_DENSE:
            return None
        code = self.leaves.of_cell * kinds + self.kinds.of_cell
        return {name: np.bincount(code, one, leaves * kinds).reshape(leaves, kinds) for name, one in self.sums.items()}

    @property
    def weighted(self) -> bool:
        """Whether rows count differently."""
        return "w" in self.sums

    @cached_property
    def texts(self) -> dict[str, Array]:
        """(cells,) value of each column that makes leaves, by name."""
        columns = zip(*self.leaves.texts, strict=True) if self.leaves.texts else []
        named = zip(self.plan.values, columns, strict=False)
        return {name: np.array(texts)[self.leaves.of_cell] for name, texts in named}


class Kinds:
    """Combinations of label, prediction and bin that occur, and coarser ones.

    Attributes:
        y: (k,) label of each.
        h: (k,) prediction.
        bin: (k,) bin of the score.
        of_cell: (cells,) kind of every cell.
        block: (k,) which of the combinations with sixteen bins in one it belongs to.
        decision: (k,) which of the combinations of label and prediction.
    """

    def __init__(self, y: Array, h: Array, bin_: Array) -> None:
        wide = max(int(h.max(initial=0)), int(y.max(initial=0))) + 1
        code = (y * wide + h) * (SCORE_BINS + 1) + bin_ + 1
        present, self.of_cell = numbered(code)
        pair, place = np.divmod(present, SCORE_BINS + 1)
        self.y, self.h = np.divmod(pair, wide)
        self.bin = place - 1
        self.decision = numbered(pair)[1]
        self.block = numbered(pair * SCORE_BINS + place // COARSE)[1]


class Blocks:
    """Cells of one leaf, label, prediction and coarse bin together: what noise is dealt out by.

    Slices share leaves, so that the noise of their estimates goes together; a block's rows have nearly the same
    influence, and their sum is as far from nothing as the root of their number.

    Attributes:
        of_cell: (cells,) block of every cell.
        leaf: (b,) leaf of each.
        kind: (b,) coarse kind of each.
        decision: (b,) label and prediction of each.
        unit: (b,) independent unit that its noise is dealt to.
        spread: (b,) root of the sum of squared weights of its rows, with a sign drawn at random.
    """

    def __init__(self, cells: Cells, rng: np.random.Generator) -> None:
        kinds = cells.kinds
        count = int(kinds.block.max(initial=0)) + 1
        present, self.of_cell = numbered(cells.leaves.of_cell * count + kinds.block[kinds.of_cell])
        self.leaf, self.kind = np.divmod(present, count)
        decision_of = np.zeros(count, dtype=np.int64)
        decision_of[kinds.block] = kinds.decision
        self.decision = decision_of[self.kind]
        rows = np.bincount(self.of_cell, cells.sums["ww" if cells.weighted else "n"], len(present))
        self.unit = rng.integers(0, cells.units, len(present))
        self.spread = (rng.integers(0, 2, len(present)) * 2.0 - 1) * np.sqrt(rows)

    def of_leaves(self, leaves: Array | None) -> Array:
        """Those of some leaves."""
        return np.arange(len(self.leaf)) if leaves is None else np.flatnonzero(leaves[self.leaf])


def _codes(column: Any, numbers: dict[str, int]) -> Array:
    if numbers:
        return np.array([numbers[text] for text in column.to_pylist()], dtype=np.int64)
    return integers(column)
