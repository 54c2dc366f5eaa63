"""One window of two models on the same rows, and what it counts for in a plan of looks."""

from __future__ import annotations

import math
from typing import Literal, Self

from pydantic import Field, model_validator

from baseline_pipeline.records import Record
from baseline_pipeline.significance.group_sequential import Step, coin_flips, normal_step, one_coin

Evidence = Literal["rows", "windows", "losses"]
"""What counts as one piece of evidence: a row that is decided otherwise, the rows of a window that are, or any loss."""
MOST_EXACT = 10_000
"""Changed rows of a window beyond which a plan takes their number for normal."""
FINE = 20
"""Parts that a window's standard deviation is counted in where a sum is not of whole rows."""


class PairedWindow(Record):
    """What the present model and its baseline did on the same rows of one window.

    Attributes:
        start: When the window begins, ISO 8601.
        rows: Rows that both were scored on and whose label is known.
        worse: Rows of them on which only the present model errs.
        better: Rows of them on which only the baseline errs.
        harm_sum: Sum over rows of loss(present) - loss(baseline), in the unit of the loss; positive is worse.
        harm_squares: Sum of the squares; where rows move together, of the squared sums of clusters of rows.
    """

    start: str
    rows: int = Field(ge=0)
    worse: int = Field(ge=0)
    better: int = Field(ge=0)
    harm_sum: float
    harm_squares: float = Field(ge=0)

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        if self.worse + self.better > self.rows:
            message = f"{self.worse} worse and {self.better} better rows stood here, of {self.rows}"
            raise ValueError(message)
        return self


def unit_of(window: PairedWindow, evidence: Evidence) -> float | None:
    """What a plan's sum is counted in, from the first window that has something to count."""
    if evidence == "losses":
        return math.sqrt(window.harm_squares) / FINE or None
    changed = window.worse + window.better
    if not changed:
        return None
    if evidence == "windows":
        return max(math.sqrt(changed) / FINE, 1.0)
    return math.sqrt(changed) / FINE if changed > MOST_EXACT else 0.0


def step_of(window: PairedWindow, evidence: Evidence, unit: float | None) -> tuple[int, Step]:
    """How a plan's sum moved, and how it may where nothing is worse."""
    changed, excess = window.worse + window.better, window.worse - window.better
    if unit is None:
        return 0, normal_step(0.0)
    if evidence == "losses":
        return round(window.harm_sum / unit), normal_step(math.sqrt(window.harm_squares) / unit)
    if evidence == "windows":
        moved = round(excess / unit)
        return moved, one_coin(moved)
    if unit == 0:
        return window.worse, coin_flips(changed)
    return round(excess / unit), normal_step(math.sqrt(changed) / unit)
