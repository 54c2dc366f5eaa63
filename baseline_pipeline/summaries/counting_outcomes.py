"""Counting labels, decisions and scores by leaf in this process, batch by batch: what SQL counts elsewhere.

A hash table with a row per leaf, label and bin costs DuckDB some 180 ns a row; a dense one costs numpy 40, as long
as leaves are few.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from baseline_pipeline.expression import length_of
from baseline_pipeline.summaries.arrays import MOST_CODES, coded, column_of, doubles, numbered, positions, texts_of
from baseline_pipeline.summaries.outcome_plan import SCORE_BINS
from baseline_pipeline.summaries.outcome_sql import INVALID

if TYPE_CHECKING:
    from baseline_pipeline.summaries.outcome_plan import OutcomePlan

Array = np.ndarray[Any, Any]
MOST_LEAVES = 256
"""Above these the dense table leaves the processor's caches, and SQL's hash table is as fast."""
PLACES = SCORE_BINS + 3
"""Bins in order: of what is no probability, below the threshold, its own twice, above, and again of what is none."""
CELLS = 2 * PLACES
"""Of a leaf: by label, and by bin with its decision."""
SUMS = ("n", "p", "pp", "loss", "squares")


class TooManyLeaves(Exception):
    """There are more leaves than a dense table is good for."""


def counted_densely(plan: OutcomePlan, types: Mapping[str, pa.DataType]) -> bool:
    """Whether the outcomes of columns of these types can be counted here; all others are asked for by SQL."""
    if plan.score is None or plan.weight or plan.cluster or plan.conditions:
        return False
    numbers = (pa.types.is_floating, pa.types.is_integer)
    names = (pa.types.is_boolean, pa.types.is_integer, pa.types.is_string, _is_dictionary_of_texts)
    cuts = [cut.column for cut in plan.cuts]
    return (
        all(length_of(axis) is None for axis in (*plan.values, *cuts))
        and all(any(one(types[name]) for one in numbers) for name in (plan.score, *cuts))
        and all(any(one(types[name]) for one in names) for name in (plan.label, *plan.values))
    )


def _is_dictionary_of_texts(kind: pa.DataType) -> bool:
    return bool(pa.types.is_dictionary(kind) and pa.types.is_string(kind.value_type))


class OutcomeCounter:
    """Counts labelled rows into a table of leaf, label, decision and bin.

    Args:
        plan: What is counted; `counted_densely` holds for it.
    """

    def __init__(self, plan: OutcomePlan) -> None:
        self.plan = plan
        self.leaves: dict[tuple[str | None, ...], int] = {}
        self.tables = [np.zeros(0) for _ in SUMS]
        self.unlabelled = 0

    def add(self, batch: pa.RecordBatch) -> None:
        """Count a batch.

        Raises:
            TooManyLeaves: when a dense table is the wrong thing for these rows.
        """
        label = batch.column(self.plan.label)
        if pa.types.is_dictionary(label.type) and label.dictionary.null_count:  # what is missing has a place in it
            label = label.dictionary_decode()
        if label.null_count:
            self.unlabelled += label.null_count
            batch = batch.filter(label.is_valid())
            label = batch.column(self.plan.label)
        cell = self._leaf(batch)
        y, score = _is_class(label, self.plan.positive or ""), batch.column(self.plan.score)
        p, place = self._placed(doubles(score), score)
        cell *= CELLS
        cell += y * PLACES
        cell += place
        loss = np.subtract(1.0, p)
        np.copyto(loss, p, where=y)
        np.maximum(loss, np.finfo(float).eps, out=loss)
        np.negative(np.log(loss, loss), loss)
        self._grow()
        size = len(self.tables[0])
        for table, weight in zip(self.tables, (None, p, p * p, loss, loss * loss), strict=True):
            np.add(table, np.bincount(cell, weight, size), table)

    def _placed(self, p: Array, score: pa.Array) -> tuple[Array, Array]:
        """(n,) probabilities, 0 for what is none, and (n,) the place of each among a label's cells."""
        valid, h = (p >= 0) & (p <= 1), p >= self.plan.threshold
        if valid.all():
            return p, _bin(p) + (1 + h)
        h |= np.isnan(p) & _given(score)
        p = np.where(valid, p, 0.0)
        return p, np.where(valid, _bin(p) + (1 + h), np.where(h, PLACES - 1, 0))

    def _leaf(self, batch: pa.RecordBatch) -> Array:
        """(n,) the number of every row's leaf; new ones are numbered as they come."""
        code, codes = np.zeros(batch.num_rows, dtype=np.int64), 1
        axes: list[list[str | None]] = []
        for names, one in [coded(batch.column(name)) for name in self.plan.values] + [
            _parts(doubles(batch.column(cut.column)), cut.edges) for cut in self.plan.cuts
        ]:
            axes.append(names)
            codes *= len(names)
            if codes > MOST_CODES:  # large dictionaries, of which rows need not have many values
                raise TooManyLeaves
            code *= len(names)
            code += one
        present, place = numbered(code)
        if len(self.leaves) + len(present) > 2 * MOST_LEAVES:
            raise TooManyLeaves
        number = [self.leaves.setdefault(_texts(int(one), axes), len(self.leaves)) for one in present]
        return np.array(number, dtype=np.int64)[place]

    def _grow(self) -> None:
        if len(self.leaves) > MOST_LEAVES:
            raise TooManyLeaves
        more = len(self.leaves) * CELLS - len(self.tables[0])
        if more > 0:
            self.tables = [np.concatenate([table, np.zeros(more)]) for table in self.tables]

    def merge(self, other: OutcomeCounter) -> OutcomeCounter:
        """Take over what another one counted.

        Raises:
            TooManyLeaves: as above.
        """
        to = [self.leaves.setdefault(leaf, len(self.leaves)) for leaf in other.leaves]
        self._grow()
        for mine, theirs in zip(self.tables, other.tables, strict=True):
            mine.reshape(-1, CELLS)[to] += theirs.reshape(-1, CELLS)
        self.unlabelled += other.unlabelled
        return self

    def table(self) -> pa.Table:
        """One row per cell that holds any, as the SQL gives it."""
        held = np.flatnonzero(self.tables[0])
        leaf, cell = np.divmod(held, CELLS)
        y, place = np.divmod(cell, PLACES)
        h = place > _bin(np.array([self.plan.threshold])) + 1
        bin_ = np.where((place == 0) | (place == PLACES - 1), INVALID, place - 1 - h)
        texts = list(zip(*self.leaves, strict=True)) or [()] * len(self.plan.leaf_columns)
        columns = {f"leaf{at}": texts_of(names, leaf) for at, names in enumerate(texts)}
        numbers = {"y": y, "h": h, "bin": bin_, "n": self.tables[0][held]}
        columns |= {name: positions(values) for name, values in numbers.items()}
        columns |= {name: column_of(table[held]) for name, table in zip(SUMS[1:], self.tables[1:], strict=True)}
        return pa.table(columns)


def _bin(p: Array) -> Array:
    """(n,) bin of each probability; 0 belongs to the first."""
    found = np.ceil(p * float(SCORE_BINS)).astype(np.int64)
    found -= 1
    return np.asarray(np.maximum(found, 0, out=found))


def _texts(code: int, axes: list[list[str | None]]) -> tuple[str | None, ...]:
    found = []
    for names in reversed(axes):
        code, place = divmod(code, len(names))
        found.append(names[place])
    return tuple(reversed(found))


def _parts(x: Array, edges: tuple[float, ...]) -> tuple[list[str | None], Array]:
    """The number of each value's part, from 1; none where there is no value."""
    part = np.searchsorted(np.array(edges), x, side="left")
    names = [None if at > len(edges) else str(at + 1) for at in range(len(edges) + 2)]
    return names, np.where(np.isnan(x), len(edges) + 1, part)


def _is_class(label: pa.Array, text: str) -> Array:
    """(n,) whether each label is the class, compared in the column's own type."""
    if pa.types.is_integer(label.type):
        try:
            return np.asarray(doubles(label) == float(text))
        except ValueError:
            return np.zeros(len(label), dtype=bool)
    names, code = coded(label)
    return np.array([name == text for name in names], dtype=bool)[code]


def _given(column: pa.Array) -> Array:
    return np.asarray(pc.is_valid(column)) if column.null_count else np.ones(len(column), dtype=bool)


def count_outcomes(batches: Iterable[pa.RecordBatch], plan: OutcomePlan) -> OutcomeCounter:
    """Everything that was counted of some batches."""
    counter = OutcomeCounter(plan)
    for batch in batches:
        counter.add(batch)
    return counter
