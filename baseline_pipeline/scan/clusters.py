"""Sums over clusters, from what was counted by cluster in coarse bins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from baseline_pipeline.summaries.arrays import doubles, integers
from baseline_pipeline.summaries.outcome_sql import COARSE

if TYPE_CHECKING:
    from baseline_pipeline.scan.leaves import Leaves
    from baseline_pipeline.summaries.outcome import OutcomeSummary

Array = np.ndarray[Any, Any]


class Clusters:
    """The clusters of one side.

    Args:
        summary: What was counted, by cluster too.
        leaves: Its leaves.
    """

    def __init__(self, summary: OutcomeSummary, leaves: Leaves) -> None:
        table, cells = summary.clusters, summary.cells
        assert table is not None  # noqa: S101  # the caller has looked
        columns = [name for name in cells.column_names if name.startswith("leaf")]
        fine = [cells.column(name).to_pylist() for name in [*columns, "y", "h"]]
        number: dict[Any, int] = {}
        coarse = (integers(cells.column("bin")) // COARSE).tolist()
        self._of_cell = np.array(
            [number.setdefault(key, len(number)) for key in zip(*fine, coarse, strict=True)], dtype=np.int64
        )
        keys = list(zip(*(table.column(name).to_pylist() for name in [*columns, "y", "h", "bin"]), strict=True))
        self._group = np.array([number[key] for key in keys], dtype=np.int64)
        self._groups = len(number)
        leaf_of = np.zeros(len(number), dtype=np.int64)
        leaf_of[self._of_cell] = leaves.of_cell
        self._leaf = leaf_of[self._group]
        names = table.column("cluster").to_pylist()
        place = {name: number for number, name in enumerate(sorted(set(names), key=str))}
        self._cluster = np.array([place[name] for name in names], dtype=np.int64)
        self._count = len(place)
        self._weight = doubles(table.column("w" if "w" in table.column_names else "n"))

    def sums(self, influence: Array, weight: Array, leaves: Array | None) -> tuple[Array, Array]:
        """(g,) sums of influences over clusters, and (g,) rows: by the mean influence of a leaf's coarse bin.

        Args:
            influence: (cells,) influence of a row of each cell; 0 outside of the leaves.
            weight: (cells,) rows of each cell, or their weight.
            leaves: Which leaves count; all by default.
        """
        total = np.bincount(self._of_cell, influence * weight, self._groups)
        mass = np.bincount(self._of_cell, weight, self._groups)
        mean = np.divide(total, mass, out=np.zeros(self._groups), where=mass > 0)
        inside = slice(None) if leaves is None else leaves[self._leaf]
        cluster, rows = self._cluster[inside], self._weight[inside]
        return (
            np.bincount(cluster, mean[self._group[inside]] * rows, self._count),
            np.bincount(cluster, rows, self._count),
        )
