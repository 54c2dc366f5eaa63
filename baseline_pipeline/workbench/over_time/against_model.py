"""The service's own answers against the registered model's, on the same rows."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow.compute as pc

from baseline_pipeline.monitoring.alarms import Alarm, text_of
from baseline_pipeline.monitoring.paired_window import PairedWindow
from baseline_pipeline.monitoring.scored_rows import ScoredRows
from baseline_pipeline.monitoring.sequential import Sequential, follow
from baseline_pipeline.monitoring.windows import Windowing
from baseline_pipeline.workbench.over_time.overdue import alarm_without_calm

if TYPE_CHECKING:
    from baseline_pipeline.contract import Contract
    from baseline_pipeline.workbench.over_time.history import Past

Array = np.ndarray[Any, Any]
PAIRED_ROWS = 20_000
"""Rows by which a harm that matters shall be found in the paired comparison."""


def against_model(
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


def does_worse(contract: Contract, paired: Sequential | None) -> list[Alarm]:
    """That the service does worse than the registered model on the same rows, once that is known for good."""
    if paired is None or paired.alarmed_at is None:
        return []
    since = np.datetime64(paired.alarmed_at, "s")
    told = 0.0 if paired.harm is None else paired.harm, math.log(paired.p_value) / math.log(paired.alpha)
    return [
        alarm_without_calm(contract, "service against registered model", since, since, told, "severe", "performance")
    ]
