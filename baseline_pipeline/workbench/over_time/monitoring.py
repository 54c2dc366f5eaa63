"""`baseline monitor`: one tick over one model; what a schedule, a sensor and a person call alike."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import numpy as np

from baseline_pipeline.errors import BaselineError, EvidenceUnavailable, UsageError
from baseline_pipeline.monitoring.alarms import Alarm, text_of
from baseline_pipeline.monitoring.calm import LEAST_WINDOWS
from baseline_pipeline.monitoring.scored_rows import ScoredRows, joined
from baseline_pipeline.monitoring.windows import Windowing, seconds_of
from baseline_pipeline.workbench.over_time.against_model import against_model, does_worse
from baseline_pipeline.workbench.over_time.clocks import zone_of
from baseline_pipeline.workbench.over_time.history import scored_past
from baseline_pipeline.workbench.over_time.last_windows import estimates, latest
from baseline_pipeline.workbench.over_time.overdue import late, partly_labelled
from baseline_pipeline.workbench.over_time.requests import logged_rows
from baseline_pipeline.workbench.over_time.watched import Watched
from baseline_pipeline.workbench.over_time.windows import Windows, judge_rows, windowing_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from baseline_pipeline.contract import Contract
    from baseline_pipeline.workbench.over_time.history import Past
    from baseline_pipeline.workbench.workbench import Workbench

Array = np.ndarray[Any, Any]
RECENT_DAYS = 7
"""An alarm that ended longer ago than this, before anybody watched, opens no incident any more."""


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
    return watch_windows(bench, contract, now)[0]


def watch_windows(bench: Workbench, contract: Contract, now: str | None) -> tuple[Watched, Windows]:
    """What one tick saw, and the windows that it looked at; arguments and errors as of `watch`."""
    instant = instant_of(contract, now)
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
    said += late(contract, rows, found, instant, windowing)
    paired = None
    if first_logged is not None and past is not None:
        logged = starts[starts >= first_logged.astype("datetime64[D]")]
        paired = against_model(contract, rows, past, logged, windowing, instant)
        said += does_worse(contract, paired)
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
        latest=latest(found, instant),
        estimates=tuple(estimates(contract, found)),
        notes=(*_notes(found), *partly_labelled(found, instant), *_silent(contract, rows.at[-1], instant)),
        alarms=tuple(said),
        paired=paired,
    )
    return watched, found


def news(watched: Watched) -> Callable[[Alarm], bool]:
    """Whether an alarm is worth an incident: still open, or ended lately."""
    recent = np.datetime64(watched.now) - np.timedelta64(RECENT_DAYS, "D")
    return lambda alarm: alarm.closed is None or bool(np.datetime64(alarm.closed) >= recent)


def instant_of(contract: Contract, now: str | None) -> np.datetime64:
    """Now, or the instant that is pretended, as clocks of the contract's time zone show it."""
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
