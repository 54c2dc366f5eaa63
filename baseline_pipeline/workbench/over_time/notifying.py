"""From incidents to people: what they are told, who is silenced, how it goes with receivers."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from baseline_pipeline.contract.reading import FILE_NAME, contract_paths
from baseline_pipeline.errors import UsageError
from baseline_pipeline.figures import counted
from baseline_pipeline.governance.events import Event
from baseline_pipeline.records import digest_of
from baseline_pipeline.response.delivery import Delivered, ReceiverStatus
from baseline_pipeline.response.incidents import Incident, Turn, incidents, turns
from baseline_pipeline.response.messages import Message, instant
from baseline_pipeline.response.silences import Silence, matches, silenced
from baseline_pipeline.workbench.over_time.playbooks import playbook_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from baseline_pipeline.adapters.notifiers.outbox import Outbox
    from baseline_pipeline.contract import Contract
    from baseline_pipeline.workbench.workbench import Workbench

NEW_RECEIVER_SECONDS = 86_400
"""Whoever is told for the first time is told of the last day, not of all that ever was."""
WHILE_OPEN = frozenset({"opened", "escalated", "reopened", "joined"})
"""Turns after which somebody has to look: the experiment's sentence stands first."""


def tell(bench: Workbench, contract: Contract, *, after: int = 0) -> None:
    """Put every change of state of the model's incidents into the outbox.

    Messages are named by the ledger's events and put in whenever they are not there: a process that dies between the
    two leaves nothing untold. What a silence hid is told when that is over, if the incident is still open and nothing
    turned since.

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
    told = [one for one in turns(events, contract.name) if one.event.seq > after]
    messages = [message_of(bench, contract, present[str(one.event.content["incident"])], one) for one in told]
    recent = time.time() - NEW_RECEIVER_SECONDS
    silences = silences_of(bench)
    for receiver in contract.notify:
        new = not outbox.knows(receiver)
        outbox.add([one for one in messages if not new or instant(one.at) >= recent], [receiver], silences)
    last = {one.incident: one for one in messages}
    still = [one for one in last.values() if one.kind in WHILE_OPEN and not silenced(one, silences, time.time())]
    outbox.wake(still, contract.notify)


def _settle(bench: Workbench, contract: Contract, outbox: Outbox) -> None:
    """What waits for receivers that no contract names any more ends, and is counted where receivers are shown."""
    ended = outbox.settle(contract.name, contract.notify)
    for model in outbox.waiting_models():
        if not (bench.settings.assets / model / FILE_NAME).is_file():
            ended += outbox.settle(model, [])
    if ended:
        bench.progress(f"{counted(ended, 'message')} ended untold: their receivers left the contract")


def message_of(bench: Workbench, contract: Contract, incident: Incident, turn: Turn) -> Message:
    """What is said about one change of an incident's state."""
    event = turn.event
    book = playbook_of(bench, contract, incident)
    lines = [
        (
            f"since {incident.since.replace('T', ' ')}; {counted(len(incident.alarms), 'alarm')}: "
            f"{', '.join(incident.streams[:5])}"
        ),
        f"owner: {incident.owner or 'nobody is named'}",
    ]
    if book is not None:
        own = f"playbooks/{book.name}.md"
        there = (bench.settings.assets / contract.name / own).is_file()  # one that is shipped lies in no project
        where = f"assets/{contract.name}/{own}" if there else f"{len(book.steps)} steps, shown with the incident"
        lines.append(f"playbook: {book.named} ({where})")
    said = [moment.words for moment in incident.timeline if moment.change == "experiment"]
    if said and turn.kind in WHILE_OPEN:
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
        kind=turn.kind,
        tier=turn.tier,
        title=f"{contract.name}: {incident.id} {turn.kind}: {event.reason}",
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
        bench.progress(f"{counted(found.failed, 'notification')} did not go out; they are tried again")
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
        UsageError: when it is over already, or before it begins, or where there is no such model.
    """
    models = list(contract_paths(bench.settings.assets))
    if not any(matches(given.model, name) for name in models):
        message = f"the silence is for model {given.model!r}, and no model is called so"
        raise UsageError(message, next_step=f"models here: {', '.join(models) or 'none'}; `*` stands for any text")
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
