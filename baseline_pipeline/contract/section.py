"""What all sections of a contract share: strictness and the words they are made of."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from baseline_pipeline.contract.cron import understood

Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]
"""A name that may become a folder, an asset key or an alias."""

Text = Annotated[str, StringConstraints(min_length=1, max_length=2000, strip_whitespace=True)]
ColumnName = Annotated[str, StringConstraints(min_length=1, max_length=256)]
RelativePath = Annotated[str, StringConstraints(min_length=1, max_length=1024)]
CallableRef = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z_][\w.]*:[A-Za-z_]\w*$"), Field(examples=["package.module:function"])
]
"""`package.module:function`."""

Duration = Annotated[
    str, StringConstraints(pattern=r"^\d+(s|m|h|d|w)$"), Field(examples=["90s", "15m", "6h", "1d", "2w"])
]
"""A whole number with a unit: `90s`, `15m`, `6h`, `1d`, `2w`."""

Lasting = Annotated[
    str, StringConstraints(pattern=r"^0*[1-9]\d*(s|m|h|d|w)$"), Field(examples=["90s", "15m", "6h", "1d", "2w"])
]
"""A duration that is not zero."""

CronExpression = Annotated[
    str,
    StringConstraints(pattern=r"^\S+ \S+ \S+ \S+ \S+$"),
    Field(examples=["0 9 1 * *"]),
    AfterValidator(understood),
]
"""Minute, hour, day of month, month and day of week, as POSIX has them."""


def _day(value: object) -> object:
    """The date that a text names, where it is a text.

    Raises:
        ValueError: where it names none.
    """
    if not isinstance(value, str):
        return value
    try:
        return dt.date.fromisoformat(value)
    except ValueError as error:
        message = f"{value!r} stood here; accepted: a date, 2026-03-01"
        raise ValueError(message) from error


Day = Annotated[dt.date, BeforeValidator(_day, json_schema_input_type=str | dt.date)]


class Misplaced(ValueError):
    """Something does not go with the rest of its section, and stands further down.

    Args:
        message: What stood there and what would be accepted.
        place: Where, as words and numbers from the section that refuses it.
    """

    def __init__(self, message: str, place: tuple[str | int, ...]) -> None:
        super().__init__(message)
        self.place = place


def each_once(columns: Sequence[str]) -> None:
    """Refuse columns of which one stands twice.

    Raises:
        ValueError: with the column, and what is accepted.
    """
    for name in columns:
        if columns.count(name) > 1:
            message = f"column {name!r} is listed {columns.count(name)} times; accepted: each column once"
            raise ValueError(message)


class Section(BaseModel):
    """A part of the contract: unknown words, NaN and implicit conversions are refused."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        allow_inf_nan=False,
        strict=True,
        use_attribute_docstrings=True,
        hide_input_in_errors=True,
    )
