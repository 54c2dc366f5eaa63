"""What alarms make of incidents: opened, joined, escalated, ended."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from baseline_pipeline.governance.events import Event
from baseline_pipeline.records import digest_of
from baseline_pipeline.response.incidents import PIPELINE, after
from baseline_pipeline.verdicts import TIERS, Tier

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from baseline_pipeline.monitoring.alarms import Alarm
    from baseline_pipeline.response.incidents import Incident

NEAR_DAYS, NEAR_OTHERS_DAYS = 7, 2
"""Days after an incident's last alarm in which another alarm on the same rows belongs to it: of a family that it has
already or while one of its alarms is open, or of another one."""
UNREADABLE = "data unreadable"
"""What an incident speaks of that is about no rows at all: no other alarm is of its cause."""


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

    One incident per cause: an alarm joins an open incident whose rows overlap and whose last alarm is at most a week
    older (two days, where it speaks of something else, such as features, and all of the incident's alarms have ended);
    otherwise it opens one. None joins one of data that could not be read. A worse tier escalates; where somebody
    closed the incident while its alarm was open, it opens another one. Alarms that have ended are noted, and an
    incident without open alarms is quiet until a person closes it.

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
        present[name] = after(present.get(name), event)

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
    if UNREADABLE in one.leads.values():
        return False
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
