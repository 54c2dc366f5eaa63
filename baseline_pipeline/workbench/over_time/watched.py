"""What one tick over one model saw."""

from __future__ import annotations

from baseline_pipeline.monitoring.alarms import Alarm
from baseline_pipeline.monitoring.sequential import Sequential
from baseline_pipeline.records import Record


class Now(Record):
    """One stream over all rows in the last window."""

    stream: str
    value: float | None
    expected: float | None
    distance: float | None


class Estimate(Record):
    """A metric over all rows of a window whose labels have not come, guessed in two ways; it never alarms.

    Neither sees concept drift: both take on that what labels depended on in calm times, they depend on now.
    """

    window: str
    stream: str
    usual: float | None
    """What calm windows show."""
    calibrated: float | None
    """What calibrated scores let one expect (CBPE); of binary classification only."""
    weighted: float | None
    """What labelled calm rows show that are weighted to look like those of the window."""
    error: float | None
    """Standard error of the weighted one, the weights taken as known."""
    effective_rows: float | None
    """Calm rows that the weighted ones are worth."""
    why_not: str
    """Why there is no weighted one; empty where there is."""


class Watched(Record):
    """What one tick saw."""

    model: str
    now: str
    windows: int
    first: str
    last: str
    rows: int
    unlabelled: int
    reference: tuple[str, str]
    reference_windows: int
    streams: int
    latest: tuple[Now, ...]
    estimates: tuple[Estimate, ...]
    """Of the last windows without labels, oldest first."""
    notes: tuple[str, ...]
    """How the log was read where people should know, and what of the recorded cannot be watched, or only in part."""
    alarms: tuple[Alarm, ...]
    """All that could be known by now, of windows after those that calm was learned from, oldest first."""
    paired: Sequential | None
    """The service's own answers against the registered model's on the same rows, where there is a request log."""
