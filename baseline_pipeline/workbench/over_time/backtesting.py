"""`baseline backtest`: the guardrails on the past, as it would have been known."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from baseline_pipeline import __version__
from baseline_pipeline.backtest.incidents import Incident, read_incidents
from baseline_pipeline.backtest.scoring import (
    Detected,
    Guardrail,
    Point,
    Rate,
    Watched,
    detected,
    excused,
    false_alarms,
    guardrails,
    point,
    recommended,
)
from baseline_pipeline.errors import ContractError, EvidenceUnavailable, UsageError
from baseline_pipeline.monitoring.alarms import Alarm, Rules, alarms, overlaps, text_of
from baseline_pipeline.monitoring.calm import LEAST_WINDOWS
from baseline_pipeline.monitoring.detection import Exceedances, Watch, exceedances, learn
from baseline_pipeline.monitoring.mix import Mix
from baseline_pipeline.monitoring.reading import Reader
from baseline_pipeline.monitoring.windows import Windowing, seconds_of
from baseline_pipeline.records import Digest, Record, digest_of
from baseline_pipeline.trajectories.change_points import change_points
from baseline_pipeline.workbench.iteration.comparing import previous_champion
from baseline_pipeline.workbench.iteration.evaluating import load_evaluation, load_scores
from baseline_pipeline.workbench.over_time.history import DAY, Past, scored_past, zone_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from baseline_pipeline.contract import Contract
    from baseline_pipeline.monitoring.scored_rows import ScoredRows
    from baseline_pipeline.monitoring.streams import Readings
    from baseline_pipeline.workbench.workbench import Workbench

Array = np.ndarray[Any, Any]
FACTORS = (0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.25, 1.5, 2.0, 3.0)
"""By which the limits are moved for the curve of false alarms against delay."""
THIRD = 3


class Trajectory(Record):
    """One stream over the windows, for the timeline."""

    stream: str
    values: tuple[float | None, ...]
    expected: tuple[float | None, ...]
    low: tuple[float | None, ...]
    """Where the limit of sudden changes lies, below..."""
    high: tuple[float | None, ...]
    """...and above."""
    changes: tuple[str, ...]
    """Windows from which on the whole trajectory, looked at in hindsight, runs at another level or slope."""


class Backtest(Record):
    """What the guardrails would have said of the past."""

    model: str
    version: str
    snapshot: Digest
    contract: Digest
    """Digest of the rules it was judged by."""
    first: str
    last: str
    window: str
    step: str
    timezone: str
    reference: tuple[str, str]
    reference_windows: int
    out_of_fold: int
    left_out: int
    rows: int
    streams: int
    accepted_per_month: float
    starts: tuple[str, ...]
    incidents: tuple[Detected, ...]
    alarms: tuple[Alarm, ...]
    false: tuple[str, ...]
    """Keys of the alarms that no known event explains."""
    false_alarms: Rate
    guardrails: tuple[Guardrail, ...]
    curve: tuple[Point, ...]
    recommended: Point | None
    trajectories: tuple[Trajectory, ...]

    @property
    def missed(self) -> list[Detected]:
        """Events that had to be found and were not."""
        return [one for one in self.incidents if one.incident.must_find and not one.found]

    @property
    def within_rate(self) -> bool:
        """Whether the false alarms are compatible with what the contract accepts."""
        return self.false_alarms.low <= self.accepted_per_month


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
    delay = seconds_of(contract.data.label_delay) if contract.data.label_delay else 0
    return Windowing(length, every, delay)


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
    past = past or scored_past(bench, contract)
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
    bench.progress(f"reading {len(starts)} windows of {len(rows)} rows")
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


def calm_windows(
    contract: Contract,
    at: Array,
    learned: Array,
    starts: Array,
    windowing: Windowing,
    known: tuple[Incident, ...],
) -> tuple[tuple[np.datetime64, np.datetime64], Array]:
    """The span that calm is learned from, and which windows: those in it that no known event touches.

    Raises:
        EvidenceUnavailable: with fewer than ten of them.
    """
    rules = contract.monitoring
    if rules.reference is not None:
        low, high = (np.datetime64(day, "s") for day in rules.reference)
        high = high + np.timedelta64(86399, "s")
    elif learned.any():
        inside = at[learned]
        low, high = inside[0], inside[-1]
    else:
        low, high = starts[0], starts[max(len(starts) // THIRD - 1, min(LEAST_WINDOWS, len(starts)) - 1)]
    span = (starts >= low.astype("datetime64[D]")) & (starts <= high)
    watched = Watched(starts, span, known, windowing, 0, (low, high))
    calm = span & ~excused(starts, watched)
    if calm.sum() < LEAST_WINDOWS:
        message = (
            f"{int(calm.sum())} calm windows of {contract.name} between {text_of(low)} and {text_of(high)}; "
            f"{LEAST_WINDOWS} are needed"
        )
        raise EvidenceUnavailable(message, next_step="take shorter windows, or name monitoring.reference: [from, to]")
    return (low, high), calm


def rows_of(at: Array, starts: Array, windowing: Windowing) -> Array:
    """(n,) rows that fall into any of the windows."""
    found = np.zeros(len(at), dtype=bool)
    for start in starts:
        found[windowing.rows_in(at, start)] = True
    return found


def backtest(
    bench: Workbench,
    contract: Contract,
    *,
    first: dt.date | None = None,
    last: dt.date | None = None,
    window: str | None = None,
    step: str | None = None,
) -> Backtest:
    """Judge the past by the contract's guardrails, window by window, with no look ahead.

    Levels, spreads and limits come from the calm times alone. A window's labels count from its end and the
    contract's label delay on; alarms are a fold over windows in their order, so that later rows cannot change
    what was said before.

    Args:
        bench: The project.
        contract: The rules; of any revision.
        first: First day; the first one of the data by default.
        last: Last day.
        window: What a window spans, in place of the contract's.
        step: From one window to the next.

    Raises:
        EvidenceUnavailable: when there is nothing to judge, or too little that is calm.
    """
    rules = contract.monitoring
    past = scored_past(bench, contract)
    events = incidents_of(bench, contract)
    key = digest_of(
        {
            "past": past.key,
            "data": contract.data.model_dump(mode="json"),
            "training": contract.model.training and contract.model.training.model_dump(mode="json"),
            "policy": contract.policy_digest(),
            "rules": rules.model_dump(mode="json"),
            "events": [one.body() for one in events],
            "asked": [str(first), str(last), window, step],
            "engine": __version__,
        }
    )
    body = bench.store.load("backtests", contract.name, key)
    if body is not None:
        bench.progress(f"found: backtest {key[:12]}")
        return Backtest.stored(body)
    found = read_windows(bench, contract, past=past, window=window, step=step)
    starts = found.readings.starts
    low, high = found.span
    shown = _asked(starts, first, last)
    judged = ((starts < low.astype("datetime64[D]")) | (starts > high)) & shown
    watched = Watched(starts, judged, _reached(events, starts[shown]), found.windowing, rules.close_after, found.span)
    inside = {text_of(start) for start in starts[shown]}
    said = [one for one in found.alarms(contract) if one.opened in inside]
    hits = detected(said, watched)
    wrong, rate = false_alarms(said, watched)
    bench.progress("moving the limits")
    curve = tuple(
        point(factor, [one for one in found.alarms(contract, factor) if one.opened in inside], watched)
        for factor in FACTORS
    )
    result = Backtest(
        model=contract.name,
        version=past.version,
        snapshot=past.snapshot,
        contract=contract.policy_digest(),
        first=text_of(starts[shown][0]),
        last=text_of(starts[shown][-1]),
        window=window or rules.window,
        step=step or ((rules.step or rules.window) if window is None else window),
        timezone=rules.timezone,
        reference=(text_of(low), text_of(high)),
        reference_windows=int(found.calm.sum()),
        out_of_fold=int(past.learned.sum()),
        left_out=past.left_out,
        rows=len(found.rows),
        streams=sum(not one.estimated for one in found.watch.readings.streams),
        accepted_per_month=rules.false_alarms_per_month,
        starts=tuple(text_of(start) for start in starts[shown]),
        incidents=hits,
        alarms=tuple(said),
        false=tuple(one.key for one in wrong),
        false_alarms=rate,
        guardrails=guardrails(said, hits, wrong, rate.months),
        curve=curve,
        recommended=recommended(curve, rules.false_alarms_per_month),
        trajectories=_trajectories(contract, found, shown),
    )
    bench.store.save("backtests", contract.name, key, result)
    return result


class BacktestedWindow(Record):
    """One window of a backtest."""

    model: str
    window: str
    rows: bool
    """Whether the backtest has such a window."""
    alarms: tuple[Alarm, ...]
    """Those that opened in it, or opened before and were over their limit in it or later."""
    false: bool
    """Whether an alarm opened in it that no known event explains."""
    incidents: tuple[Detected, ...]


def backtested_windows(bench: Workbench, contract: Contract, instant: np.datetime64) -> list[str]:
    """Names of the windows that can be judged by an instant for good, oldest first.

    They are whole, of the days that the champion was last scored on, and their labels have come. Evaluations know
    UTC days only: of shorter windows, or days of another zone, those of the last day wait for the next one.

    Args:
        bench: The project.
        contract: How time is cut.
        instant: As clocks of the contract's time zone show it.
    """
    key = previous_champion(bench, contract.name)
    if key is None or contract.data.time is None:
        return []
    days = load_scores(bench, load_evaluation(bench, contract.name, key)).day
    if days is None or len(days) == 0:
        return []
    windowing = windowing_of(contract)
    exact = zone_of(contract) == "UTC" and windowing.step >= DAY
    first, last = days.min(), days.max() - np.timedelta64(0 if exact else 1, "D")
    if last < first:
        return []
    ends = np.array([first.astype("datetime64[s]"), last.astype("datetime64[s]") + np.timedelta64(DAY - 1, "s")])
    starts = whole_windows(windowing, ends)
    return [window_name(start, windowing) for start in starts if windowing.known(start) <= instant]


def window_name(start: np.datetime64, windowing: Windowing) -> str:
    """A day, or a day and a time.

    Example:
        >>> start = np.datetime64("2026-01-05T06:00:00")
        >>> window_name(start, Windowing(21600, 21600)), window_name(start, Windowing(86400, 86400))
        ('2026-01-05T06:00', '2026-01-05')
    """
    return text_of(start)[: 16 if windowing.step < DAY else 10]


def backtest_windows(bench: Workbench, contract: Contract, names: Sequence[str]) -> list[BacktestedWindow]:
    """What the guardrails would have said in single windows; the backtest itself is made once and found again.

    Args:
        bench: The project.
        contract: The rules.
        names: As `backtested_windows` gives them.

    Raises:
        UsageError: for one that is no instant.
    """
    whole, windowing = backtest(bench, contract), windowing_of(contract)
    known = set(whole.starts)
    return [_one_window(whole, windowing, known, name) for name in names]


def _one_window(whole: Backtest, windowing: Windowing, known: set[str], name: str) -> BacktestedWindow:
    try:
        start = np.datetime64(name, "s")
    except ValueError as error:
        message = f"window {name!r} stood here; accepted: 2026-01-05, or 2026-01-05T06:00 of shorter windows"
        raise UsageError(message) from error
    text, end = text_of(start), windowing.seen(start)
    return BacktestedWindow(
        model=whole.model,
        window=name,
        rows=text in known,
        alarms=tuple(one for one in whole.alarms if one.opened <= text <= one.last),
        false=any(one.opened == text and one.key in whole.false for one in whole.alarms),
        incidents=tuple(
            one
            for one in whole.incidents
            if np.datetime64(one.incident.first, "s") < end
            and start < np.datetime64(one.incident.last, "s") + np.timedelta64(DAY, "s")
        ),
    )


def _asked(starts: Array, first: dt.date | None, last: dt.date | None) -> Array:
    """Which windows begin on the days asked for.

    Raises:
        UsageError: when none does.
    """
    shown = np.ones(len(starts), dtype=bool)
    if first is not None:
        shown &= starts >= np.datetime64(first, "s")
    if last is not None:
        shown &= starts < np.datetime64(last, "s") + np.timedelta64(1, "D")
    if not shown.any():
        message = f"no window between {first or 'the beginning'} and {last or 'the end'}"
        raise UsageError(message, next_step=f"they reach from {text_of(starts[0])} to {text_of(starts[-1])}")
    return shown


def _reached(events: tuple[Incident, ...], starts: Array) -> tuple[Incident, ...]:
    low, high = starts[0].astype("datetime64[D]"), starts[-1].astype("datetime64[D]")
    return tuple(one for one in events if np.datetime64(one.last) >= low and np.datetime64(one.first) <= high)


def _trajectories(contract: Contract, found: Windows, chosen: Array) -> tuple[Trajectory, ...]:
    """The metrics over all rows, with the band that calm windows stay in."""
    over, watch = found.over, found.watch
    shown = []
    for number, stream in enumerate(over.readings.streams):
        if stream.slice != "all" or stream.family != "performance" or stream.estimated:
            continue
        limit = next(one.sudden for one in watch.limits.values() if number in one.member)
        with np.errstate(divide="ignore", invalid="ignore"):
            width = np.abs((over.readings.values[:, number] - over.expected[:, number]) / over.distance[:, number])
        width = np.where(np.isfinite(width), width, watch.calm.spread[number])
        reach = limit * watch.calm.tail[number] * width
        changes = change_points(over.readings.values[:, number])
        shown.append(
            Trajectory(
                stream=stream.label,
                changes=tuple(text_of(over.readings.starts[change]) for change in changes),
                values=_numbers(over.readings.values[chosen, number]),
                expected=_numbers(over.expected[chosen, number]),
                low=_numbers(np.where(stream.harm == "up", np.nan, over.expected[:, number] - reach)[chosen]),
                high=_numbers(np.where(stream.harm == "down", np.nan, over.expected[:, number] + reach)[chosen]),
            )
        )
    order = [rule.measured.name for rule in contract.metrics]
    return tuple(sorted(shown, key=lambda one: order.index(one.stream) if one.stream in order else len(order)))


def _numbers(values: Array) -> tuple[float | None, ...]:
    return tuple(float(value) if np.isfinite(value) else None for value in values)


def incidents_of(bench: Workbench, contract: Contract) -> tuple[Incident, ...]:
    """The known events that the contract names; none where it names no file.

    Raises:
        ContractError: when the file is absent or not understood.
    """
    if contract.incidents is None:
        return ()
    path = bench.settings.assets / contract.name / contract.incidents
    if not path.is_file():
        message = f"assets/{contract.name}/defs.yaml: incidents {contract.incidents!r} is not there"
        raise ContractError(message, next_step=f"write {path.name} beside the contract, or take the word out")
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        message = f"assets/{contract.name}/{path.name} is no UTF-8 text: {error}"
        raise ContractError(message, next_step="save it as UTF-8") from error
    return read_incidents(f"{contract.name}/{path.name}", text)
