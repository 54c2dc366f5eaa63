"""Days and times that conditions write as texts."""

from __future__ import annotations

import datetime as dt

import numpy as np

OF_NANOSECONDS = (np.datetime64("1677-09-22", "us"), np.datetime64("2262-04-11", "us"))
"""The first and last whole days that nanoseconds of 64 bits can count."""


def instant(text: str, unit: str = "us") -> np.datetime64:
    """A day (its first moment) or a time in UTC, as ISO 8601 writes it; UTC where it says no offset.

    Args:
        text: Such as `2026-05-10` or `2026-05-10T12:30:00+02:00`.
        unit: Of the times that it is compared with; what lies beyond the range of nanoseconds is put at its end.

    Raises:
        TypeError: with what is accepted.

    Example:
        >>> str(instant("2026-05-10T12:30:00+02:00"))
        '2026-05-10T10:30:00.000000'
    """
    try:
        found = dt.datetime.fromisoformat(text)
        if found.tzinfo is not None:
            found = found.astimezone(dt.UTC).replace(tzinfo=None)
    except (ValueError, OverflowError) as error:
        message = f"{text!r} is no day or time; accepted: such as '2026-05-10' or '2026-05-10T12:30:00+02:00'"
        raise TypeError(message) from error
    whole = np.datetime64(found, "us")
    return min(max(whole, OF_NANOSECONDS[0]), OF_NANOSECONDS[1]) if unit == "ns" else whole
