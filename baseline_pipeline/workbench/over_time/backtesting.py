"""`baseline backtest`: the guardrails on the past, as it would have been known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from baseline_pipeline import __version__
from baseline_pipeline.backtest.incidents import Incident
from baseline_pipeline.backtest.scoring import (
    Detected,
    Guardrail,
    Point,
    Rate,
    Watched,
    detected,
    false_alarms,
    guardrails,
    point,
    recommended,
)
from baseline_pipeline.errors import UsageError
from baseline_pipeline.monitoring.alarms import Alarm, text_of
from baseline_pipeline.records import Digest, Record, digest_of
from baseline_pipeline.trajectories.change_points import change_points
from baseline_pipeline.workbench.over_time.calm_windows import incidents_of
from baseline_pipeline.workbench.over_time.history import scored_past
from baseline_pipeline.workbench.over_time.windows import read_windows

if TYPE_CHECKING:
    import datetime as dt

    from baseline_pipeline.contract import Contract
    from baseline_pipeline.workbench.over_time.history import Past
    from baseline_pipeline.workbench.over_time.windows import Windows
    from baseline_pipeline.workbench.workbench import Workbench

Array = np.ndarray[Any, Any]
FACTORS = (0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.25, 1.5, 2.0, 3.0)
"""By which the limits are moved for the curve of false alarms against delay."""


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
    beyond: tuple[Incident, ...] = ()
    """Known events on days that no window of the data has."""
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
    past = scored_past(bench, contract, window=window)
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
    shown = _asked(found.readings.starts, first, last)
    bench.progress("moving the limits")
    spans = (window or rules.window, step or ((rules.step or rules.window) if window is None else window))
    result = _judged(contract, past, events, found, shown, spans)
    bench.store.save("backtests", contract.name, key, result)
    return result


def _judged(
    contract: Contract,
    past: Past,
    events: tuple[Incident, ...],
    found: Windows,
    shown: Array,
    spans: tuple[str, str],
) -> Backtest:
    """What the windows shown come to, and what they would with limits moved; `spans` are of a window and its step."""
    rules = contract.monitoring
    starts = found.readings.starts
    low, high = found.span
    judged = ((starts < low.astype("datetime64[D]")) | (starts > high)) & shown
    watched = Watched(starts, judged, _reached(events, starts[shown]), found.windowing, rules.close_after, found.span)
    inside = {text_of(start) for start in starts[shown]}
    said = [one for one in found.alarms(contract) if one.opened in inside]
    hits = detected(said, watched)
    wrong, rate = false_alarms(said, watched)
    curve = tuple(
        point(factor, [one for one in found.alarms(contract, factor) if one.opened in inside], watched)
        for factor in FACTORS
    )
    return Backtest(
        model=contract.name,
        version=past.version,
        snapshot=past.snapshot,
        contract=contract.policy_digest(),
        first=text_of(starts[shown][0]),
        last=text_of(starts[shown][-1]),
        window=spans[0],
        step=spans[1],
        timezone=past.zone,
        reference=(text_of(low), text_of(high)),
        reference_windows=int(found.calm.sum()),
        out_of_fold=int(past.learned.sum()),
        left_out=past.left_out,
        rows=len(found.rows),
        streams=sum(not one.estimated for one in found.watch.readings.streams),
        accepted_per_month=rules.false_alarms_per_month,
        starts=tuple(text_of(start) for start in starts[shown]),
        incidents=hits,
        beyond=tuple(one for one in events if one not in _reached(events, starts)),
        alarms=tuple(said),
        false=tuple(one.key for one in wrong),
        false_alarms=rate,
        guardrails=guardrails(said, hits, wrong, rate.months),
        curve=curve,
        recommended=recommended(curve, rules.false_alarms_per_month),
        trajectories=_trajectories(contract, found, shown),
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
