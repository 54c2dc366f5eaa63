"""Causes that joined an incident after it was looked at closely, as a fold over the ledger."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

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
    """Keys of the alarms of some causes of an incident.

    Args:
        events: Of the incident's model.
        incident: Its name.
        causes: As `cause_names` names them.
    """
    found: dict[str, tuple[str, ...]] = {}
    for event in events:
        for name, keys in _causes(event, incident):
            if name in causes:
                found[name] = (*found.get(name, ()), *keys)
    return found


def joined_causes(events: Iterable[Event], incident: str) -> dict[str, tuple[str, ...]]:
    """Causes that no experiment has looked at since they joined, with the keys of their alarms.

    Each counts once: what was there when an experiment was made is known, and stays known.

    Args:
        events: Of the incident's model, oldest first.
        incident: Its name.

    Returns:
        Nothing while there was no experiment, or where no other cause joined, or after `MOST` experiments.
    """
    known: set[str] = set()
    fresh: dict[str, tuple[str, ...]] = {}
    made = 0
    for event in events:
        if event.content.get("incident") == incident and event.content.get("change") == "experiment":
            known |= set(fresh)
            fresh, made = {}, made + 1
        for name, keys in _causes(event, incident):
            if name not in known:
                fresh[name] = (*fresh.get(name, ()), *keys)
    return fresh if 0 < made < MOST else {}


def _causes(event: Event, incident: str) -> Iterator[tuple[str, list[str]]]:
    """Causes that an event brings to an incident, each with the keys of its alarms."""
    content = event.content
    if event.kind == "incident" and content["incident"] == incident and content.get("families"):
        for name in cause_names(str(content["families"][0]), content["streams"]):
            if content["alarms"]:
                yield name, list(content["alarms"])
