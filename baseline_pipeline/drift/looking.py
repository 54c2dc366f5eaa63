"""Looking into cells that leave a distance open, where the rows of both sides are at hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from baseline_pipeline.drift.distances import Within, open_cells
from baseline_pipeline.summaries.column import NumberSummary
from baseline_pipeline.summaries.engine import Engine, values_within

if TYPE_CHECKING:
    import pyarrow as pa

    from baseline_pipeline.summaries.column import Summary

OPEN = 0.005
"""A Kolmogorov-Smirnov distance that is open by more than this is looked into."""
MOST_ROWS = 2_000_000
"""Rows whose values are held in memory at most; beyond them the bound is what is said."""


def look_within(
    engine: Engine,
    rows: tuple[pa.Table | str, pa.Table | str],
    before: Mapping[str, Summary],
    after: Mapping[str, Summary],
) -> dict[str, Within]:
    """The values of open cells, by column.

    Args:
        engine: Where to count.
        rows: The baseline's rows, and the present ones.
        before: The baseline's summaries.
        after: The present ones.
    """
    found = {}
    for name, one in before.items():
        other = after.get(name)
        if isinstance(one, NumberSummary) and isinstance(other, NumberSummary):
            cells = open_cells(one, other, OPEN)
            if len(cells) and one.counts[cells].sum() + other.counts[cells].sum() <= MOST_ROWS:
                found[name] = _within(engine, rows, name, one, cells)
    return found


def _within(
    engine: Engine, rows: tuple[pa.Table | str, pa.Table | str], name: str, one: NumberSummary, cells: np.ndarray
) -> Within:
    sides = []
    for side in rows:
        with engine.named(side if isinstance(side, str) else side.select([name])) as relation:
            sides.append(values_within(engine, relation, name, one.grid, cells.tolist()))
    values = np.unique(np.concatenate([values for values, _ in sides]))
    counts = []
    for mine, count in sides:
        counted = np.zeros(len(values), dtype=np.int64)
        counted[np.searchsorted(values, mine)] = count
        counts.append(counted)
    return Within(cells, one.grid.cell(values), *counts)
