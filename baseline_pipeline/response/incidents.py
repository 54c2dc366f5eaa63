"""Incidents: what followed from alarms, as a fold over the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from baseline_pipeline.governance.events import Event
from baseline_pipeline.records import Record, digest_of
from baseline_pipeline.verdicts import TIERS, Tier, worst_tier

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from baseline_pipeline.monitoring.alarms import Alarm

PIPELINE = "baseline-pipeline"
Category = Literal[
    "data source", "feature engineering", "model packaging", "dependency", "infrastructure", "real-world change"
]
CATEGORIES: tuple[Category, ...] = (
    "data source",
    "feature engineering",
    "model packaging",
    "dependency",
    "infrastructure",
    "real-world change",
)
Remedy = Literal["retrain", "augment", "clean", "roll back", "add a test", "none"]
REMEDIES: tuple[Remedy, ...] = ("retrain", "augment", "clean", "roll back", "add a test", "none")
Status = Literal["open", "quiet", "closed"]
NEAR_DAYS, NEAR_OTHERS_DAYS = 7, 2
"""Days after an incident's last alarm in which another alarm on the same rows belongs to it: of a family that it has
already, or of another one."""


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
    lead: str
    """The first alarm, in a line."""
    signal: bool | None = None
    """Whether a person found it to be real (signal) or not (noise)."""
    category: Category | None = None
    remedy: Remedy | None = None
    outcome: str = ""
    cause: str = ""
    steps: dict[str, str] = Field(default_factory=dict)
    """Steps of the playbook that were ticked: who."""
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
    found: dict[str, Incident] = {}
    for event in events:
        if event.kind != "incident" or (model is not None and event.model != model):
            continue
        name = str(event.content["incident"])
        present = found.get(name)
        changed = _opened(event) if present is None else _changed(present, event)
        moment = Moment(at=event.at, actor=event.actor, words=event.reason, change=str(event.content["change"]))
        found[name] = changed.model_copy(update={"timeline": (*changed.timeline, moment)})
    return list(found.values())


def frozen_by(events: Iterable[Event], model: str) -> Incident | None:
    """The incident that holds promotions of a model, if there is one."""
    return next((one for one in reversed(incidents(events, model)) if one.frozen and one.open), None)


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
        lead=event.reason,
        frozen=bool(content.get("frozen", False)),
    )


def _changed(one: Incident, event: Event) -> Incident:
    content, change = event.content, event.content["change"]
    if change in {"joined", "escalated"}:
        return one.model_copy(
            update={
                "tier": worst_tier([one.tier, content["tier"]]),
                "status": "open" if one.open else one.status,
                "alarms": (*one.alarms, *content["alarms"]),
                "open_alarms": (*one.open_alarms, *content["alarms"]),
                "streams": tuple(dict.fromkeys([*one.streams, *content["streams"]])),
                "slices": tuple(dict.fromkeys([*one.slices, *content["slices"]])),
                "families": tuple(dict.fromkeys([*one.families, *content["families"]])),
                "last": max(one.last, str(content["since"])),
                "frozen": one.frozen or bool(content.get("frozen", False)),
            }
        )
    if change == "ended":
        left = tuple(key for key in one.open_alarms if key not in content["alarms"])
        return one.model_copy(update={"open_alarms": left, "status": "quiet" if not left and one.open else one.status})
    known = {
        "triaged": ("signal", "category"),
        "remedied": ("remedy", "outcome"),
        "closed": ("cause", "category"),
        "assigned": ("owner",),
    }
    update: dict[str, Any] = {name: content[name] for name in known.get(change, ()) if content.get(name) is not None}
    if change == "step":
        update = {"steps": {**one.steps, str(content["step"]): event.actor}}
    elif change == "linked":
        update = {"links": tuple(dict.fromkeys([*one.links, str(content["link"])]))}
    elif change == "closed":
        update |= {"status": "closed", "frozen": False}
    elif change == "reviewed":
        update = {"reviewed": True}
    elif change == "unfrozen":
        update = {"frozen": False}
    return one.model_copy(update=update)


def planned(
    known: Sequence[Incident],
    alarms: Sequence[Alarm],
    *,
    model: str,
    owner: str,
    freezes: frozenset[Tier],
    overlap: Any,
) -> list[Event]:
    """What to write down about a model's alarms: nothing where all was written before.

    One incident per cause: an alarm joins an open incident whose rows overlap and whose last alarm is at most a
    week older (two days, where it speaks of something else, such as features); otherwise it opens one. A worse tier
    escalates. Alarms that have ended are noted, and an incident without open alarms is quiet until a person closes it.

    Args:
        known: The model's incidents, oldest first.
        alarms: All alarms that could be known by now, oldest first.
        model: Their model.
        owner: Whom it concerns.
        freezes: Tiers that hold promotions.
        overlap: Whether two slices share rows.
    """
    present = {one.id: one for one in known}
    events: list[Event] = []
    for alarm in alarms:
        home = next((one for one in present.values() if alarm.key in one.alarms), None)
        if home is None:
            event = _new(list(present.values()), alarm, model, owner, freezes, overlap)
            events.append(event)
            name = str(event.content["incident"])
            present[name] = _changed(present[name], event) if name in present else _opened(event)
            home = present[name]
        if alarm.closed is not None and alarm.key in home.open_alarms:
            event = _event(
                model,
                ["ended", alarm.key],
                f"{alarm.lead.stream} is as in calm windows again, since {alarm.closed[:16].replace('T', ' ')}",
                {"incident": home.id, "change": "ended", "alarms": [alarm.key]},
            )
            events.append(event)
            present[home.id] = _changed(home, event)
    return events


def _new(
    known: list[Incident],
    alarm: Alarm,
    model: str,
    owner: str,
    freezes: frozenset[Tier],
    overlap: Any,
) -> Event:
    """The event that an alarm which no incident holds leads to."""
    home = next((one for one in reversed(known) if one.open and _belongs(one, alarm, overlap)), None)
    content = {
        "tier": alarm.tier,
        "since": alarm.opened,
        "known": alarm.known,
        "alarms": [alarm.key],
        "streams": [sign.stream for sign in alarm.signs],
        "slices": sorted({sign.slice for sign in alarm.signs}),
        "families": [alarm.family],
        "frozen": alarm.tier in freezes,
    }
    if home is None:
        name = f"I-{digest_of([model, alarm.key])[:8]}"
        return _event(
            model,
            ["opened", alarm.key],
            alarm.words(),
            {**content, "incident": name, "change": "opened", "owner": owner},
        )
    worse = TIERS.index(alarm.tier) > TIERS.index(home.tier)
    change = "escalated" if worse else "joined"
    return _event(model, [change, alarm.key], alarm.words(), {**content, "incident": home.id, "change": change})


def _belongs(one: Incident, alarm: Alarm, overlap: Any) -> bool:
    import datetime as dt

    gap = dt.datetime.fromisoformat(alarm.opened) - dt.datetime.fromisoformat(one.last)
    days = NEAR_DAYS if alarm.family in one.families else NEAR_OTHERS_DAYS
    if abs(gap.total_seconds()) > days * 86400:
        return False
    return any(overlap(sign.slice, name) for sign in alarm.signs for name in one.slices)


def _event(model: str, key: list[str], words: str, content: dict[str, Any]) -> Event:
    return Event(
        kind="incident", model=model, actor=PIPELINE, reason=words, key=digest_of(["incident", *key]), content=content
    )


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
