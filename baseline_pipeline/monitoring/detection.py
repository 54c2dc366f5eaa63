"""Which windows are unlike the calm ones: suddenly, or by a drift that adds up."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from baseline_pipeline.errors import EvidenceUnavailable
from baseline_pipeline.monitoring.calm import LEAST_WINDOWS, Calm, calm_of, from_the_others, tails
from baseline_pipeline.monitoring.limits import Slow, slow_limit, sudden_limit
from baseline_pipeline.monitoring.streams import Family, Readings, Stream

if TYPE_CHECKING:
    from baseline_pipeline.monitoring.windows import Windowing

Array = np.ndarray[Any, Any]
Detector = Literal["sudden", "slow"]
Group = tuple[Family, Literal["overall", "slices"]]
SHARES: dict[Group, float] = {
    ("performance", "overall"): 0.55,
    ("performance", "slices"): 0.25,
    ("outputs", "overall"): 0.04,
    ("outputs", "slices"): 0.03,
    ("inputs", "overall"): 0.10,
    ("traffic", "overall"): 0.03,
}
"""How the false-alarm rate is shared out; groups that are not watched leave theirs to the others. Most goes to what
harm is measured by; drift alone is an early sign, and costs attention."""
SUDDEN = 0.75
"""Of each share, for sudden changes; the rest for slow ones."""


@dataclass(frozen=True)
class GroupLimits:
    """One group's limits.

    Attributes:
        member: Positions of its streams.
        sudden: What the largest standardised harm of a window must exceed.
        adding: Positions of those that can drift.
        slow: The same for what adds up.
    """

    member: Array
    sudden: float
    adding: Array
    slow: Slow


@dataclass(frozen=True)
class Watch:
    """What was learned from calm windows.

    Attributes:
        streams: Those that are watched, as in the readings learned from.
        calm: Levels and spreads.
        limits: By group.
        rate: Alarms per window that all limits together allow in calm times.
    """

    readings: Readings
    calm: Calm
    limits: dict[Group, GroupLimits]
    rate: float


@dataclass(frozen=True)
class Exceedances:
    """Readings against limits, (w, s) each.

    Attributes:
        readings: The windows; streams in the order of the watch.
        expected: What calm windows show.
        distance: Standardised, positive is up.
        sudden: Harm over the limit of sudden changes; above 1 is an alarm. NaN where there is no reading.
        slow: Harm over the limit of slow changes.
    """

    readings: Readings
    expected: Array
    distance: Array
    sudden: Array
    slow: Array


def learn(found: Readings, windowing: Windowing, *, per_month: float, seed: int = 0) -> Watch:
    """Learn levels, spreads and limits from calm windows.

    Args:
        found: Readings of windows in which nothing is known to have been wrong, in their order.
        windowing: How time is cut.
        per_month: False alarms a month that are accepted, over everything that is watched.
        seed: Of the draws behind the limits of slow changes.

    Raises:
        EvidenceUnavailable: with fewer than ten windows.
    """
    if len(found) < LEAST_WINDOWS:
        message = f"{len(found)} calm windows; {LEAST_WINDOWS} are needed to know how windows differ by themselves"
        raise EvidenceUnavailable(message, next_step="take shorter windows, or a longer reference")
    found = against_the_rest(found)
    kept = found.only(np.isfinite(found.values).sum(axis=0) >= LEAST_WINDOWS)
    calm = calm_of(kept, windowing)
    distance = calm.standardised(kept) * calm.drawn_in()
    raw = calm.harm(from_the_others(calm, kept)) * calm.tail
    harm = raw / tails(raw)[1]
    members = group_members(kept)
    rate = per_month / windowing.per_month
    limits = {}
    for group, member in members.items():
        part = rate * SHARES[group] / sum(SHARES[one] for one in members)
        known = np.where(np.isfinite(harm[:, member]), harm[:, member], -np.inf)
        adding = member[adds_up(kept, member)]
        slow = slow_limit(distance[:, adding], calm.sign[adding], part * (1 - SUDDEN), seed=seed)
        limits[group] = GroupLimits(member, max(sudden_limit(known.max(axis=1), part * SUDDEN), 1e-9), adding, slow)
    return Watch(kept, calm, limits, rate)


def group_members(found: Readings) -> dict[Group, Array]:
    """Positions of the streams that may alarm, by group; groups without streams are left out."""
    members: dict[Group, list[int]] = {}
    for number, stream in enumerate(found.streams):
        if not stream.estimated:
            members.setdefault(group_of(stream), []).append(number)
    return {group: np.array(members[group]) for group in SHARES if group in members}


def group_of(stream: Stream) -> Group:
    """Its family, and whether it is of all rows."""
    return stream.family, "overall" if stream.slice == "all" else "slices"


def adds_up(found: Readings, member: Array) -> Array:
    """(s,) streams that drift: values never seen before appear at once, or not at all."""
    return np.array([not found.streams[number].name.startswith("outside(") for number in member])


def against_the_rest(found: Readings) -> Readings:
    """Slices as their distance from all rows of the same window.

    What moves all rows alike (a storm, a holiday) is the matter of the streams of all rows; here it cancels, and
    what befalls one slice stands out.
    """
    at = {stream.name: number for number, stream in enumerate(found.streams) if stream.slice == "all"}
    whole = np.array(
        [-1 if stream.slice == "all" else at.get(stream.name, -1) for stream in found.streams], dtype=np.int64
    )
    values = found.values - np.where(whole >= 0, found.values[:, whole], 0.0)
    return replace(found, values=values)


def exceedances(watch: Watch, found: Readings) -> Exceedances:
    """Hold windows, in their order and following on one another, against what was learned.

    Streams that the calm windows did not have are left out; one that a window lacks is NaN there.
    """
    found = against_the_rest(found)
    at = {stream: number for number, stream in enumerate(found.streams)}
    place = np.array([at.get(stream, -1) for stream in watch.readings.streams])

    def aligned(values: Array, missing: float) -> Array:
        padded = np.concatenate([values, np.full((len(values), 1), missing)], axis=1)
        return np.asarray(padded[:, place])

    same = Readings(
        found.starts,
        watch.readings.streams,
        aligned(found.values, np.nan),
        aligned(found.errors, np.nan),
        aligned(found.rows.astype(float), 0.0),
    )
    distance = watch.calm.standardised(same)
    harm = watch.calm.harm(distance)
    sudden, slow = np.full(harm.shape, np.nan), np.full(harm.shape, np.nan)
    for limit in watch.limits.values():
        sudden[:, limit.member] = harm[:, limit.member] / limit.sudden
        drifting = distance[:, limit.adding]
        added = limit.slow.harm(drifting) / max(limit.slow.limit, 1e-9)
        slow[:, limit.adding] = np.where(np.isfinite(drifting), added, np.nan)
    return Exceedances(same, watch.calm.expected(found.starts), distance, sudden, slow)
