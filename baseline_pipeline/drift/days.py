"""When days and times lay, in words: a distance in standard deviations says little of a calendar."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from baseline_pipeline.summaries.column import NumberSummary

EPOCH = dt.datetime(1970, 1, 1)  # noqa: DTZ001  # of UTC, as all days here are
COARSE = 2.0
"""Days between two medians from which days are told; hours below."""


def later(before: NumberSummary, after: NumberSummary) -> tuple[str, ...]:
    """The medians of two columns of days or times, and how far they lie apart, as one note; none where they agree.

    A median is known to a cell: to a day where all days have cells of their own, else to the middle of its cell.

    Example:
        >>> from baseline_pipeline.summaries.column import NumberSummary
        >>> from baseline_pipeline.summaries.grid import Grid
        >>> grid = Grid(location=20454.0, scale=1.0, whole=True, days=True)
        >>> later(*(NumberSummary.of(grid, np.array([day])) for day in (20454.0, 20485.0)))
        ('median 2026-01-01 -> 2026-02-01 (31.0 days later)',)
        >>> grid = Grid(location=0.25, scale=0.1, days=True, clock=True)
        >>> later(*(NumberSummary.of(grid, np.array([hour / 24])) for hour in (6.0, 7.5)))
        ('median 06:00 -> 07:30 (1.5 hours later)',)
    """
    middles = [_median(side) for side in (before, after)]
    if not np.isfinite(middles).all():
        return ()
    apart = middles[1] - middles[0]
    clock = before.grid.clock
    told = [_told(middle, whole=not clock and (before.grid.whole or abs(apart) >= COARSE)) for middle in middles]
    if clock:
        told = [one.removeprefix(f"{EPOCH.date()} ") for one in told]
    if told[0] == told[1]:
        return ()
    far, unit = (abs(apart), "days") if abs(apart) >= COARSE else (abs(apart) * 24, "hours")
    return (f"median {told[0]} -> {told[1]} ({far:.1f} {unit} {'later' if apart > 0 else 'earlier'})",)


def _median(side: NumberSummary) -> float:
    cumulated = np.cumsum(side.counts)
    if not cumulated[-1]:
        return float("nan")
    cell = int(np.searchsorted(cumulated, cumulated[-1] / 2))
    ends = np.array([side.low, *side.grid.edges(), side.high])
    return float(np.clip(ends[cell : cell + 2], side.low, side.high).mean())


def _told(days: float, *, whole: bool) -> str:
    """A day as ISO 8601 writes it, to the minute if asked; a day beyond the calendar as its number."""
    try:
        at = EPOCH + dt.timedelta(days=days)
    except OverflowError:
        return f"day {days:.0f}"
    return at.date().isoformat() if whole else at.isoformat(" ", "minutes")
