"""What is kept of labels, predictions and scores, and how two parts of it add up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from baseline_pipeline.metrics.classes import class_name
from baseline_pipeline.slices import level_names
from baseline_pipeline.summaries.arrays import combined, doubles, integers, positions
from baseline_pipeline.summaries.engine import Engine
from baseline_pipeline.summaries.outcome_plan import OutcomePlan
from baseline_pipeline.summaries.outcome_sql import INVALID, outcome_cells, unlabelled

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class OutcomeSummary:
    """Labels, predictions and scores of a data set, counted.

    Attributes:
        plan: What was counted; two summaries add up only under the same one.
        cells: One row per leaf, label, prediction and bin that occurs: texts `leaf0`... of the leaf (null where
            missing), `y`, `h`,
            `bin`, rows `n` and sums; ordered by all but the last two.
        clusters: The same per `cluster` in coarse bins, where the plan names a cluster column.
        unlabelled: Rows without a label, which are in no cell.
    """

    plan: OutcomePlan
    cells: pa.Table
    clusters: pa.Table | None
    unlabelled: int

    @property
    def rows(self) -> int:
        """Rows with a label."""
        return int(integers(self.cells["n"]).sum())

    @property
    def invalid(self) -> int:
        """Labelled rows whose score is no probability, or whose numbers are not finite."""
        return int(integers(self.cells["n"])[integers(self.cells["bin"]) == INVALID].sum())

    def merged(self, other: OutcomeSummary) -> OutcomeSummary:
        """Both parts together.

        Raises:
            ValueError: under another plan.
        """
        if self.plan != other.plan:
            message = "summaries under different plans do not add up"
            raise ValueError(message)
        clusters = None
        if self.clusters is not None and other.clusters is not None:
            clusters = _added(pa.concat_tables([self.clusters, other.clusters]))
        cells = _added(pa.concat_tables([self.cells, other.cells]))
        return OutcomeSummary(self.plan, cells, clusters, self.unlabelled + other.unlabelled)


def summarise_outcomes(engine: Engine, rows: pa.Table | str, relation: str, plan: OutcomePlan) -> OutcomeSummary:
    """The summary of rows, and of the same as the engine named them."""
    counted = engine.counted_outcomes(rows, plan)
    if counted is not None:
        return OutcomeSummary(plan, _added(_texts(plan, counted[0])), None, counted[1])
    types = {field.name: field.type for field in engine.schema(relation)}
    missing = int(engine.query(unlabelled(plan, relation, types, engine.dialect))["missing"][0].as_py())
    cells = _texts(plan, engine.query(outcome_cells(plan, relation, types, engine.dialect)))
    clusters = None
    if plan.cluster is not None:
        statement = outcome_cells(plan, relation, types, engine.dialect, by_cluster=True)
        clusters = _added(_texts(plan, engine.query(statement)))
    return OutcomeSummary(plan, _added(cells), clusters, missing)


def _texts(plan: OutcomePlan, table: pa.Table) -> pa.Table:
    """Leaves and clusters as text, classes too; everything else as numbers."""
    columns = {}
    for name in table.column_names:
        column = table.column(name)
        if pa.types.is_dictionary(column.type):
            column = column.cast(column.type.value_type)
        if name.startswith("leaf") or name == "cluster":
            columns[name] = _leaf_text(plan, name, column)
        elif name in {"y", "h"} and plan.task == "multiclass_classification":
            columns[name] = pa.array([class_name(value) for value in column.to_pylist()], pa.string())
        elif name in {"y", "h", "bin", "n"}:
            columns[name] = column.cast(pa.int64())
        else:
            columns[name] = column.cast(pa.float64())
    return pa.table(columns)


def _leaf_text(plan: OutcomePlan, name: str, column: pa.ChunkedArray) -> pa.ChunkedArray:
    if name == "cluster":
        return column.cast(pa.string())
    texts = level_names(column)
    place = int(name.removeprefix("leaf")) - len(plan.values)
    if 0 <= place < len(plan.cuts):
        texts = pc.binary_join_element_wise("q", texts, f"/{plan.cuts[place].parts}", "")
    return texts


def _added(table: pa.Table) -> pa.Table:
    """Rows of one key added up, in the keys' order: sums do not depend on the order of parts."""
    keys = [name for name in table.column_names if name.startswith("leaf") or name in {"cluster", "y", "h", "bin"}]
    sums = [name for name in table.column_names if name not in keys]
    ranks = (_ranked(table.column(name).combine_chunks()) for name in keys)
    code = combined((one - int(one.min(initial=0)) for one in ranks), table.num_rows)
    order = np.argsort(code, kind="stable")
    first = np.flatnonzero(np.concatenate([[True], np.diff(code[order]) != 0])) if len(order) else order
    if len(first) == len(order):
        return table.take(positions(order))
    order = np.lexsort([*(doubles(table.column(name)) for name in reversed(sums)), code])
    added = {name: table.column(name).take(positions(order[first])) for name in keys}
    for name in sums:
        read = integers if name == "n" else doubles
        added[name] = np.add.reduceat(read(table.column(name))[order], first)
    return pa.table(added)


def _ranked(column: pa.Array) -> Array:
    """(n,) numbers that sort as the column does; what is missing comes first."""
    if not pa.types.is_string(column.type):
        return integers(column)
    encoded = column.dictionary_encode()
    names = encoded.dictionary.to_pylist()
    rank = np.empty(len(names) + 1, dtype=np.int64)
    rank[sorted(range(len(names)), key=names.__getitem__)] = np.arange(len(names))
    rank[-1] = -1
    return rank[integers(encoded.indices)]
