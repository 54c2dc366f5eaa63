"""What the last windows show, and what is estimated where labels have not come."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from baseline_pipeline.monitoring.alarms import text_of
from baseline_pipeline.monitoring.reading import ALL_ROWS, LEAST_WHOLE, harm_of, watched_metrics
from baseline_pipeline.monitoring.streams import Stream
from baseline_pipeline.monitoring.weighting import weighted_performance
from baseline_pipeline.workbench.over_time.watched import Estimate, Now
from baseline_pipeline.workbench.over_time.windows import Windows, rows_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from baseline_pipeline.contract import Contract

Array = np.ndarray[Any, Any]
ESTIMATED = 7
"""Last windows that performance is estimated for where labels have not come."""


def latest(found: Windows, until: np.datetime64 | None = None) -> tuple[Now, ...]:
    """All-rows streams of outputs, performance and traffic, in the last window that has each.

    Args:
        found: The windows.
        until: Performance is of windows whose labels had all come by then: a morning is not held against days.
    """
    shown = []
    over, starts = found.over, found.readings.starts
    whole = np.array([until is None or bool(found.windowing.known(start) <= until) for start in starts])
    at = {stream: number for number, stream in enumerate(over.readings.streams)}
    for number, stream in enumerate(found.readings.streams):
        if stream.slice != "all" or stream.family == "inputs" or stream.estimated:
            continue
        values = found.readings.values[:, number]
        known = np.flatnonzero(np.isfinite(values) & (whole | (stream.family != "performance")))
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


def estimates(contract: Contract, found: Windows) -> Iterator[Estimate]:
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


def _number(value: float | None) -> float | None:
    return None if value is None or not np.isfinite(value) else float(value)
