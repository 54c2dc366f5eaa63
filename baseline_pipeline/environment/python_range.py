"""Which Pythons a lockfile is for, as uv, PEP 751 and poetry write it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from packaging.specifiers import InvalidSpecifier, SpecifierSet

if TYPE_CHECKING:
    from collections.abc import Mapping

_NEXT = re.compile(r"(?P<sign>[\^~])\s*(?P<version>\d+(?:\.\d+)*)")
"""poetry's `^3.10` and `~3.10`; `~=` is everybody's."""


def python_range(document: Mapping[str, Any]) -> str:
    """What a lockfile in TOML says; empty where it says nothing.

    Example:
        >>> python_range({"requires-python": ">=3.11"}), python_range({"metadata": {"python-versions": "^3.10"}})
        ('>=3.11', '^3.10')
    """
    metadata = document.get("metadata")
    told = document.get("requires-python") or (metadata.get("python-versions") if isinstance(metadata, dict) else "")
    return told.strip() if isinstance(told, str) else ""


def admits(told: str, version: str) -> bool:
    """Whether a Python is among those that a lockfile is for; what cannot be read excludes none.

    Args:
        told: See `python_range`; alternatives stand between `||`.
        version: Of an interpreter.

    Example:
        >>> [admits(one, "3.11.7") for one in (">=3.12", "^3.10", "~3.10", "3.11.*", ">=3.8 <3.10 || >=3.11", "*")]
        [False, True, False, True, True, True]
    """
    return not told or any(_among(part, version) for part in told.split("||"))


def _among(told: str, version: str) -> bool:
    words = re.sub(r"([<>=!~^])\s+", r"\1", _NEXT.sub(_bounds, told)).replace(",", " ").split()
    pinned = [one if re.match(r"[<>=!~]", one) else f"=={one}" for one in words if one != "*"]
    try:
        return SpecifierSet(",".join(pinned)).contains(version, prereleases=True)
    except InvalidSpecifier:
        return True


def _bounds(found: re.Match[str]) -> str:
    """`^3.10` ends before 4, `~3.10` before 3.11, `~3` before 4."""
    numbers = [int(one) for one in found["version"].split(".")]
    kept = numbers[:1] if found["sign"] == "^" or len(numbers) == 1 else numbers[:2]
    above = ".".join(map(str, [*kept[:-1], kept[-1] + 1]))
    return f">={found['version']} <{above}"
