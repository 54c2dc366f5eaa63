"""Data that nobody can look at are an incident, too: a monitor that only fails tells nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING

from baseline_pipeline.response.from_alarms import planned
from baseline_pipeline.response.incidents import incidents
from baseline_pipeline.workbench.over_time.monitoring import instant_of
from baseline_pipeline.workbench.over_time.overdue import alarm_without_calm

if TYPE_CHECKING:
    from baseline_pipeline.contract import Contract
    from baseline_pipeline.errors import DataUnreadable
    from baseline_pipeline.workbench.workbench import Workbench

UNREADABLE = "data unreadable"


def note_unreadable(bench: Workbench, contract: Contract, error: DataUnreadable, now: str | None) -> None:
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
