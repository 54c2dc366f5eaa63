"""The packages installed beside this interpreter."""

from __future__ import annotations

from importlib import metadata

from packaging.utils import canonicalize_name


def installed_packages() -> dict[str, str]:
    """Version by normalised name; the first one found on the path is the one imported."""
    found: dict[str, str] = {}
    for distribution in metadata.distributions():
        name = distribution.metadata["Name"]
        if name:
            found.setdefault(canonicalize_name(name), distribution.version)
    return found
