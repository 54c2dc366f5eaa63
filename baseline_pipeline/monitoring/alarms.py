"""From windows over their limits to alarms: one for each cause, opened, kept and closed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from baseline_pipeline.figures import counted
from baseline_pipeline.monitoring.calm import FARTHEST
from baseline_pipeline.monitoring.detection import Detector, Group, group_members
from baseline_pipeline.monitoring.grouping import Open, Rules, apart, fold, stood_still
from baseline_pipeline.monitoring.tiers import tier_of
from baseline_pipeline.records import Record, digest_of
from baseline_pipeline.verdicts import Tier, worst_tier

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from baseline_pipeline.contract import Contract
    from baseline_pipeline.monitoring.detection import Exceedances, Watch
    from baseline_pipeline.monitoring.mix import Mix
    from baseline_pipeline.monitoring.windows import Windowing

Array = np.ndarray[Any, Any]
SHOWN = 12
"""Signs that an alarm carries, the largest first."""


class Sign(Record):
    """One stream of an alarm, in the window where it stood out most."""

    stream: str
    name: str
    slice: str
    window: str
    value: float
    expected: float
    distance: float | None
    """Standard deviations of calm windows; positive is up. `None` where it is not held against these."""
    ratio: float
    """Harm over the limit."""
    rows: int
    weight: float
    tier: Tier
    still: bool = False
    """Whether a slice by itself is where calm windows have it: it strays from all rows since these moved."""


class Alarm(Record):
    """Something that is not as in calm windows, from its first window to its last."""

    key: str
    family: Literal["performance", "outputs", "inputs", "traffic"]
    detector: Detector
    opened: str
    """Start of the first window."""
    known: str
    """When that could be known: the window had ended and its labels, where needed, had come."""
    last: str
    """Start of the last window over the limit."""
    closed: str | None
    """Start of the window that ended it."""
    windows: int
    """Windows over the limit."""
    tier: Tier
    signs: tuple[Sign, ...]
    mix: str = ""
    """Which slices' changed shares explain it, if they do."""

    @property
    def lead(self) -> Sign:
        """The sign that stands for the others."""
        return self.signs[0]

    def concerns(self, name: str) -> bool:
        """Whether a metric, or what is measured of a feature, is among its signs, over whichever slice."""
        return any(sign.name == name for sign in self.signs)

    def words(self) -> str:
        """What happened, in a line."""
        lead = self.lead
        if lead.distance is None:
            return f"{lead.stream}: {lead.value:.4g}, since {self.opened[:10]}"
        way = "above" if lead.distance > 0 else "below"
        kind = "has drifted" if self.detector == "slow" else "is"
        also = f" and {len(self.signs) - 1} more" if len(self.signs) > 1 else ""
        mix = f"; a change of mix: {self.mix}" if self.mix else ""
        alone = "one window so far" if self.closed is None else "one window only"
        lasts = alone if self.windows == 1 else f"{counted(self.windows, 'window')}"
        of = "" if lead.slice == "all" or self.family == "inputs" else " against all rows"
        far, limit = f"{abs(lead.distance):.1f} spreads {way} calm windows", f"; {lead.ratio:.2f} of the limit"
        if abs(lead.distance) >= FARTHEST:
            far, limit = f"far {way} calm windows", ""
        seen = f"{lead.value:.4g}{of}, expected {lead.expected:.4g}{limit}"
        still = "; by itself as in calm windows, the others moved" if lead.still else ""
        return f"{lead.stream} {kind} {far} ({seen}){also}; {lasts}{still}{mix}"


def alarms(
    contract: Contract,
    watch: Watch,
    over: Exceedances,
    windowing: Windowing,
    *,
    overlap: Callable[[str, str], bool],
    rules: Rules | None = None,
    mix: Mix | None = None,
) -> list[Alarm]:
    """All alarms of windows in their order; a fold, so that more windows never change what was said of earlier ones.

    Sudden and slow changes are told apart, so that a drift that stays does not hide what comes on top of it; so are
    all rows and slices, which are read against all rows. Within these, streams whose rows overlap are one alarm, and
    slices that seem to stray only since another one moved all rows are of that one's; a slice that stands still by
    itself leads only where no other does. When other rows come, features, scores and volume drift one after the other:
    while one of them does, that is one cause.

    Args:
        contract: Margins, for the tiers.
        watch: What was learned from calm windows.
        over: The windows.
        windowing: How time is cut.
        overlap: Whether two slices share rows.
        rules: How alarms open and close.
        mix: Tells whether other rows came more often, rather than rows changed.
    """
    chosen = rules or Rules()
    found: list[Alarm] = []
    for detector, ratio in (("sudden", over.sudden), ("slow", over.slow)):
        for member in apart(group_members(watch.readings), detector):  # type: ignore[arg-type]
            folded = fold(detector, ratio, member, over, overlap, chosen)  # type: ignore[arg-type]
            found += [_finished(contract, watch, over, windowing, one, closed, mix) for one, closed in folded]
    return sorted(found, key=lambda one: (one.known, one.opened, -one.lead.ratio * one.lead.weight, one.key))


def _finished(
    contract: Contract,
    watch: Watch,
    over: Exceedances,
    windowing: Windowing,
    one: Open,
    closed: int | None,
    mix: Mix | None,
) -> Alarm:
    starts = over.readings.starts
    opened = starts[one.first]
    signs = []
    for stream, (ratio, window) in one.peak.items():
        if ratio <= 1:
            continue
        what = over.readings.streams[stream]
        value, expected = float(over.readings.values[window, stream]), float(over.expected[window, stream])
        tier = tier_of(contract, watch, stream, value, expected, float(over.readings.errors[window, stream]), ratio)
        value, expected = what.shown(value), what.shown(expected)
        signs.append(
            Sign(
                stream=what.label,
                name=what.name,
                slice=what.slice,
                window=text_of(starts[window]),
                value=value,
                expected=expected,
                distance=float(over.distance[window, stream]),
                ratio=min(ratio, 1e6),
                rows=int(over.readings.rows[window, stream]),
                weight=what.weight,
                tier=tier,
                still=stood_still(over, window, stream),
            )
        )
    signs.sort(key=lambda sign: (sign.still, -sign.ratio * sign.weight, sign.stream))
    family = one.group[0]
    known = windowing.known(opened) if family == "performance" else windowing.seen(opened)
    return Alarm(
        key=digest_of([contract.name, *one.group, one.detector, text_of(opened), one.herald]),
        family=family,
        detector=one.detector,
        opened=text_of(opened),
        known=text_of(known),
        last=text_of(starts[one.last]),
        closed=None if closed is None else text_of(starts[closed]),
        windows=one.windows,
        tier=worst_tier([sign.tier for sign in signs]),
        signs=tuple(signs[:SHOWN]),
        mix=_mix(mix, one.group, signs),
    )


def _mix(mix: Mix | None, group: Group, signs: list[Sign]) -> str:
    lead = signs[0]
    if mix is None or group not in {("performance", "overall"), ("outputs", "overall")}:
        return ""
    return mix.explains(lead.name, np.datetime64(lead.window, "s"), lead.expected, lead.ratio)


def text_of(instant: np.datetime64) -> str:
    """ISO 8601 to the minute.

    Example:
        >>> text_of(np.datetime64("2013-05-23T00:00:00"))
        '2013-05-23T00:00'
    """
    return str(instant.astype("datetime64[m]"))


def overlaps(parts: Sequence[Any]) -> Callable[[str, str], bool]:
    """Whether two of the slices share a tenth of the smaller one's rows.

    Args:
        parts: Slices with `name` and ascending `rows`.
    """
    rows = {part.name: part.rows for part in parts}
    known: dict[tuple[str, str], bool] = {}

    def overlap(one: str, two: str) -> bool:
        if one == two or "all" in (one, two):
            return True
        pair = (one, two) if one < two else (two, one)
        if pair not in known:
            first, second = rows.get(pair[0], ()), rows.get(pair[1], ())
            shared = len(np.intersect1d(first, second, assume_unique=True))
            known[pair] = shared > 0 and shared >= 0.1 * min(len(first), len(second))
        return known[pair]

    return overlap
