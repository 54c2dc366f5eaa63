"""What engines spell differently in the SQL that they share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


def double_quoted(name: str) -> str:
    """A column's name as standard SQL quotes it.

    Example:
        >>> double_quoted('a"b')
        '"a""b"'
    """
    return '"' + name.replace('"', '""') + '"'


def single_quoted(text: str) -> str:
    """A text as standard SQL quotes it.

    Example:
        >>> single_quoted("it's")
        "'it''s'"
    """
    return "'" + text.replace("'", "''") + "'"


@dataclass(frozen=True)
class Dialect:
    """How one engine quotes, and what it calls times.

    Attributes:
        name: Turns a column's name into an identifier.
        literal: Turns a text into a literal.
        time: The type of times without a zone.
        zoned: The type of times with one.
        microseconds: Turns an expression of days or times into its microseconds since 1970 began, in UTC; of hours,
            since midnight.
    """

    name: Callable[[str], str] = double_quoted
    literal: Callable[[str], str] = single_quoted
    time: str = "TIMESTAMP"
    zoned: str = "TIMESTAMPTZ"
    microseconds: Callable[[str], str] = "epoch_us({})".format


STANDARD = Dialect()
