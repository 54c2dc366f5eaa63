"""Windows of time: where they begin, what falls into them, and when it was known."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from baseline_pipeline.errors import UsageError

Array = np.ndarray[Any, Any]
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
MONDAY = np.datetime64("1970-01-05", "s")
"""Windows are counted from here, so that weeks begin on Mondays and days at midnight."""

COUNTED_FROM = 1577880000
"""2020-01-01T12:00Z: how far a zone's clocks are ahead there is what they are counted from."""


def seconds_of(duration: str) -> int:
    """A contract's duration in seconds.

    Raises:
        UsageError: when it is none.

    Example:
        >>> seconds_of("90s"), seconds_of("1d"), seconds_of("2w")
        (90, 86400, 1209600)
    """
    number, unit = duration[:-1], duration[-1:]
    if not number.isdigit() or unit not in SECONDS or int(number) == 0:
        message = f"duration {duration!r} stood here; accepted: a whole number with a unit, such as 15m, 6h, 1d, 2w"
        raise UsageError(message)
    return int(number) * SECONDS[unit]


@dataclass(frozen=True)
class Windowing:
    """How time is cut.

    Attributes:
        length: Seconds that a window spans.
        step: Seconds from one window's start to the next.
        label_delay: Seconds after a row's time until its label is known.
        zone: The time zone that seasons follow where windows are cut in UTC; instants that are local already need none.
    """

    length: int
    step: int
    label_delay: int = 0
    zone: str = "UTC"

    @property
    def per_month(self) -> float:
        """Windows in a month of 30.44 days."""
        return 30.44 * 86400 / self.step

    @property
    def period(self) -> int:
        """Windows in a season: a week of days, a day of hours; 0 where there is none to look for."""
        if self.step == SECONDS["d"]:
            return 7
        return SECONDS["d"] // self.step if self.step < SECONDS["d"] and SECONDS["d"] % self.step == 0 else 0

    def phase(self, starts: Array) -> Array:
        """(w,) each window's place in its season, by the clocks of the zone: nine in the morning stays that.

        Clocks count from noon of 1 January 2020, rounded to whole steps.

        Example:
            >>> hours = np.array(["2026-03-28T08:00", "2026-03-29T08:00"], dtype="datetime64[s]")
            >>> Windowing(3600, 3600).phase(hours), Windowing(3600, 3600, zone="Europe/Berlin").phase(hours)
            (array([8, 8]), array([8, 9]))
        """
        seconds = starts.astype("datetime64[s]").astype(np.int64)
        if self.zone != "UTC":
            zone = ZoneInfo(self.zone)
            ahead = np.array([_ahead(zone, int(second)) for second in seconds], dtype=np.int64) - _ahead(
                zone, COUNTED_FROM
            )
            seconds = seconds + np.round(ahead / self.step).astype(np.int64) * self.step
        return np.asarray((seconds // self.step) % max(self.period, 1))

    def starts(self, first: np.datetime64, last: np.datetime64) -> Array:
        """(w,) starts of the windows that begin between two instants, both included.

        Example:
            >>> day = Windowing(86400, 86400)
            >>> day.starts(np.datetime64("2013-05-01T10:00"), np.datetime64("2013-05-03T02:00")).astype("datetime64[D]")
            array(['2013-05-01', '2013-05-02', '2013-05-03'], dtype='datetime64[D]')
        """
        begin = (first.astype("datetime64[s]") - MONDAY).astype(np.int64) // self.step
        end = (last.astype("datetime64[s]") - MONDAY).astype(np.int64) // self.step
        return MONDAY + (np.arange(begin, end + 1) * self.step).astype("timedelta64[s]")

    def rows_in(self, ordered: Array, start: np.datetime64) -> slice:
        """Positions of a window's rows among instants in ascending order."""
        low, high = np.searchsorted(ordered, [start, start + np.timedelta64(self.length, "s")])
        return slice(int(low), int(high))

    def seen(self, start: np.datetime64) -> np.datetime64:
        """When all rows of a window have come."""
        return start + np.timedelta64(self.length, "s")

    def known(self, start: np.datetime64) -> np.datetime64:
        """When all labels of a window have come."""
        return self.seen(start) + np.timedelta64(self.label_delay, "s")


def _ahead(zone: ZoneInfo, second: int) -> int:
    """Seconds that a zone's clocks are ahead of UTC at an instant."""
    return round((dt.datetime.fromtimestamp(second, zone).utcoffset() or dt.timedelta()).total_seconds())
