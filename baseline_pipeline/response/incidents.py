"""Incidents: what followed from alarms, as a fold over the ledger."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args

from pydantic import Field

from baseline_pipeline.governance.events import Event
from baseline_pipeline.records import Record, digest_of
from baseline_pipeline.verdicts import Tier, worst_tier

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


PIPELINE = "baseline-pipeline"
Category = Literal[
    "data source", "feature engineering", "model packaging", "dependency", "infrastructure", "real-world change"
]
CATEGORIES: tuple[Category, ...] = get_args(Category)
Remedy = Literal["retrain", "augment", "clean", "roll back", "add a test", "none"]
REMEDIES: tuple[Remedy, ...] = get_args(Remedy)
Status = Literal["open", "quiet", "closed"]
TURNED: dict[Status, Literal["reopened", "ended", "closed"]] = {
    "open": "reopened",
    "quiet": "ended",
    "closed": "closed",
}
"""What people call a change to a status."""
APART_DAYS = 2
"""Days into an incident from which an alarm of a family that it did not have is told: before, it is one story."""
SAID = {
    "triaged": ("signal", "category"),
    "remedied": ("remedy", "outcome"),
    "closed": ("cause", "category"),
    "assigned": ("owner",),
}
"""What an incident keeps of a person's word, by change."""


class Moment(Record):
    """One line of an incident's timeline."""

    at: str
    actor: str
    words: str
    change: str


class Incident(Record):
    """Everything that is known of one incident."""

    id: str
    model: str
    opened: str
    """When it was written down."""
    since: str
    """Start of the first window."""
    tier: Tier
    status: Status
    owner: str
    alarms: tuple[str, ...]
    open_alarms: tuple[str, ...]
    streams: tuple[str, ...]
    slices: tuple[str, ...]
    families: tuple[str, ...]
    last: str
    """Start of the last window in which an alarm opened."""
    until: str = ""
    """Start of the last window that was over a limit, as far as is known."""
    lead: str
    """The alarm that made it as bad as it is, in a line."""
    leads: dict[str, str] = Field(default_factory=dict)
    """What each alarm spoke of first, by its key."""
    signal: bool | None = None
    """Whether a person found it to be real (signal) or not (noise)."""
    category: Category | None = None
    remedy: Remedy | None = None
    outcome: str = ""
    cause: str = ""
    steps: dict[str, str] = Field(default_factory=dict)
    """Steps that were ticked, as `playbook/number`: who."""
    links: tuple[str, ...] = ()
    reviewed: bool = False
    frozen: bool = False
    """Whether it holds promotions of its model."""
    timeline: tuple[Moment, ...] = ()

    @property
    def open(self) -> bool:
        """Whether nobody closed it."""
        return self.status != "closed"


def incidents(events: Iterable[Event], model: str | None = None) -> list[Incident]:
    """All incidents, oldest first."""
    return list({one.id: one for _, _, one in _folded(events, model)}.values())


def _folded(events: Iterable[Event], model: str | None) -> Iterator[tuple[Event, Incident | None, Incident]]:
    """Every event about an incident, with the incident before and after it."""
    found: dict[str, Incident] = {}
    for event in events:
        if event.kind != "incident" or (model is not None and event.model != model):
            continue
        name = str(event.content["incident"])
        present = found.get(name)
        changed = after(present, event)
        moment = Moment(at=event.at, actor=event.actor, words=event.reason, change=str(event.content["change"]))
        found[name] = changed.model_copy(update={"timeline": (*changed.timeline, moment)})
        yield event, present, found[name]


class Turn(NamedTuple):
    """A change of an incident's state, which people are told of."""

    event: Event
    kind: Literal["opened", "escalated", "reopened", "joined", "ended", "closed"]
    tier: Tier
    """Of the incident from then on."""


def turns(events: Iterable[Event], model: str | None = None) -> list[Turn]:
    """Every event after which an incident's tier or status is another one, oldest first.

    An alarm that joins an open incident, or one of several that ends, is written down and changes no state, unless it
    speaks of something else days later, as harm after a drift that lasts; one that joins a quiet one opens it again.
    """
    found = []
    for event, before, now in _folded(events, model):
        if before is None:
            found.append(Turn(event, "opened", now.tier))
        elif before.tier != now.tier:
            found.append(Turn(event, "escalated", now.tier))
        elif before.status != now.status:
            found.append(Turn(event, TURNED[now.status], now.tier))
        elif _something_else(before, event):
            found.append(Turn(event, "joined", now.tier))
    return found


def _something_else(one: Incident, event: Event) -> bool:
    """Whether an alarm joins an incident that had none of its family, days after the first."""
    content = event.content
    if content["change"] != "joined" or set(content["families"]) & set(one.families):
        return False
    gap = dt.datetime.fromisoformat(str(content["since"])) - dt.datetime.fromisoformat(one.since)
    return gap >= dt.timedelta(days=APART_DAYS)


def frozen_by(events: Iterable[Event], model: str) -> Incident | None:
    """The incident that holds promotions of a model, if there is one."""
    return next((one for one in reversed(incidents(events, model)) if one.frozen and one.open), None)


def after(one: Incident | None, event: Event) -> Incident:
    """An incident after one more event, which the first one opens; its timeline is left as it was."""
    return _opened(event) if one is None else _changed(one, event)


def _opened(event: Event) -> Incident:
    content = event.content
    return Incident(
        id=str(content["incident"]),
        model=event.model,
        opened=event.at,
        since=str(content["since"]),
        tier=content["tier"],
        status="open",
        owner=str(content.get("owner", "")),
        alarms=tuple(content["alarms"]),
        open_alarms=tuple(content["alarms"]),
        streams=tuple(content["streams"]),
        slices=tuple(content["slices"]),
        families=tuple(content["families"]),
        last=str(content["since"]),
        until=str(content.get("last", content["since"])),
        lead=event.reason,
        leads=_leads(content),
        frozen=bool(content.get("frozen", False)),
    )


def _leads(content: dict[str, Any]) -> dict[str, str]:
    return {str(key): str(next(iter(content["streams"]), "")) for key in content["alarms"]}


def _changed(one: Incident, event: Event) -> Incident:
    """An incident after one more event about it."""
    match event.content["change"]:
        case "joined" | "escalated":
            update = _joined(one, event)
        case "ended":
            update = _ended(one, event.content)
        case "reopened":
            update = {"open_alarms": (*one.open_alarms, *event.content["alarms"]), "status": "open"}
        case change:
            update = _said(one, change, event)
    return one.model_copy(update=update)


def _joined(one: Incident, event: Event) -> dict[str, Any]:
    """What more alarms make of an incident."""
    content = event.content
    return {
        "tier": worst_tier([one.tier, content["tier"]]),
        "lead": event.reason if content["change"] == "escalated" else one.lead,
        "status": "open" if one.open else one.status,
        "alarms": (*one.alarms, *content["alarms"]),
        "open_alarms": (*one.open_alarms, *content["alarms"]),
        "streams": tuple(dict.fromkeys([*one.streams, *content["streams"]])),
        "leads": {**one.leads, **_leads(content)},
        "slices": tuple(dict.fromkeys([*one.slices, *content["slices"]])),
        "families": tuple(dict.fromkeys([*one.families, *content["families"]])),
        "last": max(one.last, str(content["since"])),
        "until": max(one.until, str(content.get("last", ""))),
        "frozen": one.frozen or bool(content.get("frozen", False)),
    }


def _ended(one: Incident, content: dict[str, Any]) -> dict[str, Any]:
    """What the end of alarms makes of an incident: it is quiet when none is left."""
    left = tuple(key for key in one.open_alarms if key not in content["alarms"])
    return {
        "open_alarms": left,
        "status": "quiet" if not left and one.open else one.status,
        "until": max(one.until, str(content.get("last", ""))),
    }


def _said(one: Incident, change: str, event: Event) -> dict[str, Any]:
    """What a person's word makes of an incident."""
    content = event.content
    known = {name: content[name] for name in SAID.get(change, ()) if content.get(name) is not None}
    match change:
        case "step":
            return {"steps": {**one.steps, f"{content.get('playbook', '')}/{content['step']}": event.actor}}
        case "linked":
            return {"links": tuple(dict.fromkeys([*one.links, str(content["link"])]))}
        case "closed":
            return {**known, "status": "closed", "frozen": False}
        case "reviewed":
            return {"reviewed": True}
        case "unfrozen":
            return {"frozen": False}
    return known


def spoken(one: Incident, change: str, *, actor: str, reason: str, **content: Any) -> Event:
    """What a person says about an incident, as an event.

    Args:
        one: The incident.
        change: `triaged`, `step`, `linked`, `remedied`, `closed`, `reviewed`, `assigned`, `noted` or `unfrozen`.
        actor: Who.
        reason: In words.
        content: What the change holds.
    """
    return Event(
        kind="incident",
        model=one.model,
        actor=actor,
        reason=reason,
        key=digest_of(["incident", one.id, change, len(one.timeline), actor, reason]),
        content={"incident": one.id, "change": change, **content},
    )
