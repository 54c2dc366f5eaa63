"""When what an incident's alarms speak of was over, and when it came again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

UNKNOWN = "~"
"""Later than any instant: of what ended without a last window nobody can say that something came after it."""


class Episodes:
    """Alarms of each cause that are open, as an incident's events come by."""

    def __init__(self) -> None:
        self._open: dict[str, set[str]] = {}
        self._last: dict[str, str] = {}

    def turned(self, content: Mapping[str, Any]) -> None:
        """Take in alarms that ended or are open again."""
        keys = set(content.get("alarms", ()))
        for name, there in self._open.items():
            if content["change"] == "ended" and keys & there:
                there.difference_update(keys)
                self._last[name] = max(self._last.get(name, ""), str(content.get("last", "")))

    def come(self, name: str, keys: Collection[str], since: str) -> bool:
        """Take in alarms of a cause; whether it came again after all of its alarms were over."""
        last = self._last.get(name) or UNKNOWN
        again = name in self._open and not self._open[name] and since > last
        self._open.setdefault(name, set()).update(keys)
        return again
