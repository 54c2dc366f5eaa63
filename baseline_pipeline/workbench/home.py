"""The state directory: made once under a lock, recognised by its identity ever after."""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path

from filelock import FileLock, Timeout

from baseline_pipeline.errors import NotInitialised
from baseline_pipeline.settings import Settings

IDENTITY = "identity.json"
LOCK_SECONDS = 300

Maker = Callable[[Settings, str], object]
"""Makes one part of a home for the store id given; safe to repeat."""


def store_id(settings: Settings) -> str:
    """The identity of an initialised home.

    Raises:
        NotInitialised: when the home is absent or was never finished: a mistyped path must not
            become a fresh, empty store.
    """
    file = settings.home / IDENTITY
    try:
        content = json.loads(file.read_text())
        return str(content["store_id"])
    except FileNotFoundError as error:
        state = "is not initialised" if settings.home.exists() else "does not exist"
        message = f"home {settings.home} {state}"
        raise NotInitialised(message, next_step="check BASELINE_HOME, or make it with `baseline init`") from error
    except (ValueError, KeyError, TypeError) as error:
        message = f"{file} does not hold an identity"
        raise NotInitialised(message, next_step="restore the file from a backup; it names the store") from error


def initialise(settings: Settings, makers: Sequence[Maker]) -> bool:
    """Make the home and its parts, once, however many processes ask at the same time.

    Args:
        settings: Where the home is.
        makers: The parts, in order; run under the home's lock.

    Returns:
        Whether the home was made now.

    Raises:
        NotInitialised: when the folder holds something else, or another process holds the lock for
            more than five minutes.
    """
    if (settings.home / IDENTITY).exists():
        return False
    settings.home.mkdir(parents=True, exist_ok=True)
    lock = FileLock(settings.home / ".lock", timeout=LOCK_SECONDS)
    try:
        with lock:
            if (settings.home / IDENTITY).exists():
                return False
            _refuse_foreign(settings.home)
            _make(settings, makers)
    except Timeout as error:
        message = f"{settings.home / '.lock'} has been held for {LOCK_SECONDS} s"
        raise NotInitialised(message, next_step="see which process holds it, end it, and try again") from error
    return True


def _make(settings: Settings, makers: Sequence[Maker]) -> None:
    unfinished = settings.home / ".unfinished"
    identity = unfinished.read_text() if unfinished.exists() else uuid.uuid4().hex
    unfinished.write_text(identity)
    settings.scratch.mkdir(exist_ok=True)
    for make in makers:
        make(settings, identity)
    temporary = settings.home / f".{IDENTITY}"
    temporary.write_text(json.dumps({"store_id": identity, "project": settings.project.name}) + "\n")
    os.replace(temporary, settings.home / IDENTITY)
    unfinished.unlink()


def _refuse_foreign(home: Path) -> None:
    found = {entry.name for entry in home.iterdir()} - {".lock"}
    if found and ".unfinished" not in found:
        message = f"{home} holds {', '.join(sorted(found)[:5])} and no {IDENTITY}: it is something else's folder"
        raise NotInitialised(message, next_step="name an empty or absent folder as BASELINE_HOME")
