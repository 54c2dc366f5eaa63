"""Parts of the data that are judged by themselves."""

from __future__ import annotations

from typing import Self

from pydantic import Field, field_validator, model_validator

from baseline_pipeline.contract.section import ColumnName, Section, Text, each_once
from baseline_pipeline.expression import Expression, length_of

QUARTERS = 4
"""Parts of like size that lengths of texts are cut into, where no `quantiles` says otherwise."""


class SliceSpec(Section):
    """One slice per value of `by` (or per combination), or the rows where `where` holds."""

    by: list[ColumnName] | None = Field(default=None, min_length=1, max_length=4)
    """Columns whose values make the slices; `length(column)` stands for the length of a text, in characters,
    cut at the baseline's quartiles where no `quantiles` says otherwise: a slice for every length would hold no rows."""
    quantiles: int | None = Field(default=None, ge=2, le=20)
    """Cut the (numeric) columns of `by` into so many parts of like size, at quantiles of a comparison's older side."""
    where: Text | None = None
    """A condition over columns: `and`, `or`, `not`, `in`, arithmetic, comparisons, `'word' in text`, `length(text)`.
    Days and times are compared with texts, in UTC where they say no offset: `due < '2026-05-10'`."""
    name: Text | None = None
    """What the `where` slice is called."""
    min_rows: int = Field(default=200, ge=1)
    """Slices with fewer rows are reported, never judged."""

    def parts(self, column: str) -> int | None:
        """How many parts of like size a column of `by` is cut into; `None` where its values make the slices.

        Example:
            >>> spec = SliceSpec(by=["length(comment)", "language"])
            >>> spec.parts("length(comment)"), spec.parts("language")
            (4, None)
        """
        return self.quantiles or (QUARTERS if length_of(column) is not None else None)

    @field_validator("by")
    @classmethod
    def _each_once(cls, by: list[str] | None) -> list[str] | None:
        each_once(by or [])
        return by

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.by is None) == (self.where is None):
            message = "a slice is declared by `by` (columns) or by `where` (a condition), exactly one of them"
            raise ValueError(message)
        if self.quantiles is not None and self.by is None:
            message = "`quantiles` cuts the columns of `by`, and there is no `by`"
            raise ValueError(message)
        if self.name is not None and self.where is None:
            message = "`name` is what a `where` slice is called; those of `by` are called by their values"
            raise ValueError(message)
        if self.where is not None and not self.name:
            message = "a `where` slice needs a `name`"
            raise ValueError(message)
        if self.where is not None:
            Expression.parse(self.where)
        return self
