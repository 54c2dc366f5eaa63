"""What people are told of an incident: one message for each change of its state, several of them in one text."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator, Field, field_validator

from baseline_pipeline.records import Record, digest_of, short
from baseline_pipeline.verdicts import TIERS, Tier, worst_tier

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

LONGEST_TITLE = 200
LONGEST_BODY = 3_000
"""Characters; most services take 4 000."""
LONGEST_LINE = 300
MOST_LINES = 12
IN_FULL = 100
"""Messages that a payload carries with their lines; of the others it carries what names them."""

Words = Annotated[str, AfterValidator(lambda text: text.encode(errors="backslashreplace").decode())]
"""Text that can be stored: half characters, which no encoding has, are spelled out."""


class Message(Record):
    """One change of an incident's state, to be told to whoever asked to be."""

    key: Words = Field(min_length=1)
    """Unique name of the change: what was told under a key is not told again."""
    model: Words
    incident: Words
    kind: Words
    """What happened to the incident, such as `opened`, `escalated`, `closed` or `late`."""
    tier: Tier
    title: Words
    """The verdict, in a line."""
    lines: tuple[Words, ...] = ()
    """What changed, the owner, the playbook, the command to look further."""
    owner: Words = ""
    """Whom it concerns: what concerns one owner is told together."""
    guardrails: tuple[Words, ...] = ()
    """Metrics that are concerned."""
    slices: tuple[Words, ...] = ()
    at: str
    """When it happened, ISO 8601, UTC."""

    @field_validator("at")
    @classmethod
    def _a_time(cls, value: str) -> str:
        instant(value)
        return value


def instant(text: str) -> float:
    """Seconds since the epoch of an ISO 8601 time; UTC where it names no zone.

    Raises:
        ValueError: when it is no such time.

    Example:
        >>> instant("2026-01-05T00:00:00Z") == instant("2026-01-05T00:00")
        True
    """
    found = dt.datetime.fromisoformat(text)
    return (found if found.tzinfo else found.replace(tzinfo=dt.UTC)).timestamp()


def worst_first(messages: Iterable[Message]) -> list[Message]:
    """In the order they are told: the worst first, then the oldest."""
    return sorted(messages, key=lambda one: (-TIERS.index(one.tier), instant(one.at), one.key))


def plain_text(messages: Sequence[Message]) -> tuple[str, str]:
    r"""Title and body for people, of one message or of several that leave together.

    Bounded (`LONGEST_TITLE`, `LONGEST_BODY` characters), the worst first; what does not fit is counted. Characters
    that move the cursor or hide are spelled out. The last line is a reference that is the same whenever the same
    messages are told, so that a repetition is known as one.

    Raises:
        ValueError: when there is no message.

    Example:
        >>> late = Message(key="k", model="credit", incident="i", kind="late", tier="minor",
        ...                title="labels are 2 days late\x1b[2J", lines=("owner: ana",), at="2026-01-05T00:00:00Z")
        >>> title, body = plain_text([late])
        >>> title
        '[minor] credit: labels are 2 days late\\x1b[2J'
        >>> print(body)
        credit: labels are 2 days late\x1b[2J (late)
        owner: ana
        reference 33e16bc48001
    """
    ordered = worst_first(messages)
    if not ordered:
        message = "there is nothing to tell"
        raise ValueError(message)
    reference = f"reference {short(digest_of(sorted(one.key for one in ordered)))}"
    return _title(ordered), "\n".join([*_blocks(ordered, LONGEST_BODY - len(reference) - 1), reference])


def payload(messages: Sequence[Message]) -> dict[str, Any]:
    """The same for programs, ready for JSON, and the same whenever the same messages are told.

    `messages` has the worst hundred with their lines, `others` what names the rest (`key`, `model`, `incident`,
    `kind`, `tier`): every `key` is there, so that a receiver may drop what it has seen.

    Raises:
        ValueError: when there is no message.
    """
    title, text = plain_text(messages)
    ordered = worst_first(messages)
    return {
        "version": 1,
        "title": title,
        "text": text,
        "owner": _cut(ordered[0].owner),
        "tier": ordered[0].tier,
        "count": len(ordered),
        "messages": [_content(one) for one in ordered[:IN_FULL]],
        "others": [_named(one) for one in ordered[IN_FULL:]],
    }


def _title(ordered: Sequence[Message]) -> str:
    if len(ordered) == 1:
        return _cut(f"[{ordered[0].tier}] {_headline(ordered[0])}", LONGEST_TITLE)
    counted = Counter(one.tier for one in ordered)
    tiers = ", ".join(f"{counted[tier]} {tier}" for tier in reversed(TIERS) if counted[tier])
    models = ", ".join(sorted({one.model for one in ordered}))
    return _cut(f"[{worst_tier(counted)}] {len(ordered)} changes ({tiers}): {shown(models)}", LONGEST_TITLE)


def _blocks(ordered: Sequence[Message], room: int) -> list[str]:
    """Headlines with those of their lines that fit; how many there are besides where there is no more room."""
    written: list[str] = []
    room -= len(f"and {len(ordered)} more") + 1
    for position, message in enumerate(ordered):
        indent = "  " if len(ordered) > 1 else ""
        head = _cut(f"{_headline(message)} ({shown(message.kind)})")
        if len(head) + 1 > room:
            return [*written, f"and {len(ordered) - position} more"]
        for line in [head, *(_cut(indent + shown(line)) for line in message.lines[:MOST_LINES])]:
            if len(line) + 1 <= room:
                written.append(line)
                room -= len(line) + 1
    return written


def _headline(message: Message) -> str:
    title = shown(message.title)
    return title if title.startswith(message.model) else f"{shown(message.model)}: {title}"


def _content(message: Message) -> dict[str, Any]:
    return {
        **_named(message),
        "title": _cut(message.title),
        "lines": [_cut(line) for line in message.lines[:MOST_LINES]],
        "owner": _cut(message.owner),
        "guardrails": [_cut(name) for name in message.guardrails[:MOST_LINES]],
        "slices": [_cut(name) for name in message.slices[:MOST_LINES]],
        "at": message.at,
    }


def _named(message: Message) -> dict[str, Any]:
    return {name: getattr(message, name) for name in ("key", "model", "incident", "kind", "tier")}


def shown(text: str) -> str:
    r"""The text with characters spelled out that are not printed as they stand.

    Example:
        >>> shown("naïve 東京" + chr(10) + chr(0x202E))
        'naïve 東京\\n\\u202e'
    """
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)


def _cut(text: str, longest: int = LONGEST_LINE) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"
