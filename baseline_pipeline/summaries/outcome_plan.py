"""How labels, predictions and scores of a data set are summed up: columns, classes, leaves and cells."""

from __future__ import annotations

from baseline_pipeline.expression import length_of
from baseline_pipeline.metrics.outcomes import Task
from baseline_pipeline.records import Record
from baseline_pipeline.summaries.grid import Grid

SCORE_BINS = 960
"""Bins of a score, of equal width from 0 to 1, each with its upper end: a multiple of 10, 15, 20 and 30, the numbers of
bins that calibration is read in."""


class Cut(Record):
    """A numeric column cut into parts of like size.

    Attributes:
        column: The column, or `length(column)` of a text.
        parts: How many.
        edges: Where one part ends and the next begins; fewer than parts - 1 only where there are no numbers.
    """

    column: str
    parts: int
    edges: tuple[float, ...]

    @property
    def name(self) -> str:
        """What the column of parts is called."""
        return f"{self.column}/{self.parts}"


class OutcomePlan(Record):
    """What is counted of labels, predictions and scores.

    A leaf is a combination of slice memberships: values of columns, parts of numeric ones, and conditions
    that hold. Every slice of the contract is a sum of leaves.

    Attributes:
        task: What is predicted.
        label: Column of the truth.
        score: Column of the probability of the positive class; `None` where only predictions are there.
        prediction: Column of predictions; `None` where the score and the threshold make them, or the largest of
            several probabilities.
        positive: Text of the positive class; `None` where there is none.
        threshold: Scores from here on are called positive.
        scores: Columns of the probabilities of a multiclass label's classes, if they are there.
        classes: Texts of those classes.
        values: Columns whose values make leaves.
        cuts: Numeric columns whose parts make leaves.
        conditions: Names and texts of conditions that make leaves.
        weight: Column of how much a row counts.
        cluster: Column whose rows of one value move together.
        cluster_blocks: Whether there are so many clusters that they are counted in 256 blocks of them.
        residual: Grid of prediction minus label, of a regression.
        target: Grid of its label.
    """

    task: Task
    label: str
    score: str | None = None
    prediction: str | None = None
    positive: str | None = None
    threshold: float = 0.5
    scores: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    cuts: tuple[Cut, ...] = ()
    conditions: tuple[tuple[str, str], ...] = ()
    weight: str | None = None
    cluster: str | None = None
    cluster_blocks: bool = False
    residual: Grid | None = None
    target: Grid | None = None

    @property
    def leaf_columns(self) -> tuple[str, ...]:
        """What a leaf is made of, in order."""
        return (*self.values, *(cut.name for cut in self.cuts), *(name for name, _ in self.conditions))

    def columns(self) -> list[str]:
        """Columns of the data that are read whatever the conditions say."""
        axes = [length_of(axis) or axis for axis in (*self.values, *(cut.column for cut in self.cuts))]
        named = (self.label, self.score, *self.scores, self.prediction, *axes, self.weight, self.cluster)
        return list(dict.fromkeys(name for name in named if name))
