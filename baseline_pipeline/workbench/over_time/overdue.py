"""What should have come and has not: requests, or their labels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from baseline_pipeline.monitoring.alarms import Alarm, Sign, text_of
from baseline_pipeline.monitoring.scored_rows import ScoredRows
from baseline_pipeline.monitoring.windows import Windowing, seconds_of
from baseline_pipeline.records import digest_of
from baseline_pipeline.workbench.over_time.windows import Windows

if TYPE_CHECKING:
    from baseline_pipeline.contract import Contract
    from baseline_pipeline.monitoring.streams import Family
    from baseline_pipeline.verdicts import Tier

Array = np.ndarray[Any, Any]
HALF = 0.5
LATEST_ROWS = 2_000
"""Last rows whose labels are due that are looked at for missing ones."""


def late(
    contract: Contract, rows: ScoredRows, found: Windows, instant: np.datetime64, windowing: Windowing
) -> list[Alarm]:
    """Requests, or their labels, that are overdue; only where a request log says that they are expected."""
    if contract.monitoring.requests is None:
        return []
    grace = np.timedelta64(seconds_of(contract.monitoring.late_after), "s")
    alarms = []
    due = windowing.seen(windowing.starts(rows.at[-1], rows.at[-1])[0]) + grace
    if due < instant:
        days, accepted = (float((end - rows.at[-1]) / np.timedelta64(1, "D")) for end in (instant, due))
        told = days, days / accepted
        alarms.append(alarm_without_calm(contract, "requests overdue (days)", rows.at[-1], instant, told, "severe"))
    calm_share = rows.labelled[: int(np.searchsorted(rows.at, found.span[1]))].mean() if len(rows) else 0.0
    known = rows.at + np.timedelta64(windowing.label_delay, "s") + grace < instant
    awaited = np.flatnonzero(known & (rows.at > found.span[1]))[-LATEST_ROWS:]
    if len(awaited) and calm_share > HALF and rows.labelled[awaited].mean() < HALF * calm_share:
        missing = float(1 - rows.labelled[awaited].mean())
        labelled = np.flatnonzero(rows.labelled)
        first = int(labelled[-1]) + 1 if len(labelled) else 0
        since = rows.at[min(first, len(rows) - 1)]
        told = missing, missing / (1 - HALF * float(calm_share))
        alarms.append(alarm_without_calm(contract, "labels overdue (share)", since, instant, told, "moderate"))
    return alarms


def alarm_without_calm(
    contract: Contract,
    name: str,
    since: np.datetime64,
    instant: np.datetime64,
    told: tuple[float, float],
    tier: Tier,
    family: Family = "traffic",
) -> Alarm:
    """An alarm that calm windows have no part in; its value, and that over what is accepted."""
    opened = since.astype("datetime64[D]").astype("datetime64[m]")
    sign = Sign(
        stream=name,
        name=name,
        slice="all",
        window=text_of(opened),
        value=told[0],
        expected=0.0,
        distance=None,
        ratio=told[1],
        rows=0,
        weight=1.0,
        tier=tier,
    )
    return Alarm(
        key=digest_of([contract.name, name, text_of(opened)]),
        family=family,
        detector="sudden",
        opened=text_of(opened),
        known=text_of(instant),
        last=text_of(opened),
        closed=None,
        windows=1,
        tier=tier,
        signs=(sign,),
    )
