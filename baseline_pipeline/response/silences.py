"""Silences: what nobody is told of for a while."""

from __future__ import annotations

from fnmatch import fnmatchcase
from itertools import product
from typing import TYPE_CHECKING

from pydantic import Field, field_validator

from baseline_pipeline.records import Record
from baseline_pipeline.response.messages import Message, instant

if TYPE_CHECKING:
    from collections.abc import Iterable


class Silence(Record):
    """Nobody is told of what matches it while it lasts; one with a `since` is a maintenance window.

    `*`, `?` and `[...]` stand for any text, one character, one of some; a name also matches itself.
    """

    model: str = "*"
    guardrail: str = "*"
    slice: str = "*"
    since: str | None = None
    """ISO 8601, UTC; from now on without it."""
    until: str
    """ISO 8601, UTC; it ends by itself."""
    reason: str = Field(min_length=1)
    actor: str = Field(min_length=1)

    @field_validator("since", "until")
    @classmethod
    def _a_time(cls, value: str | None) -> str | None:
        if value is not None:
            instant(value)
        return value


def silenced(message: Message, silences: Iterable[Silence], now: float) -> bool:
    """Whether silences that last now cover all that a message tells of.

    Every guardrail in every slice must be covered, by any of them: silence about one metric does not hide another.
    A message that names no guardrail is covered by `*` alone. The severe ones are no exception.

    Args:
        message: What would be told.
        silences: All that were set.
        now: Seconds since the epoch.

    Example:
        >>> late = Message(key="k", model="credit", incident="i", kind="late", tier="severe", title="no data",
        ...                at="2026-01-05T00:00:00Z")
        >>> weekend = Silence(model="cred*", until="2026-01-06T00:00:00Z", reason="migration", actor="ana")
        >>> [silenced(late, [weekend], instant(f"2026-01-{day}T12:00:00Z")) for day in ("05", "06")]
        [True, False]
    """
    lasting = [
        one
        for one in silences
        if matches(one.model, message.model)
        and instant(one.until) > now
        and (one.since is None or instant(one.since) <= now)
    ]
    concerned = product(message.guardrails or ("",), message.slices or ("",))
    return bool(lasting) and all(
        any(matches(one.guardrail, guardrail) and matches(one.slice, part) for one in lasting)
        for guardrail, part in concerned
    )


def matches(pattern: str, name: str) -> bool:
    """Whether a name is what a silence's pattern says: the same text, or what its wildcards stand for.

    Example:
        >>> matches("cred*", "credit"), matches("carrier=[AA]", "carrier=[AA]"), matches("cred", "credit")
        (True, True, False)
    """
    return pattern == name or fnmatchcase(name, pattern)
