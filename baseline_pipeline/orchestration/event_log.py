"""Dagster's own SQLite event log, with databases that stay open from one event to the next."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._core.storage.sql import create_engine
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from sqlalchemy import event

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

    from sqlalchemy import Connection, Engine

KEPT = 4
"""Databases that stay open; each run has one."""


class EventLog(SqliteEventLogStorage):
    """The same files as Dagster's, for a process that makes runs itself.

    Dagster opens and closes a database for every event, and whoever closes it last makes SQLite fold its write-ahead
    log into the file: a run with 35 asset checks waits for the disk some thousand times. Here each event is committed
    as before, and the file is closed later; so a web server that watches the file shows the run when it is over.
    A commit does not wait for the disk, either: a process that is killed loses nothing, and after a power cut the last
    events of a run may be missing here, while what the run measured and decided lies in the store and the ledger.

    Args:
        base_dir: Where the databases are.
        inst_data: How Dagster was told to make this.
    """

    def __init__(self, base_dir: str, inst_data: Any = None) -> None:
        self._engines: dict[str, Engine] = {}
        super().__init__(base_dir, inst_data)

    @classmethod
    def from_config_value(cls, inst_data: Any, config_value: Any) -> EventLog:
        """What Dagster calls."""
        return cls(config_value["base_dir"], inst_data)

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        with self._db_lock:
            engine = self._engine(shard)
            if shard not in self._initialized_dbs:
                self._initdb(engine)
                self._initialized_dbs.add(shard)
            with engine.begin() as connection:
                yield connection

    def _engine(self, shard: str) -> Engine:
        """The shard's engine; the one that was used longest ago is closed where there are too many."""
        engine = self._engines.pop(shard, None) or self._opened(shard)
        self._engines[shard] = engine
        if len(self._engines) > KEPT:
            self._engines.pop(next(iter(self._engines))).dispose()
        return engine

    def _opened(self, shard: str) -> Engine:
        engine = create_engine(self.conn_string_for_shard(shard), connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS})
        event.listen(engine, "connect", _do_not_wait_for_the_disk)
        return engine

    def dispose(self) -> None:
        """Close all databases."""
        while self._engines:
            self._engines.popitem()[1].dispose()
        super().dispose()


def _do_not_wait_for_the_disk(connection: sqlite3.Connection, _record: object) -> None:
    """The write-ahead log reaches the disk when it is folded into the file (SQLite, "PRAGMA synchronous")."""
    connection.execute("PRAGMA synchronous = NORMAL")
