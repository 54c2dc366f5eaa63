"""Room for built environments: what nobody used for long is thrown away, and what killed processes left."""

from __future__ import annotations

import json
import re
import shutil
import time
from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout

from baseline_pipeline.adapters.environments.built import MARKER

KEPT_DAYS = 60
A_DAY = 86_400.0
KEPT_BYTES = 20 * 10**9
OURS = re.compile(r"[0-9a-f]{24}(-\d+)?")
"""Names of environments, and of what is not finished."""


def make_room(root: Path, keep: Path) -> None:
    """Throw away what nobody used for two months, and the longest unused beyond 20 GB; never what was used today.

    What killed processes left goes too: where nobody holds the lock, nobody builds.
    """
    for folder in [one for one in root.iterdir() if OURS.fullmatch(one.name) and not (one / MARKER).exists()]:
        with suppress(Timeout), FileLock(f"{root / folder.name.partition('-')[0]}.lock", timeout=0):
            remove_unfinished(folder)
    for log in root.glob("*.log"):  # of builds that failed
        if time.time() - _moment(log) > KEPT_DAYS * A_DAY:
            log.unlink(missing_ok=True)
    used = {marker.parent: _moment(marker) for marker in root.glob(f"*/{MARKER}")}
    sizes = {folder: _noted_size(folder) for folder in used}
    total, now = sum(sizes.values()), time.time()
    for folder in sorted(used, key=lambda one: used[one]):
        days = (now - used[folder]) / A_DAY
        if folder == keep or days < 1 or (days < KEPT_DAYS and total <= KEPT_BYTES):
            continue
        (folder / MARKER).unlink(missing_ok=True)
        shutil.rmtree(folder, ignore_errors=True)
        total -= sizes[folder]


def remove_unfinished(unfinished: Path) -> None:
    """Nothing is left of what was not finished."""
    shutil.rmtree(unfinished, ignore_errors=True)
    for suffix in (".txt", ".limits"):
        unfinished.with_suffix(suffix).unlink(missing_ok=True)


def _moment(file: Path) -> float:
    """When a file was touched last; now, where another process has just removed it."""
    try:
        return file.stat().st_mtime
    except OSError:
        return time.time()


def _noted_size(folder: Path) -> int:
    """Bytes as they were counted when it was built: counting all environments again took longer than to build one."""
    with suppress(OSError, ValueError, KeyError):
        return int(json.loads((folder / MARKER).read_text())["bytes"])
    return size_of(folder)


def size_of(folder: Path) -> int:
    """Bytes of all files; what another process removes meanwhile has none."""
    found = 0
    for file in folder.rglob("*"):
        with suppress(OSError):
            found += file.lstat().st_size if file.is_file() else 0
    return found
