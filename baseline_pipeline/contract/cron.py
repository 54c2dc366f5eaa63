"""When a cron expression ticks next."""

from __future__ import annotations

import datetime as dt

_BOUNDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
_FIELDS = ("minute", "hour", "day of month", "month", "day of week")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_FAR_DAYS = 366 * 8 + 3
"""No date of the calendar is further off than the next 29 February over a century's end."""


def next_day(expression: str, after: dt.datetime) -> dt.date:
    """The day of the next tick of a cron expression after an instant.

    Day of month and day of week are alternatives where both are restricted, as cron has it.

    Args:
        expression: Minute, hour, day of month, month, day of week.
        after: UTC.

    Raises:
        ValueError: when a field is not understood, or no day ever fits.

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
    raise ValueError(message)


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
            message = (
                f"schedule {expression!r}: {_FIELDS[number]} {part!r} is not understood; "
                "accepted: *, */2, 5, 1-5, 1,15, or names such as mon and jan"
            )
            raise ValueError(message)
        found |= set(range(start, end + 1, step))
    return found


def _number(field: int, word: str) -> int | None:
    if word.isdigit():
        return int(word)
    names = {3: _MONTHS, 4: _WEEKDAYS}.get(field, ())
    return names.index(word) + (field == 3) if word in names else None  # noqa: PLR2004  # months count from 1


def understood(expression: str) -> str:
    """The expression as it stands, where it can be read.

    Raises:
        ValueError: see `next_day`.

    Example:
        >>> understood("0 9 1 * *")
        '0 9 1 * *'
    """
    next_day(expression, dt.datetime(2000, 1, 1, tzinfo=dt.UTC))
    return expression
