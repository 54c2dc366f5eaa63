"""From alarms to incidents, and from incidents to people: written down first, told after."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from baseline_pipeline.contract.reading import FILE_NAME
from baseline_pipeline.errors import BaselineError, UsageError
from baseline_pipeline.governance.events import Event
from baseline_pipeline.records import Record, digest_of
from baseline_pipeline.response.delivery import Delivered, ReceiverStatus, Silence
from baseline_pipeline.response.incidents import Incident, incidents, planned
from baseline_pipeline.response.messages import Message, instant
from baseline_pipeline.response.playbooks import Playbook, chosen, read_playbook
from baseline_pipeline.verdicts import TIERS
from baseline_pipeline.workbench.over_time.experimenting import due, experiment
from baseline_pipeline.workbench.over_time.monitoring import Watched, _watched, news

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from baseline_pipeline.adapters.notifiers.outbox import Outbox
    from baseline_pipeline.contract import Contract
    from baseline_pipeline.monitoring.alarms import Alarm
    from baseline_pipeline.verdicts import Tier
    from baseline_pipeline.workbench.over_time.windows import Windows
    from baseline_pipeline.workbench.workbench import Workbench

NEW_RECEIVER_SECONDS = 86_400
"""Whoever is told for the first time is told of the last day, not of all that ever was."""
WHILE_OPEN = frozenset({"opened", "escalated", "reopened"})
"""Changes after which somebody has to look: the experiment's sentence stands first."""
TOLD = frozenset({"opened", "escalated", "reopened", "ended", "closed"})
"""Changes that people are told of; the others stand in the timeline."""


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

    Args:
        bench: The project.
        contract: The rules.
        now: Pretend that it is this instant.
        notify: Whether people are told now; what is not told waits in the outbox.
    """
    from baseline_pipeline.monitoring.alarms import overlaps

    try:
        watched, found = _watched(bench, contract, now)
    except BaselineError:
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


def tell(bench: Workbench, contract: Contract, *, after: int = 0) -> None:
    """Put every change of the model's incidents that people are told of into the outbox.

    Messages are named by the ledger's events and put in whenever they are not there: a process that dies between the
    two leaves nothing untold.

    Args:
        bench: The project.
        contract: The rules.
        after: Place in the ledger up to which nothing is told.
    """
    outbox = outbox_of(bench)
    _settle(bench, contract, outbox)
    if not contract.notify:
        return
    events = bench.events(contract.name)
    present = {one.id: one for one in incidents(events, contract.name)}
    messages = [
        message_of(bench, contract, present[str(event.content["incident"])], event)
        for event in events
        if event.kind == "incident" and event.content["change"] in TOLD and event.seq > after
    ]
    recent = time.time() - NEW_RECEIVER_SECONDS
    silences = silences_of(bench)
    for receiver in contract.notify:
        new = not outbox.knows(receiver)
        outbox.add([one for one in messages if not new or instant(one.at) >= recent], [receiver], silences)


def _settle(bench: Workbench, contract: Contract, outbox: Outbox) -> None:
    """What waits for receivers that no contract names any more ends, and is counted where receivers are shown."""
    ended = outbox.settle(contract.name, contract.notify)
    for model in outbox.waiting_models():
        if not (bench.settings.assets / model / FILE_NAME).is_file():
            ended += outbox.settle(model, [])
    if ended:
        bench.progress(f"{ended} message(s) ended untold: their receivers left the contract")


def message_of(bench: Workbench, contract: Contract, incident: Incident, event: Event) -> Message:
    """What is said about one change of an incident."""
    change = str(event.content["change"])
    book = playbook_of(bench, contract, incident)
    lines = [
        f"since {incident.since.replace('T', ' ')}; {len(incident.alarms)} alarm(s): {', '.join(incident.streams[:5])}",
        f"owner: {incident.owner or 'nobody is named'}",
    ]
    if book is not None:
        lines.append(f"playbook: {book.title} (assets/{contract.name}/playbooks/{book.name}.md)")
    said = [moment.words for moment in incident.timeline if moment.change == "experiment"]
    if said and change in WHILE_OPEN:
        lines.insert(0, f"experiment: {said[-1]}")
    if incident.frozen:
        lines.append("promotions of this model are frozen")
        back = last_good(bench, contract)
        if back is not None:
            lines.append(f"go back: baseline rollback {contract.name} --to {back} --reason TEXT")
    lines.append(f"look: baseline incident show {incident.id}")
    return Message(
        key=event.key,
        model=contract.name,
        incident=incident.id,
        kind=change,
        tier=event.content.get("tier", incident.tier),
        title=f"{contract.name}: {incident.id} {change}: {event.reason}",
        lines=tuple(lines),
        owner=incident.owner,
        guardrails=tuple(dict.fromkeys(stream.partition("[")[0] for stream in incident.streams)),
        slices=incident.slices,
        at=event.at,
    )


def last_good(bench: Workbench, contract: Contract) -> int | None:
    """The revision before the present one, that a rollback would bring back; `None` where there is none."""
    known = bench.baselines(contract.name)
    present = bench.baseline(contract.name)
    if present is None:
        return None
    first = min(one.revision for one in known if one.version == present.version)
    earlier = [one for one in known if one.revision < first and one.version != present.version]
    return earlier[-1].revision if earlier else None


def outbox_of(bench: Workbench) -> Outbox:
    """The project's outbox."""
    from baseline_pipeline.adapters.notifiers.outbox import Outbox

    return Outbox(bench.settings.home / "outbox.sqlite")


def deliver(bench: Workbench, contracts: Sequence[Contract]) -> Delivered | None:
    """Tell people what is due; what fails is tried again by the next tick. `None` where nobody is to be told."""
    receivers = [one for contract in contracts for one in contract.notify]
    if not receivers:
        return None
    found = outbox_of(bench).deliver(receivers)
    if found.failed:
        bench.progress(f"{found.failed} notification(s) did not go out; they are tried again")
    return found


def receiver_states(bench: Workbench) -> list[ReceiverStatus]:
    """How it goes with everybody who was ever told."""
    return outbox_of(bench).status()


def silences_of(bench: Workbench) -> list[Silence]:
    """Everything that was silenced; each ends by itself."""
    return [Silence.model_validate(event.content) for event in bench.events() if event.kind == "silence"]


def silence(bench: Workbench, given: Silence) -> None:
    """Keep a silence in the ledger.

    Raises:
        UsageError: when it is over already, or before it begins.
    """
    if given.since is not None and instant(given.since) >= instant(given.until):
        message = f"the silence ends at {given.until}, and that is not after {given.since}, when it begins"
        raise UsageError(message, next_step="times without an offset are UTC")
    if instant(given.until) <= time.time():
        message = f"the silence ends at {given.until}, and that is past"
        raise UsageError(message)
    bench.ledger.append(
        Event(
            kind="silence",
            model=given.model,
            actor=given.actor,
            reason=given.reason,
            key=digest_of(["silence", given.body()]),
            content=given.body(),
        )
    )


def playbooks_of(bench: Workbench, contract: Contract) -> list[Playbook]:
    """The model's playbooks, then those that are shipped, in the order of their names."""
    from importlib.resources import files

    own = bench.settings.assets / contract.name / "playbooks"
    found = [
        read_playbook(f"{contract.name}/playbooks/{path.name}", path.read_text(encoding="utf-8"))
        for path in sorted(own.glob("*.md"))
    ]
    shipped = files("baseline_pipeline.response") / "playbooks"
    entries = sorted(shipped.iterdir(), key=lambda one: one.name) if shipped.is_dir() else []
    return found + [
        read_playbook(entry.name, entry.read_text(encoding="utf-8")) for entry in entries if entry.name.endswith(".md")
    ]


def playbook_of(bench: Workbench, contract: Contract, incident: Incident) -> Playbook | None:
    """What to do about an incident."""
    found = [incident.category] if incident.category else []
    return chosen(playbooks_of(bench, contract), incident.tier, found, incident.families)


def _experiments(bench: Workbench, contract: Contract, watched: Watched, found: Windows) -> list[Event]:
    """Look closer, by itself, where the contract asks for it; what is new in the ledger.

    An experiment that found too few labelled rows is made again by later ticks, until there are enough; another cause
    that joins later gets one of its own.
    """
    head = bench.ledger.head()[0]
    for incident in incidents(bench.events(contract.name), contract.name):
        actions = contract.response.actions(incident.tier)
        if not incident.open or not {"experiment", "page"} & set(actions):
            continue
        joined = due(bench, incident, watched.alarms)
        if joined is None:
            continue
        try:
            experiment(bench, contract, incident, watched, found, joined)
        except BaselineError as error:
            bench.progress(f"the experiment about {incident.id} was not made: {error.message}")
    return [one for one in bench.events(contract.name) if one.seq > head and one.content.get("change") == "experiment"]
