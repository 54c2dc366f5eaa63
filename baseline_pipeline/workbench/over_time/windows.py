"""The past cut into windows, and held against calm ones."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from baseline_pipeline.errors import EvidenceUnavailable, UsageError
from baseline_pipeline.figures import counted
from baseline_pipeline.monitoring.alarms import Alarm, alarms, overlaps, text_of
from baseline_pipeline.monitoring.detection import Exceedances, Watch, exceedances, learn
from baseline_pipeline.monitoring.grouping import Rules
from baseline_pipeline.monitoring.mix import Mix
from baseline_pipeline.monitoring.reading import Reader
from baseline_pipeline.monitoring.windows import Windowing, seconds_of
from baseline_pipeline.records import digest_of
from baseline_pipeline.workbench.over_time.calm_windows import calm_windows, incidents_of
from baseline_pipeline.workbench.over_time.clocks import zone_of
from baseline_pipeline.workbench.over_time.history import Past, scored_past

if TYPE_CHECKING:
    from baseline_pipeline.contract import Contract
    from baseline_pipeline.monitoring.scored_rows import ScoredRows
    from baseline_pipeline.monitoring.streams import Readings
    from baseline_pipeline.workbench.workbench import Workbench

Array = np.ndarray[Any, Any]
MINUTE = 60


@dataclass(frozen=True)
class Windows:
    """The past, read and judged.

    Attributes:
        past: Where the rows come from.
        rows: All rows, ascending in time.
        windowing: How time is cut.
        readings: All windows.
        calm: (w,) those that calm was learned from.
        span: First and last start of the times that calm was learned from.
        watch: What was learned.
        over: All windows against it.
        reader: What read them.
        mix: Tells a change of mix from a change of rows.
    """

    past: Past | None
    rows: ScoredRows
    windowing: Windowing
    readings: Readings
    calm: Array
    span: tuple[np.datetime64, np.datetime64]
    watch: Watch
    over: Exceedances
    reader: Reader
    mix: Mix

    def alarms(self, contract: Contract, factor: float = 1.0, until: np.datetime64 | None = None) -> list[Alarm]:
        """Alarms with the limits moved by a factor; those that could be known by an instant."""
        over = replace(self.over, sudden=self.over.sudden / factor, slow=self.over.slow / factor)
        if until is not None:
            over = _without_labels(over, self.windowing, until)
        confirm, within = contract.monitoring.confirm
        rules = Rules(confirm, within, contract.monitoring.close_after)
        overlap = overlaps(self.reader.calm_parts)
        found = alarms(contract, self.watch, over, self.windowing, overlap=overlap, rules=rules, mix=self.mix)
        return [one for one in found if until is None or np.datetime64(one.known) <= until]


def _without_labels(over: Exceedances, windowing: Windowing, until: np.datetime64) -> Exceedances:
    """The same without performance in windows whose labels had not all come by an instant."""
    late = np.array([bool(windowing.known(start) > until) for start in over.readings.starts])
    labels = np.array([stream.family == "performance" for stream in over.readings.streams])
    gone = late[:, None] & labels
    return replace(over, sudden=np.where(gone, np.nan, over.sudden), slow=np.where(gone, np.nan, over.slow))


def windowing_of(contract: Contract, window: str | None = None, step: str | None = None) -> Windowing:
    """How the contract, or somebody who asks for other windows, cuts time."""
    rules = contract.monitoring
    length = seconds_of(window or rules.window)
    every = seconds_of(step or (rules.step or rules.window if window is None else window))
    if every > length:
        message = f"a step of {every} s leaves gaps between windows of {length} s"
        raise UsageError(message, next_step="make the step no longer than the window")
    if length % MINUTE or every % MINUTE:
        message = f"windows of {length} s, one every {every} s; accepted: whole minutes"
        raise UsageError(message, next_step="windows are named by the minute they begin in: take 1m or more")
    delay = seconds_of(contract.data.label_delay) if contract.data.label_delay else 0
    zone = rules.timezone if zone_of(contract, window) == "UTC" else "UTC"
    return Windowing(length, every, delay, zone)


def read_windows(
    bench: Workbench,
    contract: Contract,
    *,
    past: Past | None = None,
    window: str | None = None,
    step: str | None = None,
) -> Windows:
    """Score the past, cut it into windows, learn calm, and hold every window against it.

    Raises:
        EvidenceUnavailable: when there are too few calm windows.
    """
    past = past or scored_past(bench, contract, window=window)
    windowing = windowing_of(contract, window, step)
    starts = whole_windows(windowing, past.rows.at)
    if len(starts) == 0:
        message = f"the rows of {contract.name} fill no window of {window or contract.monitoring.window}"
        raise EvidenceUnavailable(message, next_step="take shorter windows")
    return judge_rows(bench, contract, past.rows, past.learned, starts, windowing, past)


def whole_windows(windowing: Windowing, at: Array) -> Array:
    """Starts of the windows that rows, ascending in time, cover from their first day to their last."""
    starts = windowing.starts(at[0], at[-1])
    first, last = at[0].astype("datetime64[D]"), at[-1].astype("datetime64[D]") + np.timedelta64(1, "D")
    kept = [bool(start >= first and windowing.seen(start) <= last) for start in starts]
    return np.asarray(starts[kept])


def judge_rows(
    bench: Workbench,
    contract: Contract,
    rows: ScoredRows,
    learned: Array,
    starts: Array,
    windowing: Windowing,
    past: Past | None = None,
) -> Windows:
    """Learn calm from some windows of scored rows, and hold all windows against it.

    Raises:
        EvidenceUnavailable: when there are too few calm windows.
    """
    known = incidents_of(bench, contract)
    span, calm = calm_windows(contract, rows.at, learned, starts, windowing, known)
    of_calm = rows_of(rows.at, starts[calm], windowing)
    reader = Reader(contract, rows, windowing, of_calm)
    bench.progress(f"reading {counted(len(starts), 'window')} of {len(rows)} rows")
    readings = reader.read(starts)
    bench.progress(f"learning from {int(calm.sum())} calm windows")
    calm_readings = readings.windows(calm)
    watch = learn(
        calm_readings,
        windowing,
        per_month=contract.monitoring.false_alarms_per_month,
        seed=_seed(calm_readings),
    )
    mix = Mix(contract, rows, windowing, of_calm)
    over = exceedances(watch, readings)
    return Windows(past, rows, windowing, readings, calm, span, watch, over, reader, mix)


def _seed(calm: Readings) -> int:
    """From the calm windows alone: what comes later moves no limit."""
    known = [f"{value:.12g}" for value in calm.values.ravel()]
    return int(digest_of([text_of(start) for start in calm.starts] + known)[:8], 16)


def rows_of(at: Array, starts: Array, windowing: Windowing) -> Array:
    """(n,) rows that fall into any of the windows."""
    found = np.zeros(len(at), dtype=bool)
    for start in starts:
        found[windowing.rows_in(at, start)] = True
    return found
