"""Alarms held against known events: what was found, how soon, and how often there was nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from baseline_pipeline.backtest.incidents import Incident
from baseline_pipeline.monitoring.alarms import Alarm
from baseline_pipeline.records import Record
from baseline_pipeline.verdicts import Tier, worst_tier

if TYPE_CHECKING:
    from collections.abc import Sequence

    from baseline_pipeline.monitoring.windows import Windowing

Array = np.ndarray[Any, Any]
DAYS_IN_MONTH = 30.44
CONFIDENCE = 0.95
SOON = 2
"""Days."""


class Detected(Record):
    """What the guardrails made of one known event."""

    incident: Incident
    found: bool
    delay_days: float | None
    """From the beginning of its first day until the first alarm could be known."""
    day: int | None
    """Which day of it the first alarm's window began on, from 1."""
    tier: Tier | None
    """The worst tier reached within it."""
    by: tuple[str, ...]
    """Streams that opened an alarm within it, the earliest first."""
    alarms: tuple[str, ...]
    """Keys of these alarms."""
    already: tuple[str, ...]
    """Streams whose alarm was open before it began; that alone does not count as found."""
    slices_named: bool | None
    """Whether one of its slices was among the signs; `None` where it names none."""
    in_reference: bool
    """Whether it lies in the times that calm was learned from; it was left out of them."""

    @property
    def soon(self) -> bool:
        """Whether a window of its first two days opened an alarm."""
        return self.day is not None and self.day <= SOON


class Rate(Record):
    """Events a month, with the exact 95 % interval of a Poisson count."""

    count: int
    months: float
    per_month: float
    low: float
    high: float


class Guardrail(Record):
    """One metric or measure, over all its slices."""

    name: str
    found: int
    """Known events that it was a sign of."""
    first: int
    """Known events that it was the first to sign."""
    false_alarms: Rate


class Point(Record):
    """All guardrails with their limits moved by one factor."""

    factor: float
    found: int
    of: int
    within_two_days: int
    median_delay_days: float | None
    false_alarms: Rate


@dataclass(frozen=True)
class Watched:
    """What was watched, and what is known of it.

    Attributes:
        starts: (w,) starts of all windows.
        judged: (w,) windows that false alarms are counted on: outside the times that calm was learned from.
        incidents: Known events.
        windowing: How time is cut.
        grace: Windows after an event in which an alarm is still laid to it.
        calm: First and last instant of the times that calm was learned from.
    """

    starts: Array
    judged: Array
    incidents: tuple[Incident, ...]
    windowing: Windowing
    grace: int
    calm: tuple[np.datetime64, np.datetime64]


def poisson_rate(count: int, months: float) -> Rate:
    """A rate with its exact interval.

    Source: Garwood (1936), Fiducial limits for the Poisson distribution, Biometrika 28:437.

    Example:
        >>> rate = poisson_rate(3, 6.0)
        >>> rate.per_month, round(rate.low, 3), round(rate.high, 3)
        (0.5, 0.103, 1.461)
    """
    from scipy.special import chdtri

    if months <= 0:
        return Rate(count=count, months=0.0, per_month=0.0, low=0.0, high=1e6)
    tail = (1 - CONFIDENCE) / 2
    low = 0.0 if count == 0 else float(chdtri(2 * count, 1 - tail)) / 2
    high = float(chdtri(2 * count + 2, tail)) / 2
    return Rate(count=count, months=months, per_month=count / months, low=low / months, high=high / months)


def detected(alarms: Sequence[Alarm], watched: Watched) -> tuple[Detected, ...]:
    """Every known event that the windows reach, and what was opened within it."""
    if len(watched.starts) == 0:
        return ()
    first, last = watched.starts[0].astype("datetime64[D]"), watched.starts[-1].astype("datetime64[D]")
    return tuple(
        _detected(one, alarms, watched)
        for one in watched.incidents
        if np.datetime64(one.last, "D") >= first and np.datetime64(one.first, "D") <= last
    )


def _detected(incident: Incident, alarms: Sequence[Alarm], watched: Watched) -> Detected:
    start, end = _span(incident, watched)
    reach = np.timedelta64(watched.windowing.length, "s")
    inside = [one for one in alarms if start < np.datetime64(one.opened) + reach and np.datetime64(one.opened) < end]
    inside.sort(key=lambda one: (one.known, -one.lead.ratio))
    before = [
        one
        for one in alarms
        if np.datetime64(one.opened) + reach <= start and (one.closed is None or np.datetime64(one.closed) > start)
    ]
    delay, day = None, None
    if inside:
        opened = min(np.datetime64(one.opened) for one in inside)
        day = max(int((opened - start) // np.timedelta64(1, "D")) + 1, 1)
        delay = float((np.datetime64(inside[0].known) - start.astype("datetime64[m]")) / np.timedelta64(1, "D"))
    named: bool | None = None
    if incident.slices:
        named = any(sign.slice in incident.slices for one in inside for sign in one.signs)
    low, high = watched.calm
    return Detected(
        incident=incident,
        found=bool(inside),
        delay_days=delay,
        day=day,
        tier=worst_tier([one.tier for one in inside]) if inside else None,
        by=tuple(dict.fromkeys(one.lead.stream for one in inside)),
        alarms=tuple(one.key for one in inside),
        already=tuple(dict.fromkeys(one.lead.stream for one in before)),
        slices_named=named,
        in_reference=bool(low <= start <= high),
    )


def _span(incident: Incident, watched: Watched) -> tuple[np.datetime64, np.datetime64]:
    """First instant of an event, and the last at which a window may begin that is laid to it."""
    start = np.datetime64(incident.first, "s")
    grace = np.timedelta64(watched.grace * watched.windowing.step, "s")
    return start, np.datetime64(incident.last, "s") + np.timedelta64(1, "D") + grace


def excused(opened: Array, watched: Watched) -> Array:
    """Which windows, by their starts, touch a known event or begin shortly after it."""
    found = np.zeros(len(opened), dtype=bool)
    for incident in watched.incidents:
        start, end = _span(incident, watched)
        found |= (opened + np.timedelta64(watched.windowing.length, "s") > start) & (opened < end)
    return found


def false_alarms(alarms: Sequence[Alarm], watched: Watched) -> tuple[list[Alarm], Rate]:
    """Alarms that no known event explains, and their rate; those that open in one window are one.

    Only windows outside of known events and of the times that calm was learned from count, in alarms and in months.
    """
    starts = watched.starts
    free = watched.judged & ~excused(starts, watched)
    days = float(free.sum() * watched.windowing.step / 86400)
    at = {np.datetime64(start, "m"): bool(one) for start, one in zip(starts, free, strict=True)}
    wrong = [one for one in alarms if at.get(np.datetime64(one.opened, "m"), False)]
    return wrong, poisson_rate(len({one.opened for one in wrong}), days / DAYS_IN_MONTH)


def guardrails(
    alarms: Sequence[Alarm], found: Sequence[Detected], wrong: Sequence[Alarm], months: float
) -> tuple[Guardrail, ...]:
    """What every metric and measure contributed, the most useful first."""
    by_key = {one.key: one for one in alarms}
    names = dict.fromkeys(sign.name for one in alarms for sign in one.signs)
    rows = []
    for name in names:
        hits = [one for one in found if any(by_key[key].concerns(name) for key in one.alarms)]
        firsts = [one for one in hits if by_key[one.alarms[0]].concerns(name)]
        noise = {one.opened for one in wrong if one.concerns(name)}
        rows.append(
            Guardrail(name=name, found=len(hits), first=len(firsts), false_alarms=poisson_rate(len(noise), months))
        )
    return tuple(sorted(rows, key=lambda one: (-one.found, one.false_alarms.count, one.name)))


def point(factor: float, alarms: Sequence[Alarm], watched: Watched) -> Point:
    """How one setting of the limits did."""
    found = [one for one in detected(alarms, watched) if one.incident.must_find]
    delays = [one.delay_days for one in found if one.delay_days is not None]
    return Point(
        factor=factor,
        found=len(delays),
        of=len(found),
        within_two_days=sum(one.soon for one in found),
        median_delay_days=float(np.median(delays)) if delays else None,
        false_alarms=false_alarms(alarms, watched)[1],
    )


def recommended(curve: Sequence[Point], wanted: float) -> Point | None:
    """The tightest limits whose false alarms stay within what is wanted; `None` where none do.

    Among settings that find the same events equally soon, the widest limits are taken: they leave room. Where no
    setting finds any, nothing speaks for wider ones: they stay as near to what they are as the rate allows.
    """
    fit = [one for one in curve if one.false_alarms.per_month <= wanted]
    if not fit:
        return None
    best = max((one.within_two_days, one.found) for one in fit)
    if best == (0, 0):
        return min(fit, key=lambda one: abs(one.factor - 1))
    return max((one for one in fit if (one.within_two_days, one.found) == best), key=lambda one: one.factor)
