"""Incidents injected into the past at random dates: what the guardrails would have found, and how soon."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from baseline_pipeline.backtest.scoring import Watched, excused
from baseline_pipeline.errors import ModelFailed, UsageError
from baseline_pipeline.monitoring.alarms import alarms, overlaps, text_of
from baseline_pipeline.monitoring.detection import exceedances
from baseline_pipeline.monitoring.grouping import Rules
from baseline_pipeline.monitoring.reading import Reader
from baseline_pipeline.monitoring.scored_rows import joined
from baseline_pipeline.monitoring.streams import Readings, readings
from baseline_pipeline.records import Record, digest_of
from baseline_pipeline.scenarios import SCENARIOS, NotApplicable
from baseline_pipeline.significance.clopper_pearson import clopper_pearson
from baseline_pipeline.workbench.inspection.own_scenario import scenario_of
from baseline_pipeline.workbench.over_time.calm_windows import incidents_of
from baseline_pipeline.workbench.over_time.spoilt_rows import about_of, score_spoilt
from baseline_pipeline.workbench.over_time.windows import read_windows

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from baseline_pipeline.contract import Contract
    from baseline_pipeline.scenarios import Scenario
    from baseline_pipeline.workbench.over_time.windows import Windows
    from baseline_pipeline.workbench.workbench import Workbench

Array = np.ndarray[Any, Any]
LENGTH = 3
"""Windows that an injected incident lasts."""
APART = 6
"""Windows between two of them, at least."""


class InjectedKind(Record):
    """One scenario at one dose."""

    scenario: str
    dose: float
    unit: str
    skipped: str
    dates: tuple[str, ...]
    found: int
    share: float | None
    low: float | None
    high: float | None
    median_delay_days: float | None
    by: tuple[str, ...]
    """Streams that led, the most frequent first."""


class Injected(Record):
    """What was found of incidents that never were."""

    model: str
    seed: int
    windows: int
    kinds: tuple[InjectedKind, ...]


def inject_incidents(
    bench: Workbench,
    contract: Contract,
    *,
    count: int,
    names: Sequence[str] | None = None,
    seed: int = 0,
    window: str | None = None,
    step: str | None = None,
) -> Injected:
    """Spoil random stretches of calm windows, score them, and let the guardrails look.

    Args:
        bench: The project.
        contract: The rules, and the scenarios where none are named.
        count: Stretches of three windows for each scenario and dose; as many as fit are taken.
        names: Scenarios.
        seed: Of dates and damage.
        window: What a window spans, in place of the contract's.
        step: From one window to the next.

    Raises:
        UsageError: when there is no calm stretch outside of the reference.
    """
    found = read_windows(bench, contract, window=window, step=step)
    work = _Injecting(bench, contract, found, seed)
    chosen = list(names or []) or [*contract.scenarios] or [*SCENARIOS]
    kinds = []
    for name in chosen:
        scenario = scenario_of(name, bench.settings.project)
        doses = scenario.doses
        for dose in dict.fromkeys((doses[len(doses) // 2], doses[-1])):
            kinds.append(work.kind(name, scenario, dose, count))
            if kinds[-1].skipped:
                break
    return Injected(model=contract.name, seed=seed, windows=LENGTH, kinds=tuple(kinds))


class _Injecting:
    """The windows as they were, and how they are spoilt."""

    def __init__(self, bench: Workbench, contract: Contract, found: Windows, seed: int) -> None:
        self.bench, self.contract, self.found, self.seed = bench, contract, found, seed
        assert found.past is not None  # noqa: S101  # it was read from the model's data
        self.past = found.past
        self.frame: pd.DataFrame = found.past.table.to_pandas()
        self.plain = {one.key for one in found.alarms(contract)}
        self.about = about_of(contract)

    def kind(self, name: str, scenario: Scenario, dose: float, count: int) -> InjectedKind:
        """One scenario at one dose, at random dates."""
        rng = np.random.default_rng([self.seed, int(digest_of([name, dose])[:8], 16)])
        places = self._places(rng, count)
        self.bench.progress(f"injecting {name} {dose:g} at {len(places)} dates")
        starts = self.found.readings.starts
        dates = tuple(text_of(starts[place]) for place in places)
        blank = {"scenario": name, "dose": dose, "unit": scenario.unit, "dates": dates}
        try:
            spoilt = [self._spoilt(scenario, dose, place, rng) for place in places]
        except NotApplicable as reason:
            nothing = {"found": 0, "share": None, "low": None, "high": None, "median_delay_days": None, "by": ()}
            return InjectedKind(**blank, skipped=str(reason), **nothing)
        delays, leads = self._delays(places, spoilt)
        low, high = clopper_pearson(len(delays), len(places))
        return InjectedKind(
            **blank,
            skipped="",
            found=len(delays),
            share=len(delays) / len(places),
            low=low,
            high=high,
            median_delay_days=float(np.median(delays)) if delays else None,
            by=tuple(sorted(set(leads), key=lambda one: (-leads.count(one), one))[:3]),
        )

    def _places(self, rng: np.random.Generator, count: int) -> list[int]:
        """Windows where stretches begin: outside of the reference and of known events, apart from each other."""
        starts, (low, high) = self.found.readings.starts, self.found.span
        watched_events = incidents_of(self.bench, self.contract)
        free = ((starts < low.astype("datetime64[D]")) | (starts > high)) & ~excused(
            starts,
            Watched(starts, np.ones(len(starts), dtype=bool), watched_events, self.found.windowing, 2, (low, high)),
        )
        whole = [number for number in range(len(starts) - LENGTH) if free[number : number + LENGTH].all()]
        taken: list[int] = []
        for number in rng.permutation(whole).tolist():
            if len(taken) < count and all(abs(number - one) >= LENGTH + APART for one in taken):
                taken.append(number)
        if not taken:
            message = f"no {LENGTH} calm windows outside of the reference and of known events"
            raise UsageError(message, next_step="bring a longer past, or name a shorter monitoring.reference")
        return sorted(taken)

    def _spoilt(self, scenario: Scenario, dose: float, place: int, rng: np.random.Generator) -> pd.DataFrame:
        windowing, starts = self.found.windowing, self.found.readings.starts
        first = windowing.rows_in(self.past.rows.at, starts[place]).start
        last = windowing.rows_in(self.past.rows.at, starts[place + LENGTH - 1]).stop
        whole = self.frame.iloc[first:last]
        known = whole[self.past.rows.labelled[first:last]].reset_index(drop=True)
        return scenario.spoil(known, self.about, dose, rng)

    def _delays(self, places: list[int], spoilt: list[pd.DataFrame]) -> tuple[list[float], list[str]]:
        """Days until each stretch was found, where it was, and what led."""
        starts, windowing = self.found.readings.starts, self.found.windowing
        try:
            changed = self._read(places, spoilt)
        except ModelFailed:
            return [0.0] * len(places), ["the model fails"] * len(places)
        over = exceedances(self.found.watch, changed)
        confirm, within = self.contract.monitoring.confirm
        said = alarms(
            self.contract,
            self.found.watch,
            over,
            windowing,
            overlap=overlaps(self.found.reader.calm_parts),
            rules=Rules(confirm, within, self.contract.monitoring.close_after),
        )
        delays, leads = [], []
        for place in places:
            start, end = starts[place], starts[min(place + LENGTH, len(starts) - 1)]
            fresh = [one for one in said if one.key not in self.plain and start <= np.datetime64(one.opened) <= end]
            if fresh:
                first = min(fresh, key=lambda one: (one.known, -one.lead.ratio))
                delays.append(
                    float((np.datetime64(first.known) - start.astype("datetime64[m]")) / np.timedelta64(1, "D"))
                )
                leads.append(first.lead.name)
        return delays, leads

    def _read(self, places: list[int], spoilt: list[pd.DataFrame]) -> Readings:
        """All windows, those of the stretches read anew."""
        past, contract = self.past, self.contract
        import pandas as pd

        fresh = score_spoilt(self.bench, contract, past, pd.concat(spoilt, ignore_index=True))
        calm = np.zeros(len(past.rows), dtype=bool)
        for start in self.found.readings.starts[self.found.calm]:
            calm[self.found.windowing.rows_in(past.rows.at, start)] = True
        before = past.rows.take(np.flatnonzero(calm))
        both = joined(before, fresh)
        order = np.argsort(both.at, kind="stable")
        reader = Reader(contract, both.take(order), self.found.windowing, (order < len(before)))
        touched = sorted({place + more for place in places for more in range(LENGTH)})
        starts = self.found.readings.starts
        inside = readings(starts[touched], [reader.window(start) for start in starts[touched]])
        return _replaced(self.found.readings, np.array(touched), inside)


def _replaced(whole: Readings, touched: Array, inside: Readings) -> Readings:
    at = {stream: number for number, stream in enumerate(inside.streams)}
    values, errors, rows = (np.array(one) for one in (whole.values, whole.errors, whole.rows))  # noqa: PD011  # no pandas
    fresh = inside.values  # noqa: PD011  # no pandas
    for number, stream in enumerate(whole.streams):
        place = at.get(stream)
        values[touched, number] = np.nan if place is None else fresh[:, place]
        errors[touched, number] = np.nan if place is None else inside.errors[:, place]
        rows[touched, number] = 0 if place is None else inside.rows[:, place]
    return Readings(whole.starts, whole.streams, values, errors, rows)


def injected_lines(found: Injected) -> list[str]:
    """What was found, for a terminal."""
    lines = [f"injected incidents of {found.windows} windows at random calm dates (seed {found.seed}):"]
    width = max((len(one.unit) for one in found.kinds), default=0)
    for one in found.kinds:
        where = f"  {one.scenario:22} {one.dose:6g} {one.unit:{width}}"
        if one.skipped:
            lines.append(f"{where} not applicable: {one.skipped}")
            continue
        delay = "" if one.median_delay_days is None else f", median delay {one.median_delay_days:.1f} d"
        share = "" if one.share is None else f" {one.share:.0%} [{one.low:.0%}, {one.high:.0%}]"
        by = f", by {', '.join(one.by)}" if one.by else ""
        lines.append(f"{where} {one.found} of {len(one.dates)} found{share}{delay}{by}")
    return lines
