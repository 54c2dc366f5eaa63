"""Features over time: what is missing, what lies outside, and how far a window's values are from the calm ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from baseline_pipeline.arrow_numbers import measurable, on_a_line
from baseline_pipeline.drift.kinds import is_free_text
from baseline_pipeline.monitoring.streams import Reading, Stream
from baseline_pipeline.shift import effective_rows
from baseline_pipeline.summaries.arrays import doubles

if TYPE_CHECKING:
    from collections.abc import Sequence

Array = np.ndarray[Any, Any]
BINS = 10
LEVELS = 50
"""Categories that are told apart, the most frequent ones; the rest are one."""


@dataclass(frozen=True)
class FeatureCells:
    """One feature of all rows as numbers of cells.

    Attributes:
        name: The column.
        cell: (n,) cell of each row; the last one is missing values.
        reference: (k,) shares of the calm rows.
        calm_rows: How many they are, or how many they are worth where they are a sample.
        outside: (n,) whether a number lies further beyond the calm range than the range is wide, or a category
            was never seen.
        new: Share of rows that are expected to be: of categories, as many as were seen only once (Good 1953, The
            population frequencies of species and the estimation of population parameters); at least half a row.
    """

    name: str
    cell: Array
    reference: Array
    calm_rows: int
    outside: Array
    new: float


def feature_cells(
    table: pa.Table, names: Sequence[str], calm: Array, categorical: set[str], stands_for: Array | None = None
) -> list[FeatureCells]:
    """Every feature cut at the calm rows' deciles, or into their categories; free text is cut by its length.

    Args:
        table: The features, n rows.
        names: Which of its columns.
        calm: (n,) which rows are calm.
        categorical: Columns of numbers, days or times that are categories.
        stands_for: (n,) requests that each row stands for; one each by default.
    """
    weight = np.ones(table.num_rows) if stands_for is None else stands_for
    return [_cells(name, table.column(name), calm, categorical, weight) for name in names]


def _cells(name: str, column: pa.ChunkedArray, calm: Array, categorical: set[str], weight: Array) -> FeatureCells:
    kind = column.type
    if measurable(kind) and name not in categorical:
        cell, cells, outside, once = _of_numbers(doubles(on_a_line(column)), calm)
    elif name not in categorical and is_free_text(column.filter(pa.array(calm))):
        cell, cells, outside, once = _of_numbers(pc.utf8_length(column).cast(pa.float64()).to_numpy(), calm)
    else:
        cell, cells, outside, once = _of_texts(column.cast(pa.string()), calm)
    counts = np.bincount(cell[calm], weight[calm], minlength=cells)
    rows = effective_rows(weight[calm]) if calm.any() else 1.0
    return FeatureCells(
        name, cell, counts / max(counts.sum(), 1.0), round(rows), outside, (once + 0.5) / (calm.sum() + 1)
    )


def _of_numbers(values: Array, calm: Array) -> tuple[Array, int, Array, int]:
    known = values[calm & np.isfinite(values)]
    if len(known) == 0:
        return np.where(np.isnan(values), 1, 0), 2, np.zeros(len(values), dtype=bool), 0
    edges = np.unique(np.quantile(known, np.arange(1, BINS) / BINS))
    cell = np.searchsorted(edges, values, side="left")
    cell = np.where(np.isnan(values), len(edges) + 1, cell)
    low, high = known.min(), known.max()
    width = max(high - low, abs(high), 1e-12)
    with np.errstate(invalid="ignore"):
        outside = (values > high + width) | (values < low - width) | np.isinf(values)
    return cell, len(edges) + 2, outside, 0


def _of_texts(column: pa.ChunkedArray, calm: Array) -> tuple[Array, int, Array, int]:
    coded = column.combine_chunks().dictionary_encode()
    codes = pc.fill_null(coded.indices.cast(pa.int64()), -1).to_numpy(zero_copy_only=False)
    counts = np.bincount(codes[calm & (codes >= 0)], minlength=max(len(coded.dictionary), 1))
    order = np.argsort(-counts, kind="stable")
    kept = min(LEVELS, len(order))
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.minimum(np.arange(len(order)), kept)
    cell = np.where(codes < 0, kept + 1, rank[np.maximum(codes, 0)])
    return cell, kept + 2, (codes >= 0) & (counts[np.maximum(codes, 0)] == 0), int((counts == 1).sum())


def feature_readings(
    cells: Sequence[FeatureCells], rows: slice, stands_for: Array | None = None
) -> dict[Stream, Reading]:
    """Of every feature: the share missing, the share outside, and the distance from the calm rows.

    The distance is Jensen-Shannon's in bits, less what sampling alone gives, (k - 1) / (8 ln 2) (1/n + 1/N).

    Source: Lin (1991), Divergence measures based on the Shannon entropy, IEEE Trans. Inf. Theory 37:145; the
    bias by the chi-square approximation, Wilks (1938).
    """
    found: dict[Stream, Reading] = {}
    if rows.stop <= rows.start:
        return found
    weight = np.ones(rows.stop - rows.start) if stands_for is None else stands_for[rows]
    worth = effective_rows(weight)
    for one in cells:
        cell = one.cell[rows]
        count = len(cell)
        last = len(one.reference) - 1
        now = np.bincount(cell, weight, minlength=last + 1) / weight.sum()
        missing, outside = float(now[last]), float(np.average(one.outside[rows], weights=weight))
        found[Stream(f"missing({one.name})", "all", "inputs", "up", share=True)] = Reading(missing, 0.0, count)
        new = np.sqrt(one.new * (1 - one.new) / worth)
        found[Stream(f"outside({one.name})", "all", "inputs", "up")] = Reading(outside, float(new), count)
        filled = max(int((one.reference + now > 0).sum()) - 1, 1)
        chance = filled / (8 * np.log(2)) * (1 / worth + 1 / max(one.calm_rows, 1))
        error = chance * np.sqrt(2 / filled)
        distance = _jensen_shannon(one.reference, now) - chance
        found[Stream(f"drift({one.name})", "all", "inputs", "up")] = Reading(float(distance), float(error), count)
    return found


def _jensen_shannon(one: Array, two: Array) -> float:
    middle = (one + two) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = [np.where(side > 0, side * np.log2(side / middle), 0.0).sum() for side in (one, two)]
    return float(sum(parts) / 2)
