"""The outbox's SQLite file: its tables, and transactions in turn with other processes'."""

from __future__ import annotations

import secrets
import sqlite3
import time
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from baseline_pipeline.errors import EvidenceUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

VERSION = 2
PATIENCE = 60.0
"""Seconds that one process waits for another's transaction."""
TABLES = """
CREATE TABLE IF NOT EXISTS naming (key BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS receivers (id TEXT PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS messages (key TEXT PRIMARY KEY, model TEXT NOT NULL, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS lanes (
    receiver TEXT NOT NULL, owner TEXT NOT NULL, failures INTEGER NOT NULL, opens REAL NOT NULL,
    PRIMARY KEY (receiver, owner)
);
CREATE TABLE IF NOT EXISTS deliveries (
    receiver TEXT NOT NULL, key TEXT NOT NULL, owner TEXT NOT NULL, tier TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('pending', 'sent', 'silenced', 'left')),
    tried REAL NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, notification TEXT NOT NULL DEFAULT '',
    holder TEXT NOT NULL DEFAULT '', lease REAL NOT NULL DEFAULT 0,
    failing_since REAL, error TEXT NOT NULL DEFAULT '', sent_at REAL,
    PRIMARY KEY (receiver, key)
);
CREATE INDEX IF NOT EXISTS deliveries_by_state ON deliveries (receiver, state, sent_at);
CREATE INDEX IF NOT EXISTS deliveries_by_notification ON deliveries (receiver, notification)
"""


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection to the file, made where it is not there.

    Raises:
        EvidenceUnavailable: when it cannot be read, or was written by another version.
    """
    with _translated(path), closing(_connection(path)) as connection:
        yield connection


@contextmanager
def writing(path: Path) -> Iterator[sqlite3.Connection]:
    """A transaction, in turn with other processes', that survives a power cut.

    Raises:
        EvidenceUnavailable: when the file cannot be written; nothing is kept then.
    """
    with reading(path) as connection:
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")


def _connection(path: Path) -> sqlite3.Connection:
    """Commits survive a power cut, and transactions begin where we say so."""
    connection = sqlite3.connect(path, timeout=PATIENCE, isolation_level=None)
    try:
        _prepare(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA trusted_schema=OFF")
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version == VERSION:
        return
    if version:
        message = f"outbox {path} was written by another version of this package"
        raise EvidenceUnavailable(message, next_step="go on with the version that wrote it, or move the file away")
    _write_ahead(connection)
    connection.execute("BEGIN IMMEDIATE")
    for statement in TABLES.split(";"):
        connection.execute(statement)
    if connection.execute("SELECT count(*) FROM naming").fetchone() == (0,):
        connection.execute("INSERT INTO naming VALUES (?)", (secrets.token_bytes(32),))
    connection.execute(f"PRAGMA user_version={VERSION}")
    connection.execute("COMMIT")


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Keep a write-ahead log from now on; two that open a new file at once wait for each other, as SQLite does not."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError:
            if time.monotonic() > until:
                raise
            time.sleep(0.02)
        else:
            return


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        message = f"outbox {path}: {error}"
        raise EvidenceUnavailable(message, next_step="see `baseline doctor`") from error
