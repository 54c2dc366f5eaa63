"""The packages installed beside this interpreter."""

from __future__ import annotations

import sys
from functools import lru_cache
from importlib import metadata
from pathlib import Path

from packaging.utils import canonicalize_name


def installed_packages() -> dict[str, str]:
    """Version by normalised name; the first one found on the path is the one imported."""
    found: dict[str, str] = {}
    for place in sys.path:
        found = _installed(place, _moved(place)) | found
    return found


def _moved(place: str) -> int | None:
    """When something was last installed in or removed from a folder or archive; `None` where there is none."""
    try:
        return Path(place or ".").stat().st_mtime_ns
    except OSError:
        return None


@lru_cache(maxsize=64)
def _installed(place: str, moved: int | None) -> dict[str, str]:  # noqa: ARG001  # asked again where it moved
    """What is installed in a place as it was at a moment: reading 200 packages takes a tenth of a second.

    One place at a time: the folder one stands in is on the path as well, and every file made there moves it.
    """
    found: dict[str, str] = {}
    for distribution in metadata.distributions(path=[place]):
        name = distribution.metadata["Name"]
        if name:
            found.setdefault(canonicalize_name(name), distribution.version)
    return found
