"""Where within a model two runs part: the first stage whose output differs, then scores, then decisions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from baseline_pipeline.figures import counted
from baseline_pipeline.records import Record
from baseline_pipeline.replay.numeric_difference import NumericDifference, numeric_difference

Array = np.ndarray[Any, Any]
MOST_COLUMNS = 10
"""Columns of a stage that are named."""


@dataclass(frozen=True)
class StageOutput:
    """What one stage of a model gave for n rows.

    Attributes:
        name: Of the stage.
        rows: (n,) digests of the rows: equal where rows are.
        columns: (k,) digests of the columns.
        values: (m, k) the first m rows as numbers; NaN for texts.
        names: k texts.
    """

    name: str
    rows: Array
    columns: Array
    values: Array
    names: tuple[str, ...]


class ColumnDifference(Record):
    """One column of a stage's output that differs."""

    column: str
    rows: int
    """Rows that differ, of those whose values were kept; none where a text differs."""
    largest_absolute: float


class StageDifference(Record):
    """What differs between two outputs of one stage."""

    stage: str
    difference: NumericDifference
    """Rows that differ are counted among all; sizes are of the rows whose values were kept."""
    measured: int
    """Rows whose values were kept, the first ones."""
    width: tuple[int, int]
    """Columns in either run."""
    columns: tuple[ColumnDifference, ...]
    """The furthest apart first, ten at most."""
    columns_changed: int
    noise: bool = False
    """Whether two runs in one environment differ by as much."""

    def words(self) -> str:
        """The same for people."""
        if self.width[0] != self.width[1]:
            return f"{self.stage}: {counted(self.width[0], 'column')} before, {self.width[1]} now"
        text = f"{self.stage}: {self.difference.words()}"
        if self.difference.identical:
            return text
        named = ", ".join(
            f"{one.column} ({one.rows} rows, up to {one.largest_absolute:.3g})" if one.rows else one.column
            for one in self.columns
        )
        more = self.columns_changed - len(self.columns)
        text += f"; {self.columns_changed} of {self.width[0]} columns: {named}{f' and {more} more' if more else ''}"
        if self.measured < self.difference.rows:
            text += f"; sizes are of the first {self.measured} rows"
        return text


class StagesCompared(Record):
    """A model's stages in two runs over the same rows, in their order, down to scores and decisions."""

    stages: tuple[StageDifference, ...]
    alone: tuple[str, ...]
    """Stages that only one of the runs exposes."""
    scores: NumericDifference
    decisions_changed: int | None
    failure: str = ""
    """Why the stages could not be had."""

    @property
    def first(self) -> StageDifference | None:
        """The first stage that differs by more than two runs in one environment do."""
        return next((one for one in self.stages if not one.difference.identical and not one.noise), None)


def stages_compared(
    before: Sequence[StageOutput],
    after: Sequence[StageOutput],
    scores: NumericDifference,
    decisions_changed: int | None,
    *,
    floor: StagesCompared | None = None,
    failure: str = "",
) -> StagesCompared:
    """Hold the stages of two runs against each other, those of one name in the order of the new run.

    Args:
        before: Stages of the old run.
        after: Stages of the new run.
        scores: What lies between the raw outputs.
        decisions_changed: Rows decided otherwise; `None` where the model decides nothing.
        floor: The old run against itself.
        failure: Why stages could not be had.
    """
    old = {one.name: one for one in before}
    new = {one.name: one for one in after}
    noise = {one.stage: one.difference for one in floor.stages} if floor is not None else {}
    found = []
    for name, output in new.items():
        if name in old:
            one = stage_difference(old[name], output)
            still = noise.get(name)
            size = one.difference.largest_absolute
            usual = still is not None and not still.identical and size <= still.largest_absolute
            found.append(one.model_copy(update={"noise": usual}))
    alone = tuple(name for name in {**old, **new} if (name in old) != (name in new))
    return StagesCompared(
        stages=tuple(found), alone=alone, scores=scores, decisions_changed=decisions_changed, failure=failure
    )


def stage_difference(before: StageOutput, after: StageOutput) -> StageDifference:
    """What differs between two outputs of one stage.

    Raises:
        ValueError: when they are of different rows.

    Example:
        >>> one = StageOutput("scale", np.arange(2), np.arange(2), np.array([[1.0, 2.0], [3.0, 4.0]]), ("a", "b"))
        >>> moved = np.array([[1.0, 2.0], [3.0, 4.5]])
        >>> two = StageOutput("scale", np.array([0, 7]), np.array([0, 9]), moved, ("a", "b"))
        >>> stage_difference(one, two).words()
        'scale: 1 of 2 rows differ, by up to 0.5 (0.11 relative, 5.63e+14 ULP); 1 of 2 columns: b (1 rows, up to 0.5)'
    """
    rows, width = len(after.rows), (len(before.columns), len(after.columns))
    if len(before.rows) != rows:
        message = f"stage {after.name} gave {len(before.rows)} rows, and {rows}"
        raise ValueError(message)
    if width[0] != width[1]:
        nothing = NumericDifference(
            rows=rows, rows_changed=rows, largest_absolute=0.0, largest_relative=0.0, largest_ulp=0
        )
        return StageDifference(
            stage=after.name, difference=nothing, measured=0, width=width, columns=(), columns_changed=max(width)
        )
    sizes = numeric_difference(before.values, after.values)
    moved = np.flatnonzero(before.columns != after.columns)
    columns = sorted((_column(before, after, int(place)) for place in moved), key=lambda one: -one.largest_absolute)
    changed = int((before.rows != after.rows).sum())
    return StageDifference(
        stage=after.name,
        difference=sizes.model_copy(update={"rows": rows, "rows_changed": changed}),
        measured=len(after.values),
        width=width,
        columns=tuple(columns[:MOST_COLUMNS]),
        columns_changed=len(moved),
    )


def _column(before: StageOutput, after: StageOutput, place: int) -> ColumnDifference:
    found = numeric_difference(before.values[:, place], after.values[:, place])
    return ColumnDifference(column=after.names[place], rows=found.rows_changed, largest_absolute=found.largest_absolute)
