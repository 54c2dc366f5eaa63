"""A whole data set, counted: every column, and how labels, predictions and scores go together."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import Field

from baseline_pipeline.arrow_numbers import DAYS_AND_TIMES, HOURS, NUMBERS, family, numeric
from baseline_pipeline.errors import DataUnreadable
from baseline_pipeline.expression import length_of
from baseline_pipeline.figures import counted
from baseline_pipeline.records import Digest, Record, canonical_json
from baseline_pipeline.summaries.arrays import integers
from baseline_pipeline.summaries.column import NumberSummary
from baseline_pipeline.summaries.engine import column_summaries, sharpened
from baseline_pipeline.summaries.grid import Grid
from baseline_pipeline.summaries.outcome import summarise_outcomes
from baseline_pipeline.summaries.outcome_plan import OutcomePlan

if TYPE_CHECKING:
    import pyarrow as pa

    from baseline_pipeline.summaries.column import Summary
    from baseline_pipeline.summaries.engine import Engine
    from baseline_pipeline.summaries.outcome import OutcomeSummary

KEYS = frozenset({"y", "h", "bin", "n"})


class DataPlan(Record):
    """What is counted of a data set; only summaries under one plan are compared.

    Attributes:
        numbers: Columns of numbers, and their cells.
        categories: Columns of categories.
        absent: Columns that the contract names and the baseline does not have.
        outcomes: What is counted of labels, predictions and scores.
    """

    numbers: dict[str, Grid]
    categories: tuple[str, ...]
    absent: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    """Columns of free text and the like, which are not counted: a summary would hold nearly every value."""
    blurred: tuple[str, ...] = ()
    """Columns of whole numbers that doubles cannot tell apart, which are not counted either."""
    kinds: dict[str, str] = Field(default_factory=dict)
    """What kind of values categories are."""
    outcomes: OutcomePlan


@dataclass(frozen=True)
class DataSummary:
    """A data set, counted.

    Attributes:
        plan: What was counted.
        columns: By name.
        outcomes: Labels, predictions and scores.
        silent: Columns of the plan that could not be counted, and why.
    """

    plan: DataPlan
    columns: Mapping[str, Summary]
    outcomes: OutcomeSummary
    silent: Mapping[str, str]

    @property
    def rows(self) -> int:
        """All rows."""
        return self.outcomes.rows + self.outcomes.unlabelled

    def digest(self) -> Digest:
        """SHA-256 of the plan and of everything counted; sums follow from the same rows, but for their last bits."""
        found = hashlib.sha256(canonical_json(self.plan.body()))
        for name, one in sorted(self.columns.items()):
            found.update(name.encode() + b"\0")
            found.update(_counted(one))
        cells = self.outcomes.cells
        for name in cells.column_names:
            if name.startswith("leaf") or name in KEYS:
                found.update(_listed(cells[name].combine_chunks()))
        return found.hexdigest()

    def merged(self, other: DataSummary) -> DataSummary:
        """Both parts together.

        Raises:
            ValueError: under another plan.
        """
        columns = {
            name: one.merged(other.columns[name])  # type: ignore[arg-type]  # one plan, one kind
            for name, one in self.columns.items()
            if name in other.columns
        }
        outcomes = self.outcomes.merged(other.outcomes)
        return DataSummary(self.plan, columns, outcomes, {**self.silent, **other.silent})


def summarise(
    engine: Engine, rows: pa.Table | str, plan: DataPlan, progress: Callable[[str], None] = lambda _: None
) -> DataSummary:
    """Count a data set; every column is read once.

    Args:
        engine: Where to count.
        rows: A table, or Parquet files by path, folder or pattern.
        plan: What to count.
        progress: Told what is being counted.

    Raises:
        DataUnreadable: when the rows lack a column that labels, scores or slices need.
    """
    with engine.named(rows) as relation:
        there = {field.name: field.type for field in engine.schema(relation)}
        _require(plan.outcomes, there)
        silent = {name: "the column is not there" for name in [*plan.numbers, *plan.categories] if name not in there}
        silent |= {name: f"the type moved: it is {there[name]}" for name in _moved(plan, there)}
        wanted: dict[str, Grid | None] = {**plan.numbers, **dict.fromkeys(plan.categories)}
        progress("counting labels, predictions and scores")
        outcomes = summarise_outcomes(engine, rows, relation, plan.outcomes)
        progress(f"counting {counted(len(wanted) - len(silent), 'column')}")
        columns = column_summaries(engine, rows, relation, {n: grid for n, grid in wanted.items() if n not in silent})
    return DataSummary(plan, columns, outcomes, silent)


def summarise_baseline(
    engine: Engine, rows: pa.Table | str, plan: DataPlan, progress: Callable[[str], None] = lambda _: None
) -> DataSummary:
    """Count a data set that others are compared with; its plan has finer grids where those of the given one are coarse.

    Args:
        engine: Where to count.
        rows: A table, or Parquet files by path, folder or pattern.
        plan: What to count.
        progress: Told what is being counted.

    Raises:
        DataUnreadable: as `summarise` does.
    """
    found = summarise(engine, rows, plan, progress)
    with engine.named(rows) as relation:
        finer = sharpened(engine, rows, relation, found.columns)
    if not finer:
        return found
    grids = {name: one.grid for name, one in finer.items() if isinstance(one, NumberSummary)}
    plan = plan.model_copy(update={"numbers": {**plan.numbers, **grids}})
    return DataSummary(plan, {**found.columns, **finer}, found.outcomes, found.silent)


def _require(plan: OutcomePlan, there: Mapping[str, pa.DataType]) -> None:
    """Let only rows through that have what labels, scores and slices are counted from.

    Raises:
        DataUnreadable: with the first column that is absent, or is to be cut at quantiles and holds no numbers.
    """
    absent = [name for name in plan.columns() if name not in there]
    if absent:
        message = f"no column {absent[0]!r}, by which the baseline was counted; columns: {', '.join(there)}"
        raise DataUnreadable(message, next_step="give rows that have it, or take it out of the contract's slices")
    for cut in plan.cuts:
        if length_of(cut.column) is None and not numeric(there[cut.column]):
            message = (
                f"slice column {cut.column!r} is {there[cut.column]}; the baseline's was cut at quantiles of numbers"
            )
            raise DataUnreadable(message, next_step="give rows with numbers there, or slice by its values")


def _moved(plan: DataPlan, there: Mapping[str, pa.DataType]) -> list[str]:
    """Columns that no longer hold what was counted of the baseline: numbers, days and times, or values of a kind."""
    counted_as = {name: _family(grid) for name, grid in plan.numbers.items()} | plan.kinds
    return [name for name, kind in counted_as.items() if name in there and family(there[name]) != kind]


def _family(grid: Grid) -> str:
    return HOURS if grid.clock else DAYS_AND_TIMES if grid.days else NUMBERS


def _listed(column: pa.Array) -> bytes:
    """A column's values in their order."""
    import pyarrow as pa

    if pa.types.is_integer(column.type):
        return integers(column).tobytes()
    encoded = column.dictionary_encode()
    return canonical_json(encoded.dictionary.to_pylist()) + integers(encoded.indices).tobytes()


def _counted(summary: Summary) -> bytes:
    if isinstance(summary, NumberSummary):
        return summary.counts.tobytes() + canonical_json([summary.nulls, summary.infinite, summary.atoms.tolist()])
    return canonical_json([summary.counts, summary.nulls])
