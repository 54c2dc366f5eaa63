"""From alarms to incidents, and from incidents to people: written down first, told after."""

from __future__ import annotations

from typing import TYPE_CHECKING

from baseline_pipeline.errors import BaselineError
from baseline_pipeline.governance.events import Event
from baseline_pipeline.records import Record
from baseline_pipeline.response.delivery import Delivered
from baseline_pipeline.response.from_alarms import planned
from baseline_pipeline.response.incidents import Incident, incidents
from baseline_pipeline.verdicts import TIERS
from baseline_pipeline.workbench.over_time.experimenting import experiment
from baseline_pipeline.workbench.over_time.experiments import due
from baseline_pipeline.workbench.over_time.monitoring import news, watch_windows
from baseline_pipeline.workbench.over_time.notifying import deliver, tell
from baseline_pipeline.workbench.over_time.unreadable import note_unreadable, tells_somebody
from baseline_pipeline.workbench.over_time.watched import Watched

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from baseline_pipeline.contract import Contract
    from baseline_pipeline.monitoring.alarms import Alarm
    from baseline_pipeline.verdicts import Tier
    from baseline_pipeline.workbench.over_time.windows import Windows
    from baseline_pipeline.workbench.workbench import Workbench


class Tick(Record):
    """What one look at one model came to."""

    watched: Watched
    incidents: tuple[Incident, ...]
    """Those that nobody has closed."""
    changed: tuple[str, ...]
    """What was written down now, in words."""
    delivered: Delivered | None

    @property
    def exit_code(self) -> int:
        """1 while an incident that is moderate or severe has open alarms."""
        bad = (one for one in self.incidents if one.open_alarms and one.tier != "minor")
        return 1 if next(bad, None) is not None else 0


def monitor(bench: Workbench, contract: Contract, *, now: str | None = None, notify: bool = True) -> Tick:
    """One tick: look, write incidents down, act by tier, tell people. Safe to repeat at any point.

    Data that cannot be read, or a source or server that stays away, are an incident of their own, which the next look
    that succeeds ends.

    Args:
        bench: The project.
        contract: The rules.
        now: Pretend that it is this instant.
        notify: Whether people are told now; what is not told waits in the outbox.
    """
    from baseline_pipeline.monitoring.alarms import overlaps

    try:
        watched, found = watch_windows(bench, contract, now)
    except BaselineError as error:
        if tells_somebody(bench, contract, error, now):
            note_unreadable(bench, contract, error, now)
            tell(bench, contract)
        if notify:  # what was written down before is told all the same
            deliver(bench, [contract])
        raise
    changed = respond(
        bench,
        contract,
        watched.alarms,
        overlap=overlaps(found.reader.calm_parts),
        news=news(watched),
        looked=None if now is None else watched.now,
    )
    try:
        changed += _experiments(bench, contract, watched, found)
    finally:
        tell(bench, contract)  # with what the experiments say, and whatever becomes of them
    delivered = deliver(bench, [contract]) if notify else None
    return Tick(
        watched=watched,
        incidents=tuple(one for one in incidents(bench.events(contract.name), contract.name) if one.open),
        changed=tuple(f"{event.content['incident']} {event.content['change']}: {event.reason}" for event in changed),
        delivered=delivered,
    )


def respond(
    bench: Workbench,
    contract: Contract,
    alarms: Sequence[Alarm],
    *,
    overlap: Callable[[str, str], bool],
    news: Callable[[Alarm], bool] = lambda _alarm: True,
    looked: str | None = None,
    known: Sequence[Incident] | None = None,
) -> list[Event]:
    """Write down what the alarms lead to.

    Args:
        bench: The project.
        contract: The rules.
        alarms: All that could be known by now.
        overlap: Whether two slices share rows.
        news: Whether an alarm that no incident holds is worth opening one.
        looked: The instant that was pretended, where a past is replayed.
        known: Incidents that they may belong to; all of the model by default.

    Returns:
        What is new in the ledger.
    """
    if known is None:
        known = incidents(bench.events(contract.name), contract.name)
    freezes: frozenset[Tier] = frozenset(tier for tier in TIERS if "freeze" in contract.response.actions(tier))
    owner = contract.owners.on_call or contract.owners.model or ""
    events = planned(
        known, alarms, model=contract.name, owner=owner, freezes=freezes, overlap=overlap, news=news, looked=looked
    )
    head = bench.ledger.head()[0]
    return [one for one in bench.ledger.append(*events) if one.seq > head] if events else []


def _experiments(bench: Workbench, contract: Contract, watched: Watched, found: Windows) -> list[Event]:
    """Look closer, by itself, where the contract asks for it; what is new in the ledger.

    An experiment that found too few labelled rows is made again by later ticks, until there are enough; another cause
    that joins later gets one of its own.
    """
    head = bench.ledger.head()[0]
    there = {one.key for one in watched.alarms}
    for incident in incidents(bench.events(contract.name), contract.name):
        actions = contract.response.actions(incident.tier)
        if not incident.open or not {"experiment", "page"} & set(actions):
            continue
        if not there & set(incident.alarms):
            continue  # data that could not be read, for one: no window shows what it was
        joined = due(bench, incident, watched.alarms)
        if joined is None:
            continue
        try:
            experiment(bench, contract, incident, watched, found, joined)
        except BaselineError as error:
            bench.progress(f"the experiment about {incident.id} was not made: {error.message}")
    return [one for one in bench.events(contract.name) if one.seq > head and one.content.get("change") == "experiment"]
