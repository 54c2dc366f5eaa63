"""A metric over windows of time: the calm band, known events shaded, alarms marked."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from baseline_pipeline.figures import counted
from baseline_pipeline.report.svg import Axis, axis_over, element

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from markupsafe import Markup

HEIGHT = 190


def timeline(
    starts: Sequence[str],
    values: Sequence[float | None],
    band: tuple[Sequence[float | None], Sequence[float | None]],
    *,
    events: Sequence[tuple[str, str, str]],
    marks: Sequence[tuple[str, str, str]],
    calm: tuple[str, str] | None = None,
    name: str = "",
) -> Markup:
    """One metric over time.

    Args:
        starts: w starts of windows, ISO.
        values: w values; `None` breaks the line.
        band: Lower and upper ends of what is within the limits, w each.
        events: First and last day, and what it was; shaded.
        marks: Instant, tier, and words of each alarm; a triangle at the top.
        calm: The times that calm was learned from, underlined.
        name: For those who cannot see it.
    """
    instants = [_days(one) for one in starts]
    across = Axis(instants[0], max(instants[-1], instants[0] + 1.0), 6.0, 99.0)
    known = [one for one in values if one is not None]
    inside = [one for side in band for one in side if one is not None]
    up = axis_over([*known, *_within(inside, known)], 82.0, 14.0)
    parts = [
        *_events(across, events),
        *_frame(up, across, starts),
        *_band(up, across, instants, band),
        *_line(up, across, instants, values),
        *_marks(across, marks),
    ]
    if calm is not None:
        ends = {"x1": across.percent(_days(calm[0])), "x2": across.percent(_days(calm[1]))}
        parts.append(element("line", **ends, y1="83.5%", y2="83.5%", class_="calm"))
    said = f"{name} over {counted(len(starts), 'window')}, {len(marks)} alarms, {len(events)} known events"
    return element("svg", *parts, class_="timeline", width="100%", height=HEIGHT, role="img", aria_label=said)


def _days(instant: str) -> float:
    return float(np.datetime64(instant, "m").astype(np.int64)) / 1440


def _within(band: list[float], known: list[float]) -> list[float]:
    """The band's ends, as far as they do not squeeze the line flat."""
    if not known:
        return band
    room = (max(known) - min(known)) or 1.0
    return [one for one in band if min(known) - room <= one <= max(known) + room]


def _frame(up: Axis, across: Axis, starts: Sequence[str]) -> Iterator[Markup]:
    for value, text in up.ticks(4):
        at = up.percent(value)
        yield element("line", x1="6%", x2="99%", y1=at, y2=at, class_="grid")
        yield element("text", text, x="5.4%", y=at, dy=4, text_anchor="end", class_="tick")
    ticks = np.linspace(0, len(starts) - 1, min(len(starts), 9)).round().astype(int)
    chosen = sorted(set(ticks.tolist()))
    for number, tick in enumerate(chosen):
        style = "tick" if number in (0, len(chosen) // 2, len(chosen) - 1) else "tick between"  # hidden where narrow
        anchor = "start" if number == 0 else "middle" if tick < len(starts) - 1 else "end"
        place = across.percent(_days(starts[tick]))
        yield element("text", starts[tick][:10], x=place, y="97%", text_anchor=anchor, class_=style)


def _events(across: Axis, events: Sequence[tuple[str, str, str]]) -> Iterator[Markup]:
    for first, last, what in events:
        low, high = _days(first), _days(last) + 1
        if high < across.low or low > across.high:
            continue
        left, right = (float(across.percent(one).rstrip("%")) for one in (low, high))
        title = element("title", f"{first} to {last}: {what}")
        width = f"{max(right - left, 0.25):.2f}%"
        yield element("rect", title, x=f"{left:.2f}%", width=width, y="12%", height="71%", class_="event")


def _band(
    up: Axis, across: Axis, instants: list[float], band: tuple[Sequence[float | None], Sequence[float | None]]
) -> Iterator[Markup]:
    for side in band:
        yield from _segments(up, across, instants, side, "limit")


def _line(up: Axis, across: Axis, instants: list[float], values: Sequence[float | None]) -> Iterator[Markup]:
    yield from _segments(up, across, instants, values, "path candidate")


def _segments(
    up: Axis, across: Axis, instants: list[float], values: Sequence[float | None], style: str
) -> Iterator[Markup]:
    before: tuple[float, float] | None = None
    for instant, value in zip(instants, values, strict=True):
        if value is None or not math.isfinite(value) or (style == "limit" and not up.holds(value)):
            before = None
            continue
        if before is not None:
            ends = {"x1": across.percent(before[0]), "x2": across.percent(instant)}
            yield element("line", **ends, y1=up.percent(before[1]), y2=up.percent(value), class_=style)
        before = (instant, value)


def _marks(across: Axis, marks: Sequence[tuple[str, str, str]]) -> Iterator[Markup]:
    for instant, tier, words in marks:
        drawn = element("path", element("title", f"{instant}: {words}"), d="M-5 -5L5 -5L0 4Z")
        yield element(
            "svg", drawn, x=across.percent(_days(instant)), y="7%", overflow="visible", class_=f"alarm {tier}"
        )
