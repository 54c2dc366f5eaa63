"""The contract's slices as sums of leaves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from baseline_pipeline.slices import MAX_LEVELS
from baseline_pipeline.summaries.arrays import combined, doubles, integers, numbered

if TYPE_CHECKING:
    from baseline_pipeline.contract import Contract
    from baseline_pipeline.contract.slices import SliceSpec
    from baseline_pipeline.summaries.outcome import OutcomeSummary
    from baseline_pipeline.summaries.outcome_plan import OutcomePlan

Array = np.ndarray[Any, Any]
MISSING = "(missing)"


@dataclass(frozen=True)
class Leaves:
    """The leaves of one side.

    Attributes:
        texts: What each leaf is, by column of the plan: (leaves, columns).
        of_cell: (cells,) leaf of every cell.
        rows: (leaves,) rows of every leaf.
    """

    texts: list[tuple[str, ...]]
    of_cell: Array
    rows: Array


@dataclass(frozen=True)
class LeafSlice:
    """A slice as a sum of leaves.

    Attributes:
        name: As where rows are at hand.
        leaves: (leaves,) which of them it holds.
        rows: How many rows those have.
        min_rows: Below this it is reported and never judged.
    """

    name: str
    leaves: Array
    rows: int
    min_rows: int


def leaves_of(plan: OutcomePlan, cells: Any) -> Leaves:
    """Number the leaves of a table of cells."""
    columns = [cells.column(f"leaf{place}").combine_chunks() for place in range(len(plan.leaf_columns))]
    encoded = [one.dictionary_encode(null_encoding="encode") for one in columns]
    places = [integers(one.indices) for one in encoded]
    present, of_cell = numbered(combined(places, cells.num_rows))
    some = np.zeros(len(present), dtype=np.int64)
    some[of_cell] = np.arange(cells.num_rows)
    texts = [
        [MISSING if names[at] is None else names[at] for at in place[some].tolist()]
        for names, place in zip((one.dictionary.to_pylist() for one in encoded), places, strict=True)
    ]
    rows = np.bincount(of_cell, doubles(cells.column("n")), len(present)).astype(np.int64)
    return Leaves(list(zip(*texts, strict=True)) if texts else [()] * len(present), of_cell, rows)


def leaf_slices(contract: Contract, summary: OutcomeSummary, leaves: Leaves) -> dict[str, LeafSlice]:
    """The slices that the declarations make of the leaves, by name, in the declarations' order; the first of a name."""
    place = {name: number for number, name in enumerate(summary.plan.leaf_columns)}
    found: list[LeafSlice] = []
    for spec in contract.slices:
        if spec.where is not None:
            name = spec.name or spec.where
            inside = np.array([text[place[name]] == "1" for text in leaves.texts], dtype=bool)
            found.append(LeafSlice(name, inside, int(leaves.rows[inside].sum()), spec.min_rows))
        else:
            found += _levels(spec, place, leaves)
    first: dict[str, LeafSlice] = {}
    for one in found:
        first.setdefault(one.name, one)
    return first


def _levels(spec: SliceSpec, place: dict[str, int], leaves: Leaves) -> list[LeafSlice]:
    by = spec.by or []
    columns = [place[f"{name}/{parts}" if (parts := spec.parts(name)) else name] for name in by]
    members: dict[str, list[int]] = {}
    for number, text in enumerate(leaves.texts):
        name = " & ".join(f"{column}={text[at]}" for column, at in zip(by, columns, strict=True))
        members.setdefault(name, []).append(number)
    largest = sorted(members, key=lambda name: (-int(leaves.rows[members[name]].sum()), name))
    levels = [_slice(name, members[name], spec, leaves) for name in sorted(largest[:MAX_LEVELS])]
    if len(members) <= MAX_LEVELS:
        return levels
    rest = [number for name in largest[MAX_LEVELS:] for number in members[name]]
    name = f"{' & '.join(by)}: {len(members) - MAX_LEVELS} smaller values"
    return [*levels, _slice(name, rest, spec, leaves)]


def _slice(name: str, numbers: list[int], spec: SliceSpec, leaves: Leaves) -> LeafSlice:
    inside = np.zeros(len(leaves.texts), dtype=bool)
    inside[numbers] = True
    return LeafSlice(name, inside, int(leaves.rows[inside].sum()), spec.min_rows)
