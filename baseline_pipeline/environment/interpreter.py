"""Where the installed packages differ from the locked ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.markers import InvalidMarker, Marker
from packaging.version import InvalidVersion, Version

from baseline_pipeline.evaluation import PackageDifference

if TYPE_CHECKING:
    from collections.abc import Mapping

    from baseline_pipeline.environment.lock import Lock


def differences(lock: Lock, installed: Mapping[str, str]) -> tuple[PackageDifference, ...]:
    """Locked packages that are absent or have another version, by name.

    Packages whose marker does not hold here are not expected; what is installed beyond the lock is
    not looked at. A package locked to a place (a URL, a commit) only has to be there.

    Args:
        lock: What was declared.
        installed: Version by normalised name.
    """
    found = []
    for package in lock.packages:
        if not _applies(package.marker):
            continue
        have = installed.get(package.name)
        if have is None or (package.version is not None and not _same(package.version, have)):
            found.append(PackageDifference(package=package.name, locked=package.shown, installed=have))
    return tuple(found)


def _applies(marker: str) -> bool:
    try:
        return not marker or Marker(marker).evaluate()
    except InvalidMarker:
        return True  # a platform or a group, as conda-lock and poetry write them


def _same(locked: str, installed: str) -> bool:
    try:
        one, two = Version(locked), Version(installed)
    except InvalidVersion:
        return locked == installed
    return one == two or (one.local is None and one.public == two.public)
