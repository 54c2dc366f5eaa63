"""What is watched over time: one number a window, for each metric, slice and feature."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

Array = np.ndarray[Any, Any]

Family = Literal["performance", "outputs", "inputs", "traffic"]
"""Performance needs labels; outputs are scores and predictions; inputs are features; traffic is volume, failures and
latency."""

Harm = Literal["up", "down", "either"]
VOLUME = "rows"
"""The stream of how many rows a window has, as a logarithm."""


@dataclass(frozen=True)
class Stream:
    """One trajectory.

    Attributes:
        name: Metric, or what is measured of a feature: `missing[precip]`.
        slice: The rows it is measured on.
        family: What it needs and what it speaks of.
        harm: Which way is worse.
        weight: Business weight of its metric, for the order in which alarms are shown.
        estimated: Whether labels were guessed; such a stream is shown and never alarms.
        share: Whether it is a share of rows, whose chance error follows from the share itself.
    """

    name: str
    slice: str
    family: Family
    harm: Harm = "either"
    weight: float = 1.0
    estimated: bool = False
    share: bool = False

    @property
    def label(self) -> str:
        """As people read it.

        Example:
            >>> Stream("brier", "all", "performance").label, Stream("brier", "origin=LGA", "performance").label
            ('brier', 'brier[origin=LGA]')
        """
        return self.name if self.slice == "all" else f"{self.name}[{self.slice}]"

    def shown(self, value: float) -> float:
        """A value as people read it: rows are watched on a logarithm, and counted for people.

        Example:
            >>> Stream("rows", "all", "traffic").shown(np.log1p(160)), Stream("brier", "all", "performance").shown(0.2)
            (160.0, 0.2)
        """
        return round(float(np.expm1(value)), 6) if self.name == "rows" else value


@dataclass(frozen=True)
class Reading:
    """One stream in one window.

    Attributes:
        value: What was measured.
        error: Its standard error from rows taken as independent; what windows share comes on top.
        rows: How many rows it was measured on.
    """

    value: float
    error: float
    rows: int


@dataclass(frozen=True)
class Readings:
    """Streams over windows.

    Attributes:
        starts: (w,) first instants, `datetime64[s]`, ascending.
        streams: s of them.
        values: (w, s); NaN where a window gave none.
        errors: (w, s) standard errors.
        rows: (w, s) rows.
    """

    starts: Array
    streams: tuple[Stream, ...]
    values: Array
    errors: Array
    rows: Array

    def __len__(self) -> int:
        return len(self.starts)

    def windows(self, chosen: Array) -> Readings:
        """Some of the windows, by mask or position."""
        return Readings(self.starts[chosen], self.streams, self.values[chosen], self.errors[chosen], self.rows[chosen])

    def only(self, wanted: Array) -> Readings:
        """Some of the streams, by mask or position."""
        streams = tuple(np.array(self.streams, dtype=object)[wanted])
        return Readings(self.starts, streams, self.values[:, wanted], self.errors[:, wanted], self.rows[:, wanted])


def readings(starts: Array, measured: Sequence[dict[Stream, Reading]]) -> Readings:
    """Windows side by side; a stream that a window did not have is NaN there.

    Args:
        starts: (w,) first instants of the windows.
        measured: w readings by stream.

    Example:
        >>> one = Stream("brier", "all", "performance")
        >>> readings(np.array(["2013-01-01"], "datetime64[s]"), [{one: Reading(0.1, 0.01, 90)}]).values
        array([[0.1]])
    """
    streams = tuple(dict.fromkeys(stream for window in measured for stream in window))
    at = {stream: number for number, stream in enumerate(streams)}
    values, errors = (np.full((len(measured), len(streams)), np.nan) for _ in range(2))
    rows = np.zeros((len(measured), len(streams)), dtype=np.int64)
    for number, window in enumerate(measured):
        for stream, reading in window.items():
            place = (number, at[stream])
            values[place], errors[place], rows[place] = reading.value, reading.error, reading.rows
    return Readings(np.asarray(starts, "datetime64[s]"), streams, values, errors, rows)
