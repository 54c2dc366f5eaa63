"""The cells of a factorial replay: rows of two populations, and what each state of the world says of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from baseline_pipeline.comparison import ALL_ROWS
from baseline_pipeline.evaluation import Scores
from baseline_pipeline.metrics.classes import numbered_alike
from baseline_pipeline.metrics.outcomes import Metric, NotMeasurable, Outcomes
from baseline_pipeline.replay.attribution import CELLS, FACTORS, Factor, Replayed, Shared, share_out
from baseline_pipeline.replay.shapley import all_cells

Array = np.ndarray[Any, Any]
OF_ROWS: tuple[Factor, ...] = ("data_values", "population")
SliceOf = Callable[[pa.Table, pa.Table], Mapping[str, Array]]
"""From the slice columns of n rows, and of those whose quantiles cut them, to the positions of every slice's rows."""
State = frozenset[Factor]
"""What is new of dependencies, model and infrastructure."""
UNMOVED = "not one of {rows} outputs differs"


@dataclass(frozen=True)
class Sides:
    """What one state of the world says of both populations.

    Attributes:
        old: The old rows, with the old values.
        new: The new rows, with the new values.
        earlier: Rows of the new population with the values that they had before, where that is known from a third
            look between the two; `None` where the old rows are all that is known.
    """

    old: Scores
    new: Scores
    earlier: Scores | None = None


@dataclass(frozen=True)
class Factorial:
    """All cells, and the rows they share.

    Attributes:
        factors: What moved anything.
        dropped: What moved no row, and how that is known.
        cells: By what is new.
        looks: Slice columns of rows, and the rows' numbers, every row once: the old ones first, then those that came
            later. In every cell a row belongs to the slices where it was first seen, cut at the old rows' quantiles:
            as where a decision holds rows against themselves.
        cluster: Number of the cluster of every row; `None` where rows are independent.
        first: Factors that came before the others; see `share_out`.
    """

    factors: tuple[Factor, ...]
    dropped: Mapping[Factor, str]
    cells: Mapping[CELLS, Replayed]
    looks: tuple[tuple[pa.Table, Array], ...]
    cluster: Array | None
    first: tuple[Factor, ...] = ()

    def shared(self, metric: Metric, slice_of: SliceOf, name: str = ALL_ROWS) -> Shared:
        """A metric's change on a slice, shared out.

        Raises:
            NotMeasurable: when the slice or the metric has no value in one of the cells.
        """
        cells: dict[CELLS, Replayed] = dict(self.cells)
        if name != ALL_ROWS:
            inside = self._inside(slice_of, name)
            cells = {new: cell.take(np.flatnonzero(inside[cell.rows])) for new, cell in cells.items()}
            if not all(len(cell.rows) for cell in cells.values()):
                message = f"slice {name} has no rows in one of the cells"
                raise NotMeasurable(message)
        return share_out(metric, self.factors, cells, self.cluster, name, first=self.first)

    def _inside(self, slice_of: SliceOf, name: str) -> Array:
        """Which rows of the universe belong to a slice."""
        inside = np.zeros(sum(len(numbers) for _, numbers in self.looks), dtype=bool)
        for columns, numbers in self.looks:
            rows = slice_of(columns, self.looks[0][0]).get(name)
            if rows is not None:
                inside[numbers[rows]] = True
        return inside


def factorial(states: Mapping[State, Sides], around: tuple[Factor, Scores] | None = None) -> Factorial:
    """The cells of all factors that moved anything.

    Values of rows that both populations hold are exchanged row by row; rows that only one of them holds have the only
    values there are. A factor of the world (dependencies, model, machine, code) that changes not one output in any
    state drops out, and so does one of the rows that changes none: the design halves with each.

    Args:
        states: What every combination of the factors of the world says; all 2^k of them.
        around: What moved before anything else and cannot be replayed, and what was said of the old rows before it did;
            the states are those after it.
    """
    states = _numbered_alike(states)
    worldly = [factor for factor in FACTORS if any(factor in state for state in states)]
    dropped: dict[Factor, str] = {}
    for factor in worldly:
        rows = _same(states, factor)
        if rows is not None:
            dropped[factor] = UNMOVED.format(rows=rows)
    base = states[frozenset()]
    if around is not None and same_outputs(around[1].outcomes, base.old.outcomes):
        dropped[around[0]] = UNMOVED.format(rows=len(base.old.row_id))
        around = None
    live = {factor for factor in worldly if factor not in dropped} | ({around[0]} if around else set())
    place = _Places(base)
    if not place.changed:
        dropped["data_values"] = f"none of {len(place.shared)} shared rows has other values"
    if not len(place.only_old) and not len(place.only_new):
        dropped["population"] = "both hold the same rows"
    factors = tuple(factor for factor in FACTORS if factor in live or (factor in OF_ROWS and factor not in dropped))
    cells: dict[CELLS, Replayed] = {}
    first = () if around is None else around[:1]
    if base.earlier is not None and {"population", "data_values"} <= set(factors):
        first = (*first, "population")
    for cell in all_cells(factors, first):
        if around is not None and not cell:
            cells[cell] = Replayed(around[1].outcomes, place.number_old)
            continue
        sides = states[cell - set(OF_ROWS) - set(first)]
        new_rows = "population" in cell or "population" in dropped
        new_values = "data_values" in cell or "data_values" in dropped
        cells[cell] = place.cell(sides, new_rows=new_rows, new_values=new_values)
    return Factorial(factors, dropped, cells, place.looks, place.cluster, first)


def _numbered_alike(states: Mapping[State, Sides]) -> Mapping[State, Sides]:
    """The same, where rows of one population may lack a class of the other."""
    found = [scores for one in states.values() for scores in (one.old, one.new, one.earlier) if scores is not None]
    alike = dict(zip(map(id, found), numbered_alike(*(scores.outcomes for scores in found)), strict=True))

    def told(scores: Scores) -> Scores:
        return replace(scores, outcomes=alike[id(scores)])

    return {
        state: Sides(told(one.old), told(one.new), None if one.earlier is None else told(one.earlier))
        for state, one in states.items()
    }


def _same(states: Mapping[State, Sides], factor: Factor) -> int | None:
    """How many outputs were held against each other, where the factor changes none of them."""
    rows = 0
    for state, sides in states.items():
        if factor not in state:
            continue
        without = states[state - {factor}]
        for one, two in ((sides.old, without.old), (sides.new, without.new), (sides.earlier, without.earlier)):
            if one is None or two is None:
                continue
            rows += len(one.row_id)
            if not same_outputs(one.outcomes, two.outcomes):
                return None
    return rows


def same_outputs(one: Outcomes, two: Outcomes) -> bool:
    """Whether two scorings of the same rows are equal to the last bit.

    Example:
        >>> old, new = (Outcomes(np.array([0, 1]), np.array(calls)) for calls in ([0, 1], [1, 1]))
        >>> same_outputs(old, old), same_outputs(old, new)
        (True, False)
    """
    scores = one.score is None or two.score is None or np.array_equal(one.score, two.score)
    return scores and np.array_equal(one.prediction, two.prediction)


class _Places:
    """Where every row stands in either population, and where its old values are."""

    def __init__(self, sides: Sides) -> None:
        old, new = sides.old, sides.new
        self.new_in_old, self.old_in_new = _matched(new, old)
        self.only_new = np.setdiff1d(np.arange(len(new.row_id)), self.new_in_old)
        self.only_old = np.setdiff1d(np.arange(len(old.row_id)), self.old_in_new)
        self.number_old = np.arange(len(old.row_id))
        self.number_new = np.empty(len(new.row_id), dtype=np.int64)
        self.number_new[self.new_in_old] = self.old_in_new
        self.number_new[self.only_new] = len(old.row_id) + np.arange(len(self.only_new))
        known = old if sides.earlier is None else sides.earlier
        self.new_known, self.known = _matched(new, known)
        self.shared = self.new_known
        self.changed = bool((known.content[self.known] != new.content[self.new_known]).any())
        self.cluster = _clusters(old, new, self.only_new)
        self.looks = self._looks(old, new, sides.earlier)

    def _looks(self, old: Scores, new: Scores, earlier: Scores | None) -> tuple[tuple[pa.Table, Array], ...]:
        """Slice columns of every row where it was first seen."""
        found = [(old.columns, self.number_old)]
        late = self.only_new
        if earlier is not None:
            seen = np.isin(self.new_known, late)
            found.append((earlier.columns.take(pa.array(self.known[seen])), self.number_new[self.new_known[seen]]))
            late = np.setdiff1d(late, self.new_known)
        found.append((new.columns.take(pa.array(late)), self.number_new[late]))
        return tuple((columns, numbers) for columns, numbers in found if len(numbers))

    def cell(self, sides: Sides, *, new_rows: bool, new_values: bool) -> Replayed:
        """Rows of one population with values of one time."""
        if new_rows:
            known = sides.old if sides.earlier is None else sides.earlier
            rest = np.setdiff1d(np.arange(len(self.number_new)), self.new_known)
            parts = [(sides.new, np.arange(len(self.number_new)), self.number_new)]
            if not new_values:
                parts = [
                    (known, self.known, self.number_new[self.new_known]),
                    (sides.new, rest, self.number_new[rest]),
                ]
        else:
            parts = [(sides.old, self.number_old, self.number_old)]
            if new_values:
                parts = [
                    (sides.new, self.new_in_old, self.old_in_new),
                    (sides.old, self.only_old, self.only_old),
                ]
        outcomes = _joined([side.outcomes.take(rows) for side, rows, _ in parts])
        return Replayed(outcomes, np.concatenate([numbers for _, _, numbers in parts]))


def _matched(one: Scores, other: Scores) -> tuple[Array, Array]:
    """Positions of the rows that both hold, in either."""
    position = pc.index_in(one.row_id, value_set=other.row_id)
    there = pc.is_valid(position).to_numpy(zero_copy_only=False)
    return np.flatnonzero(there), position.drop_null().to_numpy(zero_copy_only=False)


def _clusters(old: Scores, new: Scores, only_new: Array) -> Array | None:
    if old.cluster is None or new.cluster is None:
        return None
    names = np.concatenate([old.cluster, new.cluster[only_new]])
    return np.asarray(np.unique(names, return_inverse=True)[1])


def _joined(parts: Sequence[Outcomes]) -> Outcomes:
    def all_of(name: str) -> Array | None:
        values = [getattr(one, name) for one in parts]
        return None if any(one is None for one in values) else np.concatenate(values)

    label, prediction = all_of("label"), all_of("prediction")
    assert label is not None  # noqa: S101  # always there
    assert prediction is not None  # noqa: S101  # always there
    return Outcomes(
        label,
        prediction,
        all_of("score"),
        weight=all_of("weight"),
        columns={name: np.concatenate([one.columns[name] for one in parts]) for name in parts[0].columns},
        classes=parts[0].classes,
        query=all_of("query"),
        class_names=parts[0].class_names,
    )
