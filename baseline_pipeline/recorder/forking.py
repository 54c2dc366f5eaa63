"""What becomes of recorders when the process forks or ends: a child must inherit no lock and no half-read module."""

from __future__ import annotations

import atexit
import logging as _logging  # noqa: F401  # its fork hooks must be older than ours: pyarrow logs while it is imported
import os
import threading
import time
import weakref
from contextlib import suppress
from typing import Protocol

FORK_SECONDS = 5.0
"""How long a fork waits for threads at work."""
importing = threading.RLock()
"""Held while pyarrow is imported, and while the process forks."""


class Recording(Protocol):
    """What has a thread of its own."""

    def rest(self, timeout: float) -> bool:
        """Keep the thread from working, before a fork; whether it rests within so many seconds."""

    def resume(self) -> None:
        """The end of `rest`, where it was granted."""

    def begin_in_child(self) -> None:
        """Start afresh after a fork."""

    def close(self) -> None:
        """Write what was recorded, and record no more."""


_alive: weakref.WeakSet[Recording] = weakref.WeakSet()
_resting: list[Recording] = []


def look_after(one: Recording) -> None:
    """Let it rest while the process forks, begin afresh in the child, and close as the process ends."""
    _alive.add(one)


def _close_all() -> None:
    for one in list(_alive):
        one.close()


def _before_fork() -> None:
    """Wait for the threads, but not for a disk that hangs."""
    end = time.monotonic() + FORK_SECONDS
    # first these, then the import: the order the threads take them in
    _resting.extend(one for one in list(_alive) if one.rest(max(0.0, end - time.monotonic())))
    importing.acquire(timeout=max(0.0, end - time.monotonic()))


def _after_fork() -> None:
    while _resting:
        _resting.pop().resume()
    with suppress(RuntimeError):  # the time was over before it was had
        importing.release()


def _begin_all() -> None:
    _after_fork()
    for one in list(_alive):
        one.begin_in_child()


atexit.register(_close_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_parent=_after_fork, after_in_child=_begin_all)
