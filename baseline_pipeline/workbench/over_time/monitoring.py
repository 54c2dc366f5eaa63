"""`baseline monitor`: one tick over one model; what a schedule, a sensor and a person call alike."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow.compute as pc

from baseline_pipeline.errors import BaselineError, EvidenceUnavailable, UsageError
from baseline_pipeline.monitoring.alarms import Alarm, Sign, text_of
from baseline_pipeline.monitoring.calm import LEAST_WINDOWS
from baseline_pipeline.monitoring.reading import ALL_ROWS, LEAST_WHOLE, harm_of, watched_metrics
from baseline_pipeline.monitoring.scored_rows import ScoredRows, joined
from baseline_pipeline.monitoring.sequential import PairedWindow, Sequential, follow
from baseline_pipeline.monitoring.streams import Stream
from baseline_pipeline.monitoring.weighting import weighted_performance
from baseline_pipeline.monitoring.windows import Windowing, seconds_of
from baseline_pipeline.records import Record, digest_of
from baseline_pipeline.workbench.over_time.history import scored_past, zone_of
from baseline_pipeline.workbench.over_time.requests import logged_rows
from baseline_pipeline.workbench.over_time.windows import Windows, judge_rows, rows_of, windowing_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from baseline_pipeline.contract import Contract
    from baseline_pipeline.monitoring.streams import Family
    from baseline_pipeline.verdicts import Tier
    from baseline_pipeline.workbench.over_time.history import Past
    from baseline_pipeline.workbench.workbench import Workbench

Array = np.ndarray[Any, Any]
RECENT_DAYS = 7
"""An alarm that ended longer ago than this, before anybody watched, opens no incident any more."""
HALF = 0.5
LATEST_ROWS = 2_000
"""Last rows whose labels are due that are looked at for missing ones."""
ESTIMATED = 7
"""Last windows that performance is estimated for where labels have not come."""
PAIRED_ROWS = 20_000
"""Rows by which a harm that matters shall be found in the paired comparison."""


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


def watch(bench: Workbench, contract: Contract, *, now: str | None = None) -> Watched:
    """Read what has come, hold every finished window against calm ones, and say what is over its limits.

    Args:
        bench: The project.
        contract: The rules.
        now: Pretend that it is this instant, as clocks of the contract's time zone show it: later rows are not seen,
            nor labels that had not come yet.

    Raises:
        EvidenceUnavailable: when nothing can be read, or there are too few calm windows.
    """
    return _watched(bench, contract, now)[0]


def _watched(bench: Workbench, contract: Contract, now: str | None) -> tuple[Watched, Windows]:
    instant = _instant(contract, now)
    windowing = windowing_of(contract)
    rows, learned, past, first_logged = _rows(bench, contract)
    rows, learned = _as_known(rows, learned, instant, windowing)
    starts = windowing.starts(rows.at[0], min(rows.at[-1], instant))
    starts = starts[[bool(windowing.seen(start) <= instant) for start in starts]]
    if len(starts) == 0:
        message = f"no window of {contract.monitoring.window} of {contract.name} has ended by {text_of(instant)}"
        raise EvidenceUnavailable(message, next_step="wait for the first window to end, or take shorter ones")
    found = judge_rows(bench, contract, rows, learned, starts, windowing)
    said = [one for one in found.alarms(contract, until=instant) if np.datetime64(one.opened) > found.span[1]]
    said += _late(contract, rows, found, instant, windowing)
    paired = None
    if first_logged is not None and past is not None:
        paired = _paired(
            contract, rows, past, starts[starts >= first_logged.astype("datetime64[D]")], windowing, instant
        )
        said += _otherwise(contract, paired)
    watched = Watched(
        model=contract.name,
        now=text_of(instant),
        windows=len(starts),
        first=text_of(starts[0]),
        last=text_of(starts[-1]),
        rows=len(rows),
        unlabelled=int((~rows.labelled).sum()),
        reference=(text_of(found.span[0]), text_of(found.span[1])),
        reference_windows=int(found.calm.sum()),
        streams=sum(not one.estimated for one in found.watch.readings.streams),
        latest=_latest(found),
        estimates=tuple(_estimates(contract, found)),
        notes=(*_notes(found), *_silent(contract, rows.at[-1], instant)),
        alarms=tuple(said),
        paired=paired,
    )
    return watched, found


def news(watched: Watched) -> Callable[[Alarm], bool]:
    """Whether an alarm is worth an incident: still open, or ended lately."""
    recent = np.datetime64(watched.now) - np.timedelta64(RECENT_DAYS, "D")
    return lambda alarm: alarm.closed is None or bool(np.datetime64(alarm.closed) >= recent)


def _instant(contract: Contract, now: str | None) -> np.datetime64:
    zone = ZoneInfo(zone_of(contract))
    if now is None:
        return np.datetime64(dt.datetime.now(zone).replace(tzinfo=None), "s")
    try:
        given = dt.datetime.fromisoformat(now)
    except ValueError as error:
        message = f"instant {now!r} stood here; accepted: 2013-06-25 or 2013-06-25T08:00"
        raise UsageError(message) from error
    return np.datetime64(given.astimezone(zone).replace(tzinfo=None) if given.tzinfo else given, "s")


def _rows(bench: Workbench, contract: Contract) -> tuple[ScoredRows, Array, Past | None, np.datetime64 | None]:
    """All rows that are watched, which of them the champion learned from, and when the log begins."""
    past: Past | None = None
    if contract.monitoring.requests is None:
        past = scored_past(bench, contract)
        return past.rows, past.learned, past, None
    try:
        past = scored_past(bench, contract)
    except BaselineError as reason:
        bench.progress(f"the model's own data tell nothing: {reason.message}")
    logged = logged_rows(bench, contract, None if past is None else past.table, () if past is None else past.classes)
    first = logged.at[0]
    if past is None or _covers(contract, first):
        return logged, np.zeros(len(logged), dtype=bool), past, first
    before = np.flatnonzero(past.rows.at < first)
    if len(before) == 0:
        return logged, np.zeros(len(logged), dtype=bool), past, first
    earlier = past.rows.take(before)
    learned = np.concatenate([past.learned[before], np.zeros(len(logged), dtype=bool)])
    return joined(earlier, logged), learned, past, first


def _covers(contract: Contract, first: np.datetime64) -> bool:
    reference = contract.monitoring.reference
    return reference is not None and np.datetime64(reference[0], "s") >= first.astype("datetime64[D]")


def _as_known(
    rows: ScoredRows, learned: Array, instant: np.datetime64, windowing: Windowing
) -> tuple[ScoredRows, Array]:
    """Rows that had come by an instant, with the labels that had."""
    there = np.flatnonzero(rows.at <= instant)
    if len(there) == 0:
        message = f"no row had come by {text_of(instant)}"
        raise EvidenceUnavailable(message, next_step=f"the first one is of {text_of(rows.at[0])}")
    kept = rows.take(there)
    known = kept.at + np.timedelta64(windowing.label_delay, "s") <= instant
    return replace(kept, labelled=kept.labelled & known), learned[there]


def _late(
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
        alarms.append(_overdue(contract, "requests overdue (days)", rows.at[-1], instant, told, "severe"))
    calm_share = rows.labelled[: int(np.searchsorted(rows.at, found.span[1]))].mean() if len(rows) else 0.0
    known = rows.at + np.timedelta64(windowing.label_delay, "s") + grace < instant
    late = np.flatnonzero(known & (rows.at > found.span[1]))[-LATEST_ROWS:]
    if len(late) and calm_share > HALF and rows.labelled[late].mean() < HALF * calm_share:
        missing = float(1 - rows.labelled[late].mean())
        labelled = np.flatnonzero(rows.labelled)
        first = int(labelled[-1]) + 1 if len(labelled) else 0
        since = rows.at[min(first, len(rows) - 1)]
        told = missing, missing / (1 - HALF * float(calm_share))
        alarms.append(_overdue(contract, "labels overdue (share)", since, instant, told, "moderate"))
    return alarms


def _otherwise(contract: Contract, paired: Sequential | None) -> list[Alarm]:
    """That the service does worse than the registered model on the same rows, once that is known for good."""
    if paired is None or paired.alarmed_at is None:
        return []
    since = np.datetime64(paired.alarmed_at, "s")
    told = 0.0 if paired.harm is None else paired.harm, math.log(paired.p_value) / math.log(paired.alpha)
    return [_overdue(contract, "service against registered model", since, since, told, "severe", "performance")]


def _overdue(
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


def _latest(found: Windows) -> tuple[Now, ...]:
    """All-rows streams of outputs, performance and traffic, in the last window that has each."""
    shown = []
    over = found.over
    at = {stream: number for number, stream in enumerate(over.readings.streams)}
    for number, stream in enumerate(found.readings.streams):
        if stream.slice != "all" or stream.family == "inputs" or stream.estimated:
            continue
        values = found.readings.values[:, number]
        known = np.flatnonzero(np.isfinite(values))
        if len(known) == 0:
            continue
        place, window = at.get(stream), int(known[-1])
        shown.append(
            Now(
                stream=stream.label,
                value=stream.shown(float(values[window])),
                expected=_number(None if place is None else stream.shown(float(over.expected[window, place]))),
                distance=_number(None if place is None else over.distance[window, place]),
            )
        )
    return tuple(shown)


def _estimates(contract: Contract, found: Windows) -> Iterator[Estimate]:
    """Both estimates of every metric in the last windows whose labels have not come."""
    readings, over = found.readings, found.over
    at = {stream: number for number, stream in enumerate(readings.streams)}
    usual = {stream: number for number, stream in enumerate(over.readings.streams)}
    calm = np.flatnonzero(rows_of(found.rows.at, readings.starts[found.calm], found.windowing) & found.rows.labelled)
    for window, now in _unlabelled(found):
        guess = weighted_performance(contract, found.rows, calm, now)
        for metric, weight in watched_metrics(contract, ALL_ROWS):
            stream = Stream(metric.name, ALL_ROWS, "performance", harm_of(metric), weight)
            known, scored = usual.get(stream), at.get(replace(stream, estimated=True))
            weighted = guess.readings.get(metric.name)
            yield Estimate(
                window=text_of(readings.starts[window]),
                stream=stream.label,
                usual=_number(None if known is None else over.expected[window, known]),
                calibrated=_number(None if scored is None else readings.values[window, scored]),
                weighted=None if weighted is None else weighted.value,
                error=None if weighted is None else weighted.error,
                effective_rows=_number(guess.effective_rows),
                why_not="" if weighted else guess.refused or "the weighted rows do not give it",
            )


def _unlabelled(found: Windows) -> Iterator[tuple[int, Array]]:
    """The last windows in which fewer labels have come than a reading takes, with their rows."""
    rows = found.rows
    for window in range(max(0, len(found.readings) - ESTIMATED), len(found.readings)):
        inside = found.windowing.rows_in(rows.at, found.readings.starts[window])
        now = np.arange(inside.start, inside.stop)
        if len(now) >= LEAST_WHOLE > rows.labelled[now].sum():
            yield window, now


def _notes(found: Windows) -> tuple[str, ...]:
    """How the log was read, and what was recorded and is not watched, or only in part."""
    beside, reader = found.rows.recorded, found.reader.recorded
    if beside is None or reader is None:
        return found.rows.notes
    watched = {stream.name for stream in found.watch.readings.streams}
    streams = {
        **{f"stage.{name}": f"log stage {name} p50" for name in beside.stages},
        **{f"importance.{name}": f"importance missing({name})" for name in reader.features},
        **{name: f"drift({name})" for name in beside.representations},
    }
    young = [name for name, stream in streams.items() if stream not in watched]
    few = [f"not watched, since too few calm windows have it ({LEAST_WINDOWS} are needed): {', '.join(young)}"]
    if len(beside.importances) > len(reader.features):
        few.append(f"{len(beside.importances)} importances; the {len(reader.features)} largest are watched")
    return (*found.rows.notes, *beside.notes, *few[0 if young else 1 :])


def _silent(contract: Contract, last: np.datetime64, instant: np.datetime64) -> Iterator[str]:
    """That a model's own data end: without a request log nobody says whether rows are due, and none can be overdue."""
    due = last + np.timedelta64(
        seconds_of(contract.monitoring.window) + seconds_of(contract.monitoring.late_after), "s"
    )
    if contract.monitoring.requests is None and due < instant:
        days = int((instant - last) / np.timedelta64(1, "D"))
        told = f"the last row is of {text_of(last)}, {days} days ago"
        yield f"{told}; overdue rows are an alarm only where monitoring.requests names a log"


def _number(value: float | None) -> float | None:
    return None if value is None or not np.isfinite(value) else float(value)


def _paired(
    contract: Contract, rows: ScoredRows, past: Past, starts: Array, windowing: Windowing, instant: np.datetime64
) -> Sequential | None:
    """The recorded answers against the registered model's, window by window, on rows whose label is known."""
    place = pc.index_in(rows.row_id, value_set=past.rows.row_id)
    known = pc.is_valid(place).to_numpy(zero_copy_only=False) & rows.labelled
    if not known.any() or not contract.classifies:
        return None
    where = pc.fill_null(place, 0).to_numpy(zero_copy_only=False)
    recorded = rows.outcomes.prediction != rows.outcomes.label
    model = past.rows.outcomes.prediction[where] != rows.outcomes.label
    windows = []
    for start in starts:
        if windowing.known(start) > instant:
            break
        inside = windowing.rows_in(rows.at, start)
        mask = known[inside]
        worse = int((recorded[inside] & ~model[inside] & mask).sum())
        better = int((~recorded[inside] & model[inside] & mask).sum())
        windows.append(
            PairedWindow(
                start=text_of(start),
                rows=int(mask.sum()),
                worse=worse,
                better=better,
                harm_sum=float(worse - better),
                harm_squares=float(worse + better),
            )
        )
    if not windows:
        return None
    return follow(
        windows,
        alpha=contract.error_rates.false_alarm,
        horizon=contract.monitoring.horizon,
        expected_rows=PAIRED_ROWS,
        evidence="rows" if contract.data.cluster is None else "windows",
    )
