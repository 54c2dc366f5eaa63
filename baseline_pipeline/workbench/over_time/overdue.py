"""What should have come and has not: requests, or their labels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from baseline_pipeline.monitoring.alarms import Alarm, Sign, text_of
from baseline_pipeline.monitoring.reading import LEAST_WHOLE
from baseline_pipeline.monitoring.scored_rows import ScoredRows
from baseline_pipeline.monitoring.windows import Windowing, seconds_of
from baseline_pipeline.records import digest_of
from baseline_pipeline.workbench.over_time.windows import Windows, rows_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from baseline_pipeline.contract import Contract
    from baseline_pipeline.monitoring.streams import Family
    from baseline_pipeline.verdicts import Tier

Array = np.ndarray[Any, Any]
HALF = 0.5
LATEST_ROWS = 2_000
"""Last rows whose labels are due that are looked at for missing ones."""
PARTLY = 0.9
"""Share of the labels of calm windows below which a window is said to be labelled in part."""
PARTLY_WINDOWS = 30
"""Last windows whose labels are due that are looked at for it."""


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
        after = np.flatnonzero(known & (rows.at > found.span[1]))
        since = rows.at[after[_fell(rows.labelled[after], (float(calm_share) + 1 - missing) / 2)]]
        told = missing, missing / (1 - HALF * float(calm_share))
        alarms.append(alarm_without_calm(contract, "labels overdue (share)", since, instant, told, "moderate"))
    return alarms


def _fell(labelled: Array, between: float) -> int:
    """The row from which on labels are fewer than some share between what came before and what comes now.

    Example:
        >>> _fell(np.array([True, True, False, True, True, False, False, True, False]), 0.6)
        5
    """
    return int(np.argmin(np.cumsum(between - np.concatenate([[between], labelled[:-1]]))))


def partly_labelled(found: Windows, instant: np.datetime64) -> Iterator[str]:
    """That performance is of some rows only: which labels come first may have to do with what they say."""
    rows, cut, starts = found.rows, found.windowing, found.readings.starts
    usual = float(rows.labelled[rows_of(rows.at, starts[found.calm], cut)].mean())
    due = [start for start in starts[starts > found.span[1]] if cut.known(start) <= instant][-PARTLY_WINDOWS:]
    shares = {start: rows.labelled[cut.rows_in(rows.at, start)] for start in due}
    partly = [one for one, came in shares.items() if came.sum() >= LEAST_WHOLE and came.mean() < PARTLY * usual]
    if partly:
        share = np.concatenate([shares[one] for one in partly]).mean()
        told = f"labels have come for {share:.0%} of the rows of {len(partly)} windows since {text_of(partly[0])[:10]}"
        yield f"{told} ({usual:.0%} in calm ones): performance there is of these rows alone"


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
