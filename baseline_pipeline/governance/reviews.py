"""Signed reviews of a baseline's assumptions, and when the next one is due: a fold over events and a calendar."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from baseline_pipeline.errors import ContractError
from baseline_pipeline.governance.events import REVISIONS
from baseline_pipeline.records import Digest, Record

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from baseline_pipeline.governance.events import Event

REVIEW_DAYS = 180
"""Days between reviews where the contract names no schedule."""
_BOUNDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
_FIELDS = ("minute", "hour", "day of month", "month", "day of week")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_FAR_DAYS = 366 * 8 + 3
"""No date of the calendar is further off than the next 29 February over a century's end."""


class Signed(Record):
    """A review that somebody signed off."""

    seq: int
    at: str
    actor: str
    reason: str
    review: Digest
    """Digest of what it found."""
    findings: int
    due: str
    """When the next one was due, as it was said then: a day, ISO 8601."""
    policy: Digest
    """Digest of the contract that was looked at."""


class Due(Record):
    """When a model's next review is due, and why it is due now."""

    on: str
    """A day, ISO 8601."""
    because: tuple[str, ...]
    """Why it is due now; empty where it is not."""


def last_signed(events: Iterable[Event], model: str) -> Signed | None:
    """The latest review of a model that was signed off; drills are events of the same kind and are none."""
    found = [one for one in events if one.kind == "review" and one.model == model and "review" in one.content]
    if not found:
        return None
    last = found[-1]
    return Signed(
        seq=last.seq,
        at=last.at,
        actor=last.actor,
        reason=last.reason,
        review=str(last.content["review"]),
        findings=int(last.content["findings"]),
        due=str(last.content["due"]),
        policy=str(last.content["policy"]),
    )


def since_review(events: Iterable[Event], model: str) -> list[Event]:
    """What happened to a model since its last signed review; since its first baseline where it had none."""
    known = [one for one in events if one.model == model]
    signed = last_signed(known, model)
    if signed is not None:
        return [one for one in known if one.seq > signed.seq]
    first = next((one.seq for one in known if one.kind in REVISIONS), None)
    return [] if first is None else [one for one in known if one.seq > first]


def contract_changes(events: Iterable[Event], reviewed: Digest | None = None) -> tuple[str, ...]:
    """What changed in the contract, in words, over some events.

    Args:
        events: Oldest first.
        reviewed: Digest of the contract that the last review looked at; that a run saw it later is no change.
    """
    return tuple(
        str(words)
        for event in events
        if event.kind == "contract_changed" and event.content["policy"] != reviewed
        for words in event.content.get("changed", ())
    )


def due_after(moment: dt.datetime, schedule: str | None) -> dt.date:
    """The day on which the next review is due after one.

    Args:
        moment: When the last one was, UTC.
        schedule: A five-field cron expression, UTC; 180 days without one.

    Raises:
        ContractError: when the expression is not understood.

    Example:
        >>> at = dt.datetime(2026, 1, 15, 9, tzinfo=dt.UTC)
        >>> due_after(at, "0 6 1 */3 *").isoformat(), due_after(at, None).isoformat()
        ('2026-04-01', '2026-07-14')
    """
    return next_day(schedule, moment) if schedule else moment.date() + dt.timedelta(days=REVIEW_DAYS)


def due(events: Sequence[Event], model: str, *, schedule: str | None, now: dt.datetime, changes: Sequence[str]) -> Due:
    """When the next review is due, and why it is due now.

    It is due once the schedule's day after the last signed review has come (after the first baseline where none was
    signed), or the day that was named when it was signed, whichever is earlier; and at once where the contract changed.

    Args:
        events: The model's, oldest first; with at least one baseline.
        model: The model.
        schedule: `schedules.review` of the contract.
        now: The time, UTC.
        changes: What changed in the contract since the last review.

    Raises:
        ContractError: when the schedule is not understood.
    """
    signed = last_signed(events, model)
    first = next((one.at for one in events if one.model == model and one.kind in REVISIONS), "")
    since = moment_of(signed.at if signed else first)
    on = due_after(since, schedule)
    if signed is not None:
        on = min(on, dt.date.fromisoformat(signed.due))
    because = []
    if on <= now.date():
        last = f"the last one was signed on {signed.at[:10]}" if signed else "none was ever signed"
        because.append(f"due since {on}: {last}")
    if changes:
        because.append(f"the contract changed in {len(changes)} place(s) since")
    return Due(on=on.isoformat(), because=tuple(because))


def moment_of(text: str) -> dt.datetime:
    """An instant as the ledger writes it; UTC where it says nothing else.

    Example:
        >>> moment_of("2026-01-15T09:00:00") == moment_of("2026-01-15T09:00:00Z")
        True
    """
    found = dt.datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=dt.UTC)


def next_day(expression: str, after: dt.datetime) -> dt.date:
    """The day of the next tick of a cron expression after an instant.

    Day of month and day of week are alternatives where both are restricted, as cron has it.

    Args:
        expression: Minute, hour, day of month, month, day of week.
        after: UTC.

    Raises:
        ContractError: when a field is not understood, or no day ever fits.

    Source: POSIX.1-2017, crontab.

    Example:
        >>> at = dt.datetime(2026, 1, 15, 9, tzinfo=dt.UTC)
        >>> [next_day(one, at).isoformat() for one in ("0 8 * * *", "0 10 * * *", "0 0 * * mon", "0 0 29 2 *")]
        ['2026-01-16', '2026-01-15', '2026-01-19', '2028-02-29']
    """
    fields = expression.split()
    minute, hour, day, month, weekday = (_values(expression, number, text) for number, text in enumerate(fields))
    weekday = {one % 7 for one in weekday}
    either = not fields[2].startswith("*") and not fields[4].startswith("*")
    for ahead in range(_FAR_DAYS):
        date = after.date() + dt.timedelta(days=ahead)
        by_day, by_week = date.day in day, date.isoweekday() % 7 in weekday
        if date.month not in month or not (by_day or by_week if either else by_day and by_week):
            continue
        if ahead or any((one, two) > (after.hour, after.minute) for one in hour for two in minute):
            return date
    message = f"schedule {expression!r} names no day that ever comes"
    raise ContractError(message, next_step="correct schedules.review in the contract")


def _values(expression: str, number: int, text: str) -> set[int]:
    low, high = _BOUNDS[number]
    found: set[int] = set()
    for part in text.lower().split(","):
        span, _, every = part.partition("/")
        first, _, last = span.partition("-")
        start = low if first == "*" else _number(number, first)
        end = high if first == "*" or (every and not last) else _number(number, last or first)
        step = int(every) if every.isdigit() else 0 if every else 1
        if start is None or end is None or not (low <= start <= end <= high) or step < 1:
            message = f"schedule {expression!r}: {_FIELDS[number]} {part!r} is not understood"
            raise ContractError(message, next_step="accepted: *, */2, 5, 1-5, 1,15, or names such as mon and jan")
        found |= set(range(start, end + 1, step))
    return found


def _number(field: int, word: str) -> int | None:
    if word.isdigit():
        return int(word)
    names = {3: _MONTHS, 4: _WEEKDAYS}.get(field, ())
    return names.index(word) + (field == 3) if word in names else None  # noqa: PLR2004  # months count from 1
