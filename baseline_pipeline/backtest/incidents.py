"""Dated known events: what a guardrail should have said, and when."""

from __future__ import annotations

import datetime as dt
from typing import Any

from baseline_pipeline.contract.yaml_lines import Document, read_yaml
from baseline_pipeline.errors import ContractError
from baseline_pipeline.records import Record
from baseline_pipeline.verdicts import TIERS, Tier

WORDS = ("date", "start", "end", "what", "kind", "tier", "slices", "note", "source", "must_find")
ACCEPTED = (
    "a list of {start, end, what} or {date, what}, with kind, tier (minor, moderate, severe), slices, note, source "
    "and must_find (true or false) where known"
)


class Incident(Record):
    """A dated known event, first and last day included."""

    first: dt.date
    last: dt.date
    what: str
    kind: str = ""
    tier: Tier | None = None
    """The tier that is expected."""
    slices: tuple[str, ...] = ()
    """Slices that it befell, as reports name them; none where it befell all rows."""
    note: str = ""
    source: str = ""
    must_find: bool = True
    """Whether missing it counts against the guardrails; other events only excuse an alarm."""


def read_incidents(name: str, text: str) -> tuple[Incident, ...]:
    """The events of an incidents file, oldest first.

    Raises:
        ContractError: with file and line.

    Example:
        >>> read_incidents("i.yaml", "- {date: [2013-02-08, 2013-02-09], what: blizzard}")[0].last
        datetime.date(2013, 2, 9)
        >>> read_incidents("i.yaml", "- {start: 2013-04-16, what: outage, slices: carrier=AA}")[0].slices
        ('carrier=AA',)
    """
    document = read_yaml(name, text)
    entries = document.value or []
    if not isinstance(entries, list):
        message = f"{name}:1: {type(entries).__name__} stood here; accepted: {ACCEPTED}"
        raise ContractError(message)
    found = [_incident(name, document, number, entry) for number, entry in enumerate(entries)]
    return tuple(sorted(found, key=lambda one: (one.first, one.last, one.what)))


def _incident(name: str, document: Document, number: int, entry: Any) -> Incident:
    place = f"{name}:{document.line((number,))}"
    if not isinstance(entry, dict) or "what" not in entry or set(entry) - set(WORDS):
        raise _refused(place, repr(entry), ACCEPTED)
    days = entry.get("date", [entry.get("start"), entry.get("end", entry.get("start"))])
    days = [
        day.date() if isinstance(day, dt.datetime) else day for day in (days if isinstance(days, list) else [days] * 2)
    ]
    if len(days) != 2 or not all(isinstance(day, dt.date) for day in days) or days[0] > days[1]:  # noqa: PLR2004
        raise _refused(place, f"days {days!r}", "a day, or first and last day")
    tier = entry.get("tier")
    if tier is not None and tier not in TIERS:
        raise _refused(place, f"tier {tier!r}", ", ".join(TIERS))
    must_find = entry.get("must_find", True)
    if not isinstance(must_find, bool):
        raise _refused(place, f"must_find {must_find!r}", "true or false")
    slices = entry.get("slices") or []
    return Incident(
        first=days[0],
        last=days[1],
        what=str(entry["what"]),
        kind=str(entry.get("kind") or ""),
        tier=tier,
        slices=tuple(str(one) for one in (slices if isinstance(slices, list) else [slices])),
        note=str(entry.get("note") or ""),
        source=str(entry.get("source") or ""),
        must_find=must_find,
    )


def _refused(place: str, what: str, accepted: str) -> ContractError:
    message = f"{place}: {what} stood here; accepted: {accepted}"
    return ContractError(message)
