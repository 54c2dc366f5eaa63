"""A model's last windows, spoilt by a scenario and scored anew."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from baseline_pipeline.errors import EvidenceUnavailable, ModelFailed, UsageError
from baseline_pipeline.monitoring.alarms import text_of
from baseline_pipeline.monitoring.scored_rows import ScoredRows, joined
from baseline_pipeline.scenarios import SCENARIOS, NotApplicable
from baseline_pipeline.workbench.over_time.spoilt_rows import about_of, score_spoilt

if TYPE_CHECKING:
    from collections.abc import Sequence

    from baseline_pipeline.contract import Contract
    from baseline_pipeline.monitoring.windows import Windowing
    from baseline_pipeline.workbench.over_time.history import Past
    from baseline_pipeline.workbench.workbench import Workbench

WINDOWS = 3
"""Last windows that are spoilt."""


@dataclass(frozen=True)
class Damage:
    """What came of it.

    Attributes:
        rows: All rows, in their order in time; those that have no label yet are as they were.
        starts: (w,) starts of all windows.
        since: Start of the first spoilt one.
        spoilt: Features that have other values, in words.
    """

    rows: ScoredRows
    starts: np.ndarray[Any, Any]
    since: str
    spoilt: tuple[str, ...]


def damaged(
    bench: Workbench, contract: Contract, past: Past, windowing: Windowing, scenario: Any, dose: float
) -> Damage:
    """Spoil the last windows of a past.

    Args:
        bench: The project.
        contract: The rules.
        past: Rows as they were scored; they are left as they are.
        windowing: How time is cut.
        scenario: What is done to them.
        dose: How much of it.

    Raises:
        EvidenceUnavailable: when there are too few windows, or none of the last ones has labels.
        UsageError: when the scenario does not apply to these data.
        ModelFailed: when the model does not predict on what is injected.
    """
    starts = windowing.starts(past.rows.at[0], past.rows.at[-1])
    if len(starts) <= WINDOWS:
        message = f"{len(starts)} windows are too few for a drill"
        raise EvidenceUnavailable(message, next_step="bring a longer past, or take shorter windows")
    since = text_of(starts[-WINDOWS])
    first = windowing.rows_in(past.rows.at, starts[-WINDOWS]).start
    if not past.rows.labelled[first:].any():
        message = f"no row from {since} on has a label yet"
        raise EvidenceUnavailable(message, next_step="wait for the labels, or rehearse on older data")
    last = np.flatnonzero(past.rows.labelled[first:]) + first
    about = about_of(contract)
    frame = past.table.take(pa.array(last)).to_pandas()
    try:
        spoilt = scenario.spoil(frame, about, dose, np.random.default_rng(0))
    except NotApplicable as reason:
        message = f"the scenario does not apply: {reason}"
        raise UsageError(message, next_step=f"try another: {', '.join(SCENARIOS)}") from reason
    told = _spoilt(past.table.take(pa.array(last)).to_pandas(), spoilt, about.features)
    try:
        fresh = score_spoilt(bench, contract, past, spoilt)
    except ModelFailed as error:
        message = f"the damage cannot be rehearsed, as in production such requests would fail: {error.message}"
        raise ModelFailed(message, next_step=f"try another scenario: {', '.join(SCENARIOS)}") from error
    waiting = np.flatnonzero(~past.rows.labelled[first:]) + first  # no label yet: they stay as they are
    both = joined(past.rows.take(np.concatenate([np.arange(first), waiting])), fresh)
    return Damage(both.take(np.argsort(both.at, kind="stable")), starts, since, tuple(told))


def _spoilt(before: Any, after: Any, features: Sequence[str]) -> list[str]:
    """Features that have other values in a data frame than before, each with the number of its rows."""
    if len(before) != len(after):
        return [f"{len(after)} rows instead of {len(before)}"]
    found = []
    for name in features:
        one, two = (frame[name].astype(object).reset_index(drop=True) for frame in (before, after))
        differ = int(((one != two) & ~(one.isna() & two.isna())).sum())
        if differ:
            found.append(f"{name} has other values in {differ} of {len(before)} rows")
    return found
