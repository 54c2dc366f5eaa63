"""Incidents: what followed from alarms, as a fold over the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from pydantic import Field

from baseline_pipeline.governance.events import Event
from baseline_pipeline.records import Record, digest_of
from baseline_pipeline.verdicts import TIERS, Tier, worst_tier

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

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
TURNED: dict[Status, Literal["reopened", "ended", "closed"]] = {
    "open": "reopened",
    "quiet": "ended",
    "closed": "closed",
}
"""What people call a change to a status."""
NEAR_DAYS, NEAR_OTHERS_DAYS = 7, 2
"""Days after an incident's last alarm in which another alarm on the same rows belongs to it: of a family that it has
already or while one of its alarms is open, or of another one."""


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
    return list({after.id: after for _, _, after in _folded(events, model)}.values())


def _folded(events: Iterable[Event], model: str | None) -> Iterator[tuple[Event, Incident | None, Incident]]:
    """Every event about an incident, with the incident before and after it."""
    found: dict[str, Incident] = {}
    for event in events:
        if event.kind != "incident" or (model is not None and event.model != model):
            continue
        name = str(event.content["incident"])
        present = found.get(name)
        changed = _opened(event) if present is None else _changed(present, event)
        moment = Moment(at=event.at, actor=event.actor, words=event.reason, change=str(event.content["change"]))
        found[name] = changed.model_copy(update={"timeline": (*changed.timeline, moment)})
        yield event, present, found[name]


class Turn(NamedTuple):
    """A change of an incident's state, which people are told of."""

    event: Event
    kind: Literal["opened", "escalated", "reopened", "ended", "closed"]
    tier: Tier
    """Of the incident from then on."""


def turns(events: Iterable[Event], model: str | None = None) -> list[Turn]:
    """Every event after which an incident's tier or status is another one, oldest first.

    An alarm that joins an open incident, or one of several that ends, is written down and changes no state; one that
    joins a quiet incident opens it again.
    """
    found = []
    for event, before, after in _folded(events, model):
        if before is None:
            found.append(Turn(event, "opened", after.tier))
        elif before.tier != after.tier:
            found.append(Turn(event, "escalated", after.tier))
        elif before.status != after.status:
            found.append(Turn(event, TURNED[after.status], after.tier))
    return found


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
        until=str(content.get("last", content["since"])),
        lead=event.reason,
        leads=_leads(content),
        frozen=bool(content.get("frozen", False)),
    )


def _leads(content: dict[str, Any]) -> dict[str, str]:
    return {str(key): str(next(iter(content["streams"]), "")) for key in content["alarms"]}


def _changed(one: Incident, event: Event) -> Incident:
    content, change = event.content, event.content["change"]
    if change in {"joined", "escalated"}:
        return one.model_copy(
            update={
                "tier": worst_tier([one.tier, content["tier"]]),
                "lead": event.reason if change == "escalated" else one.lead,
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
        )
    if change == "ended":
        left = tuple(key for key in one.open_alarms if key not in content["alarms"])
        quiet = "quiet" if not left and one.open else one.status
        return one.model_copy(
            update={"open_alarms": left, "status": quiet, "until": max(one.until, str(content.get("last", "")))}
        )
    if change == "reopened":
        return one.model_copy(update={"open_alarms": (*one.open_alarms, *content["alarms"]), "status": "open"})
    known = {
        "triaged": ("signal", "category"),
        "remedied": ("remedy", "outcome"),
        "closed": ("cause", "category"),
        "assigned": ("owner",),
    }
    update: dict[str, Any] = {name: content[name] for name in known.get(change, ()) if content.get(name) is not None}
    if change == "step":
        update = {"steps": {**one.steps, f"{content.get('playbook', '')}/{content['step']}": event.actor}}
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
    news: Callable[[Alarm], bool] = lambda _alarm: True,
    looked: str | None = None,
) -> list[Event]:
    """What to write down about a model's alarms: nothing where all was written before.

    One incident per cause: an alarm joins an open incident whose rows overlap and whose last alarm is at most a
    week older (two days, where it speaks of something else, such as features, and all of the incident's alarms have
    ended); otherwise it opens one. A worse tier escalates; where somebody closed the incident while its alarm was open,
    it opens another one. Alarms that have ended are noted, and an incident without open alarms is quiet until a person
    closes it.

    Args:
        known: The model's incidents, oldest first.
        alarms: All alarms that could be known by now, oldest first.
        model: Their model.
        owner: Whom it concerns.
        freezes: Tiers that hold promotions.
        overlap: Whether two slices share rows.
        news: Whether an alarm that no incident holds is worth opening one; all are by default.
        looked: The instant that was pretended, where a past is replayed: times to detect are counted by it.
    """
    present = {one.id: one for one in known}
    events: list[Event] = []

    def write(event: Event) -> None:
        events.append(event)
        name = str(event.content["incident"])
        present[name] = _changed(present[name], event) if name in present else _opened(event)

    replayed = {} if looked is None else {"looked": looked}
    there = {alarm.key: alarm for alarm in alarms}
    for alarm in alarms:
        home = next((one for one in reversed(present.values()) if alarm.key in one.alarms), None)
        again = home is not None and not home.open and alarm.closed is None and _worse(alarm, home)
        if home is None or again:
            if news(alarm):
                mark = [alarm.key, alarm.tier] if again else [alarm.key]
                more = {"owner": owner, **replayed}
                write(_new(list(present.values()), alarm, mark, model, more, freezes, overlap, there))
        elif home.open and _worse(alarm, home):
            content = {**_content(alarm, freezes), "alarms": [], "incident": home.id, "change": "escalated"}
            write(_event(model, ["escalated", alarm.key, alarm.tier], alarm.words(), content))
        elif home.open and alarm.closed is None and alarm.key not in home.open_alarms:
            content = {"incident": home.id, "change": "reopened", "alarms": [alarm.key]}
            write(_event(model, ["reopened", alarm.key, alarm.last], alarm.words(), content))
    for home in list(present.values()):
        for key in home.open_alarms:
            now = there.get(key)
            if now is None or now.closed is not None:
                write(_ended(model, home, key, now))
    return events


def _ended(model: str, home: Incident, key: str, alarm: Alarm | None) -> Event:
    """That an alarm is over, or that it is none any more in the light of rows that came later."""
    content: dict[str, Any] = {"incident": home.id, "change": "ended", "alarms": [key]}
    if alarm is None:
        words = f"{home.leads.get(key) or 'what it spoke of'} is no alarm any more, by what came later"
        return _event(model, ["ended", key, len(home.timeline)], words, content)
    until = str(alarm.closed)
    words = f"{alarm.lead.stream} is as in calm windows again, since {until[:16].replace('T', ' ')}"
    return _event(model, ["ended", key, until], words, {**content, "last": alarm.last})


def _content(alarm: Alarm, freezes: frozenset[Tier]) -> dict[str, Any]:
    return {
        "tier": alarm.tier,
        "since": alarm.opened,
        "known": alarm.known,
        "alarms": [alarm.key],
        "streams": [sign.stream for sign in alarm.signs],
        "slices": sorted({sign.slice for sign in alarm.signs}),
        "families": [alarm.family],
        "last": alarm.last,
        "frozen": alarm.tier in freezes,
    }


def _worse(alarm: Alarm, than: Incident) -> bool:
    return TIERS.index(alarm.tier) > TIERS.index(than.tier)


def _new(
    known: list[Incident],
    alarm: Alarm,
    mark: list[str],
    model: str,
    more: dict[str, str],
    freezes: frozenset[Tier],
    overlap: Any,
    there: Mapping[str, Alarm],
) -> Event:
    """The event that an alarm which no open incident holds leads to; the mark tells it from others about the alarm."""
    home = next((one for one in reversed(known) if one.open and _belongs(one, alarm, overlap, there)), None)
    content = _content(alarm, freezes)
    if home is None:
        name = f"I-{digest_of([model, *mark])[:8]}"
        return _event(
            model,
            ["opened", *mark],
            alarm.words(),
            {**content, "incident": name, "change": "opened", **more},
        )
    change = "escalated" if _worse(alarm, home) else "joined"
    return _event(model, [change, *mark], alarm.words(), {**content, "incident": home.id, "change": change})


def _belongs(one: Incident, alarm: Alarm, overlap: Any, there: Mapping[str, Alarm]) -> bool:
    import datetime as dt

    gap = dt.datetime.fromisoformat(alarm.opened) - dt.datetime.fromisoformat(one.last)
    before = [there[key] for key in one.alarms if key in there]
    going_on = any(other.closed is None or other.closed > alarm.opened for other in before)
    days = NEAR_DAYS if going_on or alarm.family in one.families else NEAR_OTHERS_DAYS
    if abs(gap.total_seconds()) > days * 86400:
        return False
    return any(overlap(sign.slice, name) for sign in alarm.signs for name in one.slices)


def _event(model: str, key: list[Any], words: str, content: dict[str, Any]) -> Event:
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
