"""Where the installed packages differ from the locked ones."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from packaging.version import InvalidVersion, Version

from baseline_pipeline.environment.installable import pin_of, pinned
from baseline_pipeline.evaluation import PackageDifference

if TYPE_CHECKING:
    from collections.abc import Mapping

    from baseline_pipeline.environment.installable import Installable

_LEFT_OUT = re.compile(r"(?P<name>\S+) (?P<version>\S+) \((?P<place>.*)\)")
"""What the installer cannot bring and has a version; a folder of the project has none."""


def differences(wanted: Installable, installed: Mapping[str, str]) -> tuple[PackageDifference, ...]:
    r"""Locked packages that are absent or have another version, by name.

    What the lockfile does not install here (other platforms, development groups, extras nobody asks for) is not
    expected, and what is installed beyond it is not looked at. A package locked to a place (a URL) only has to be
    there. conda's own packages count where they are installed as Python's.

    Args:
        wanted: What was declared.
        installed: Version by normalised name.

    Example:
        >>> from baseline_pipeline.environment.installable import installable
        >>> [one.package for one in differences(installable("a.lock", "numpy==2.4.6\nsix==1.17.0"), {"six": "1.17.0"})]
        ['numpy']
    """
    found = []
    for name, version, optional in sorted(_expected(wanted)):
        have = installed.get(name)
        absent = have is None and not optional
        if absent or (have is not None and version and not _same(version, have)):
            found.append(PackageDifference(package=name, locked=version or "a place of its own", installed=have))
    return tuple(found)


def _expected(wanted: Installable) -> list[tuple[str, str, bool]]:
    """Name, version (empty where a place is locked), and whether it may be absent."""
    found = [(pinned(line), pin_of(line) or "", False) for line in wanted.lines]
    for one in wanted.left_out:
        told = _LEFT_OUT.fullmatch(one)
        if told:
            found.append((told["name"], told["version"], told["place"] == "conda"))
    return found


def _same(locked: str, installed: str) -> bool:
    try:
        one, two = Version(locked), Version(installed)
    except InvalidVersion:
        return locked == installed
    return one == two or (one.local is None and one.public == two.public)
