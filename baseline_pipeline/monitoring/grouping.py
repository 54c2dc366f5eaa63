"""Which windows over their limits are one alarm, when it opens, and when it ends."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from baseline_pipeline.monitoring.detection import Detector, Group, group_of
from baseline_pipeline.monitoring.streams import VOLUME

if TYPE_CHECKING:
    from collections.abc import Callable

    from baseline_pipeline.monitoring.detection import Exceedances
    from baseline_pipeline.monitoring.streams import Stream

Array = np.ndarray[Any, Any]
STAYS: dict[Detector, float] = {"sudden": 0.8, "slow": 0.5}
"""Share of the limit below which a window counts as quiet: an alarm does not flicker at its limit."""
ECHO = 0.5
"""Share of a slice's way from all rows that another slice may at most leave open and still be what moved it there."""
EQUAL = 1e-9


@dataclass
class Open:
    """An alarm while it is folded."""

    group: Group
    detector: Detector
    first: int
    members: set[int]
    last: int
    herald: str = ""
    windows: int = 0
    quiet: int = 0
    peak: dict[int, tuple[float, int]] = field(default_factory=dict)

    def see(self, window: int, harm: Array) -> None:
        """One more window, with the (s,) harm over the limit of all streams in it."""
        values = [(float(harm[stream]), stream) for stream in self.members if harm[stream] > 0]
        for value, stream in values:
            if value > self.peak.get(stream, (0.0, 0))[0]:
                self.peak[stream] = (value, window)
        largest = max((value for value, _ in values), default=0.0)
        if largest > 1:
            self.windows, self.last = self.windows + 1, window
        if any(np.isfinite(harm[stream]) for stream in self.members):  # unread windows tell nothing
            self.quiet = 0 if largest > STAYS[self.detector] else self.quiet + 1


@dataclass(frozen=True)
class Rules:
    """How many windows open an alarm, and how many close it.

    Attributes:
        confirm: Windows over the limit that open an alarm...
        within: ...among so many.
        close_after: Quiet windows that close it.
    """

    confirm: int = 1
    within: int = 1
    close_after: int = 2


def apart(groups: dict[Group, Array], detector: Detector) -> list[Array]:
    """Streams that are never one alarm with those of another part: every group, but that all of what comes drifts."""
    if detector == "sudden":
        return list(groups.values())
    rest = [member for group, member in groups.items() if group[0] != "performance"]
    harm = [member for group, member in groups.items() if group[0] == "performance"]
    return harm + ([np.concatenate(rest)] if rest else [])


def fold(
    detector: Detector,
    ratio: Array,
    member: Array,
    over: Exceedances,
    overlap: Callable[[str, str], bool],
    rules: Rules,
) -> list[tuple[Open, int | None]]:
    """Alarms of some streams, each with the window that closed it; `None` while it is open.

    Args:
        detector: What found them.
        ratio: (w, s) harm over the limit.
        member: (m,) numbers of the streams.
        over: The windows.
        overlap: Whether two slices share rows.
        rules: How alarms open and close.
    """
    finished: list[tuple[Open, int | None]] = []
    going_on: list[Open] = []
    high = np.nan_to_num(ratio, nan=0.0) > 1
    for window, harm in enumerate(ratio):
        lately = high[max(0, window - rules.within + 1) : window + 1]
        confirmed = [
            int(stream) for stream in member if lately[-1, stream] and lately[:, stream].sum() >= rules.confirm
        ]
        going_on += _opened(confirmed, going_on, detector, harm, window, over, overlap)
        for one in going_on:
            one.see(window, harm)
        finished += [(one, window) for one in going_on if one.quiet >= rules.close_after]
        going_on = [one for one in going_on if one.quiet < rules.close_after]
    return finished + [(one, None) for one in going_on]


def _opened(
    confirmed: list[int],
    going_on: list[Open],
    detector: Detector,
    harm: Array,
    window: int,
    over: Exceedances,
    overlap: Callable[[str, str], bool],
) -> list[Open]:
    """Alarms that open in a window; streams of a cause that is there already join its alarm."""
    streams = over.readings.streams
    fresh: list[Open] = []
    for stream in confirmed:
        new = detector == "sudden" and not any(stream in one.members for one in going_on)
        homes = [
            one
            for one in [*going_on, *fresh]
            if any(
                _same(streams[stream], streams[other], detector, overlap, one.first == window)
                or (new and _echo(over, harm, window, stream, other))
                or (new and _echo(over, harm, window, other, stream))
                for other in one.members
            )
        ]
        if not homes:
            homes = [Open(group_of(streams[stream]), detector, window, set(), window, streams[stream].label)]
            fresh.append(homes[0])
        homes[0].members |= {stream}.union(*(one.members for one in homes[1:] if one.first == window))
        fresh = [one for one in fresh if not any(one is other for other in homes[1:])]
    return fresh


def _same(one: Stream, two: Stream, detector: Detector, overlap: Callable[[str, str], bool], together: bool) -> bool:
    """Whether two streams tell of one cause.

    They do when they share rows; of features, when it is the same one or the same first window. What drifts since
    other rows come (distributions of features, scores, volume) is one cause whatever the stream.
    """
    if detector == "slow" and _comes(one) and _comes(two):
        return True
    if group_of(one) != group_of(two):
        return False
    if one.family == "inputs":
        return together or _feature(one.name) == _feature(two.name)
    return overlap(one.slice, two.slice)


def _echo(over: Exceedances, ratio: Array, window: int, broken: int, other: int) -> bool:
    """Whether a slice strays from all rows only since another one moved these, in a window by itself.

    A slice with a share p of the rows that strays by e from all rows has moved them by p e / (1 - p): so far, the other
    way, every slice that stayed as it was is away from them. What is left of its way must be within its limit, and less
    than half of it. Exact for means.

    Args:
        over: The windows.
        ratio: (s,) harm over the limit in this one.
        window: Which.
        broken: The slice that moved all rows.
        other: The slice that strays.
    """
    streams, found = over.readings.streams, over.readings
    name = streams[other].name
    if name != streams[broken].name or "all" in (streams[other].slice, streams[broken].slice):
        return False
    whole = next((number for number, each in enumerate(streams) if each.name == name and each.slice == "all"), None)
    if whole is None or not ratio[other] > 0:
        return False
    away = found.values[window] - over.expected[window]
    share = found.rows[window, broken] / max(found.rows[window, whole], 1)
    moved = share / max(1 - share, EQUAL) * away[broken]
    return bool(abs(away[other] + moved) <= abs(away[other]) * min(ECHO, 1 / ratio[other]))


def stood_still(over: Exceedances, window: int, stream: int) -> bool:
    """Whether a slice strays from all rows since these moved, and by itself is where calm windows have it.

    Exact for means: what is left of its way, once that of all rows is added, is less than half of it. Not asked of all
    rows, nor of a slice whose metric all rows do not have.
    """
    one = over.readings.streams[stream]
    whole = [n for n, each in enumerate(over.readings.streams) if each.name == one.name and each.slice == "all"]
    if one.slice == "all" or not whole:
        return False
    away = over.readings.values[window] - over.expected[window]
    return bool(abs(away[stream] + away[whole[0]]) < ECHO * abs(away[stream]))


def _comes(stream: Stream) -> bool:
    return stream.family == "outputs" or stream.name == VOLUME or stream.name.startswith("drift(")


def _feature(name: str) -> str:
    return name.partition("(")[2]
