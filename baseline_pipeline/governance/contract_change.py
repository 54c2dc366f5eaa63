"""What differs between two contracts, in words."""

from __future__ import annotations

from typing import Any

LONGEST = 80


def changed_words(before: Any, after: Any) -> list[str]:
    """Every place that differs; nothing where there was no contract before.

    Example:
        >>> changed_words({"a": {"b": 1}, "c": [1]}, {"a": {"b": 2}, "c": [1, 5]})
        ['a.b: 1 -> 2', 'c.1: nothing -> 5']
    """
    if before is None:
        return []
    old, new = _flat(before, ""), _flat(after, "")
    places = [*old, *(place for place in new if place not in old)]
    return [
        f"{place}: {_shown(old, place)} -> {_shown(new, place)}"
        for place in places
        if old.get(place, ...) != new.get(place, ...)
    ]


def _flat(value: Any, place: str) -> dict[str, Any]:
    if isinstance(value, dict):
        items = list(value.items())
    elif isinstance(value, list):
        items = [(str(number), one) for number, one in enumerate(value)]
    else:
        return {place: value}
    found: dict[str, Any] = {}
    for name, one in items:
        found |= _flat(one, f"{place}.{name}" if place else str(name))
    return found


def _shown(flat: dict[str, Any], place: str) -> str:
    return str(flat[place])[:LONGEST] if place in flat else "nothing"
