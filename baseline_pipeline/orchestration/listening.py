"""Progress of stages, told to whoever runs them in this process besides Dagster's log."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar

LISTENER: ContextVar[Callable[[str], None] | None] = ContextVar("LISTENER", default=None)


def also_to(log: Callable[[str], None]) -> Callable[[str], None]:
    """A progress function that writes to a log and to the listener, if there is one."""
    listener = LISTENER.get()

    def tell(message: str) -> None:
        log(message)
        if listener is not None:
            listener(message)

    return tell
