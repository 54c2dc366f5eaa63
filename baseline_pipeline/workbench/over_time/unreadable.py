"""Data that nobody can look at are an incident, too: a monitor that only fails tells nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from baseline_pipeline.errors import DataNotThereYet, DataUnreadable, TrackingUnavailable
from baseline_pipeline.monitoring.windows import seconds_of
from baseline_pipeline.response.from_alarms import UNREADABLE, planned
from baseline_pipeline.response.incidents import incidents
from baseline_pipeline.workbench.over_time.clocks import zone_of
from baseline_pipeline.workbench.over_time.monitoring import instant_of
from baseline_pipeline.workbench.over_time.overdue import alarm_without_calm

if TYPE_CHECKING:
    from baseline_pipeline.contract import Contract
    from baseline_pipeline.errors import BaselineError
    from baseline_pipeline.workbench.workbench import Workbench


def tells_somebody(bench: Workbench, contract: Contract, error: BaselineError, now: str | None) -> bool:
    """Whether a look that failed is an incident: broken data at once, an absent source or server once it lasts.

    It lasts where the newest row that was ever read is overdue (a window and `late_after` ago): what was never read, or
    is only just being written, is waited for.
    """
    if not isinstance(error, (DataNotThereYet, TrackingUnavailable)):
        return isinstance(error, DataUnreadable)
    spans = [body["time_range"] for body in bench.store.records("snapshots", contract.name)]
    newest = max((str(span[1]) for span in spans if span), default=None)  # type: ignore[index]  # two texts
    if newest is None:
        return False
    last = pd.Timestamp(newest)
    if last.tzinfo is not None:
        last = last.tz_convert(zone_of(contract)).tz_localize(None)
    allowed = seconds_of(contract.monitoring.window) + seconds_of(contract.monitoring.late_after)
    return bool(instant_of(contract, now) - last.to_datetime64() > np.timedelta64(allowed, "s"))


def note_unreadable(bench: Workbench, contract: Contract, error: BaselineError, now: str | None) -> None:
    """Write down, once, that nothing could be looked at; the next look that succeeds ends it.

    Other alarms stay as they are: of them nothing is known.

    Args:
        bench: The project.
        contract: The rules.
        error: What stood in the way.
        now: The instant that is pretended, if one is.
    """
    known = incidents(bench.events(contract.name), contract.name)
    if any(one.open and one.leads.get(key) == UNREADABLE for one in known for key in one.open_alarms):
        return
    instant = instant_of(contract, now)
    alarm = alarm_without_calm(contract, UNREADABLE, instant, instant, (1.0, 1.0), "moderate", "inputs")
    events = planned(
        [one for one in known if alarm.key in one.alarms],
        [alarm],
        model=contract.name,
        owner=contract.owners.on_call or contract.owners.model or "",
        freezes=frozenset(),
        overlap=lambda _one, _other: True,
        looked=None if now is None else alarm.known,
    )
    words = f"nothing can be looked at: {error.message}" + (f"; next: {error.next_step}" if error.next_step else "")
    told = [one.model_copy(update={"reason": words}) for one in events if alarm.key in one.content["alarms"]]
    if told:
        bench.ledger.append(*told)
