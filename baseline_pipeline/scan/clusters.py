"""Sums over clusters, from what was counted by cluster in coarse bins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from baseline_pipeline.summaries.arrays import combined, doubles, integers, numbered
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
        places = []
        for name in [*(name for name in cells.column_names if name.startswith("leaf")), "y", "h", "bin"]:
            sides = [one.column(name) for one in (cells, table)]
            if name == "bin":
                place = np.concatenate([integers(sides[0]) // COARSE, integers(sides[1])]) + 1
            else:
                place = _encoded(pa.chunked_array([chunk for side in sides for chunk in side.chunks]))
            places.append(place)
        group = numbered(combined(places, cells.num_rows + table.num_rows))[1]
        self._of_cell, self._group = group[: cells.num_rows], group[cells.num_rows :]
        self._groups = int(group.max(initial=-1)) + 1
        leaf_of = np.zeros(self._groups, dtype=np.int64)
        leaf_of[self._of_cell] = leaves.of_cell
        self._leaf = leaf_of[self._group]
        self._cluster = _encoded(table.column("cluster"))
        self._count = int(self._cluster.max(initial=-1)) + 1
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


def _encoded(column: pa.ChunkedArray) -> Array:
    """(n,) a number for every value, from 0 in the order they come; what is missing is a value of its own."""
    return integers(column.combine_chunks().dictionary_encode(null_encoding="encode").indices)
