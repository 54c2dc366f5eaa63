"""One process at a time, by a lock that dies with its holder."""

from __future__ import annotations

import hashlib
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import sqlalchemy as sa
from filelock import FileLock, Timeout

from baseline_pipeline.errors import EvidenceUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

PATIENCE = 60.0


@contextmanager
def excluded(engine: sa.Engine, name: str) -> Iterator[None]:
    """Hold a lock beside a SQLite file, or PostgreSQL's advisory lock of a session.

    Raises:
        EvidenceUnavailable: when another process held it for a minute.
    """
    holding = _in_postgresql if engine.dialect.name == "postgresql" else _beside_file
    with holding(engine, name):
        yield


def _busy(name: str) -> EvidenceUnavailable:
    message = f"another process has been at {name} for {PATIENCE:.0f} s"
    return EvidenceUnavailable(message, next_step="see that it is alive, and run again")


@contextmanager
def _beside_file(engine: sa.Engine, name: str) -> Iterator[None]:
    safe = hashlib.sha256(name.encode()).hexdigest()[:16]
    try:
        with FileLock(f"{engine.url.database}.{safe}.lock", timeout=PATIENCE):
            yield
    except Timeout as error:
        raise _busy(name) from error


@contextmanager
def _in_postgresql(engine: sa.Engine, name: str) -> Iterator[None]:
    number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        deadline = time.monotonic() + PATIENCE
        while not connection.execute(sa.select(sa.func.pg_try_advisory_lock(number))).scalar():
            if time.monotonic() > deadline:
                raise _busy(name)
            time.sleep(0.05)
        try:
            yield
        finally:
            connection.execute(sa.select(sa.func.pg_advisory_unlock(number)))
