"""Causes that joined an incident after it was looked at closely, as a fold over the ledger."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from baseline_pipeline.response.episodes import Episodes

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from baseline_pipeline.governance.events import Event

MOST = 10
"""Experiments about one incident: whoever reads the tenth has stopped reading."""
FEATURE = re.compile(r"\w[^()\[]*\((?P<name>.+)\)(\[.*\])?")
"""A measure of a feature, such as `outside(charge)`, in a slice or not."""


def cause_names(family: str, streams: Iterable[str]) -> list[str]:
    """What an alarm may have as causes: features that it names, else the family of what it speaks of.

    Slices and detectors of the same are one cause.

    Example:
        >>> cause_names("inputs", ["outside(charge)", "drift(charge)[plan=pro]"])
        ['charge']
        >>> cause_names("performance", ["brier[plan=f(x)]", "recall"])
        ['performance']
    """
    found = [match["name"] for stream in streams if family == "inputs" and (match := FEATURE.fullmatch(stream))]
    return list(dict.fromkeys(found)) or [family]


def alarms_of(events: Iterable[Event], incident: str, causes: Collection[str]) -> dict[str, tuple[str, ...]]:
    """Keys of the alarms of some causes of an incident, since each last came.

    Args:
        events: Of the incident's model.
        incident: Its name.
        causes: As `cause_names` names them.
    """
    found: dict[str, tuple[str, ...]] = {}
    for _, name, keys, again in _causes(events, incident):
        if name in causes:
            found[name] = (*keys,) if again else (*found.get(name, ()), *keys)
    return found


def joined_causes(events: Iterable[Event], incident: str) -> dict[str, tuple[str, ...]]:
    """Causes that no experiment has looked at since they joined, with the keys of their alarms.

    Each counts once while it lasts: what was there when an experiment was made is known, until it comes again after
    all of its alarms were over.

    Args:
        events: Of the incident's model, oldest first.
        incident: Its name.

    Returns:
        Nothing while there was no experiment, or where no other cause joined, or after `MOST` experiments.
    """
    known: set[str] = set()
    fresh: dict[str, tuple[str, ...]] = {}
    made = 0
    for change, name, keys, again in _causes(events, incident):
        if change == "experiment":
            known |= set(fresh)
            fresh, made = {}, made + 1
        elif again or name not in known:
            known.discard(name)
            fresh[name] = (*fresh.get(name, ()), *keys)
    return fresh if 0 < made < MOST else {}


def _causes(events: Iterable[Event], incident: str) -> Iterator[tuple[str, str, list[str], bool]]:
    """Changes of an incident: experiments, and causes with the keys of their alarms and whether they came again."""
    episodes = Episodes()
    for event in events:
        content = event.content
        if event.kind != "incident" or content["incident"] != incident:
            continue
        if content["change"] == "experiment":
            yield "experiment", "", [], False
        episodes.turned(content)
        for name in cause_names(str(content["families"][0]), content["streams"]) if content.get("families") else ():
            if content["alarms"]:
                again = episodes.come(name, content["alarms"], str(content.get("since", "")))
                yield str(content["change"]), name, list(content["alarms"]), again
