"""How many records went where."""

from __future__ import annotations

import threading
from dataclasses import dataclass

MESSAGE_LENGTH = 500


@dataclass(frozen=True)
class Facts:
    """Counts since the recorder was made, or since the fork in a forked child; each record counts once.

    recorded = sampled_out + dropped_full + failed + written + pending.
    """

    recorded: int
    """Records passed to `record` and rows passed to `record_batch`."""
    sampled_out: int
    """Left out by the share or by the reservoir, as intended."""
    dropped_full: int
    """Left out since the memory was used up, or the record alone was too large for it."""
    failed: int
    """Could not be taken as they were, or could not be written until closing."""
    written: int
    """Rows in visible files, synced to disk."""
    pending: int
    """In memory, or on their way."""
    files: int
    """Visible files."""
    failed_casts: int
    """Columns written as text since their values share no type; once per column and file."""
    last_error: str | None
    """The latest failure, as `<type>: <message>`."""


class Tally:
    """The counts while they change; whoever changes one holds the lock.

    The lock is reentrant: a signal handler or a finaliser that records must not wait for the frame it interrupted.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.recorded = self.sampled_out = self.dropped_full = self.failed = 0
        self.written = self.files = self.failed_casts = 0
        self.last_error: str | None = None

    def fail(self, rows: int, problem: BaseException) -> None:
        """Count rows as failed (none, where they are tried again), and keep the reason."""
        message = text_of(problem)
        with self.lock:
            self.failed += rows
            self.last_error = message

    def refuse(self, rows: int, problem: BaseException) -> None:
        """Count rows that never came as far as sampling."""
        with self.lock:
            self.recorded += rows
            self.fail(rows, problem)

    def facts(self) -> Facts:
        with self.lock:
            gone = self.sampled_out + self.dropped_full + self.failed + self.written
            return Facts(
                recorded=self.recorded,
                sampled_out=self.sampled_out,
                dropped_full=self.dropped_full,
                failed=self.failed,
                written=self.written,
                pending=self.recorded - gone,
                files=self.files,
                failed_casts=self.failed_casts,
                last_error=self.last_error,
            )


def text_of(problem: BaseException) -> str:
    """`<type>: <message>`, shortened; the type alone where the message cannot be had.

    Example:
        >>> text_of(ValueError("no such carrier"))
        'ValueError: no such carrier'
    """
    try:
        return f"{type(problem).__name__}: {problem}"[:MESSAGE_LENGTH]
    except Exception:  # an exception whose text raises
        return type(problem).__name__
