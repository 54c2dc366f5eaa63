"""The ledger in one append-only SQL table, by SQLAlchemy; SQLite by default."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING

import sqlalchemy as sa

from baseline_pipeline.errors import EvidenceUnavailable, NotInitialised
from baseline_pipeline.governance.events import Event
from baseline_pipeline.records import canonical_json

if TYPE_CHECKING:
    from collections.abc import Iterator

METADATA = sa.MetaData()
LEDGER = sa.Table(
    "ledger",
    METADATA,
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("at", sa.DateTime(timezone=True), server_default=sa.func.current_timestamp(), nullable=False),
    sa.Column("kind", sa.String(64), nullable=False),
    sa.Column("model", sa.String(64), nullable=False, index=True),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("key", sa.String(64), nullable=False, unique=True),
    sa.Column("content", sa.Text, nullable=False),
    sqlite_autoincrement=True,
)
IDENTITY = sa.Table("ledger_identity", METADATA, sa.Column("store_id", sa.String(64), primary_key=True))

_REFUSE_CHANGES = tuple(
    f"CREATE TRIGGER IF NOT EXISTS ledger_keeps_rows_{verb} BEFORE {verb} ON ledger "
    "BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END"
    for verb in ("DELETE", "UPDATE")
)


class LedgerConflict(EvidenceUnavailable):
    """Two writers wanted the same place in the ledger; the other one has it."""


class SqlLedger:
    """Events in the order they happened; written once, never changed.

    Args:
        url: SQLAlchemy URL with its driver named; a SQLite file must exist already (see `create`).
        store_id: Identity that the table must carry.

    Raises:
        NotInitialised: when the database is absent, or belongs to another home.
    """

    def __init__(self, url: str, store_id: str) -> None:
        self._url = sa.engine.make_url(url)
        self._engine = _engine(self._url)
        self._check_identity(store_id)

    @classmethod
    def create(cls, url: str, store_id: str) -> SqlLedger:
        """Make the tables where they are absent, and put the identity on them; safe to repeat."""
        engine = _engine(sa.engine.make_url(url))
        with _translated(engine.url), engine.begin() as connection:
            METADATA.create_all(connection)
            if connection.execute(sa.select(IDENTITY)).first() is None:
                connection.execute(IDENTITY.insert().values(store_id=store_id))
            if engine.dialect.name == "sqlite":
                for statement in _REFUSE_CHANGES:
                    connection.execute(sa.text(statement))
        engine.dispose()
        return cls(url, store_id)

    def _check_identity(self, store_id: str) -> None:
        shown = self._url.render_as_string(hide_password=True)
        if self._url.get_backend_name() == "sqlite" and not _sqlite_file_exists(self._url):
            message = f"ledger {shown}: there is no such file"
            raise NotInitialised(message, next_step="check BASELINE_LEDGER_URL, or make it with `baseline init`")
        with _translated(self._url), self._engine.connect() as connection:
            if not sa.inspect(connection).has_table(IDENTITY.name):
                message = f"ledger {shown}: the database holds no ledger"
                raise NotInitialised(message, next_step="check BASELINE_LEDGER_URL, or make it with `baseline init`")
            found = connection.execute(sa.select(IDENTITY.c.store_id)).scalar()
        if found != store_id:
            message = f"ledger {shown} belongs to store {found}, this home is store {store_id}"
            raise NotInitialised(
                message, next_step="check BASELINE_HOME and BASELINE_LEDGER_URL: one of them is mistyped"
            )

    def append(self, *events: Event) -> list[Event]:
        """Write events in one transaction, or return those already written under the same keys.

        Raises:
            LedgerConflict: when a key is there with other content; nothing is written then.
            EvidenceUnavailable: when the database refuses or cannot be reached.
        """
        if not events:
            return []
        rows = [_row(event) for event in events]
        keys = [event.key for event in events]
        with _translated(self._url):
            try:
                with self._engine.begin() as connection:
                    connection.execute(LEDGER.insert(), rows)
            except sa.exc.IntegrityError:
                self._require_same(rows)
            with self._engine.connect() as connection:
                found = connection.execute(sa.select(LEDGER).where(LEDGER.c.key.in_(keys)).order_by(LEDGER.c.seq))
                return [_event(row) for row in found]

    def _require_same(self, rows: list[dict[str, str]]) -> None:
        """A retry meets what it wrote before; anything else is another writer's."""
        with self._engine.connect() as connection:
            for row in rows:
                found = connection.execute(sa.select(LEDGER.c.content).where(LEDGER.c.key == row["key"])).scalar()
                if found != row["content"]:
                    message = (
                        f"another process wrote to the ledger of {row['model']} at the same moment ({row['kind']})"
                    )
                    raise LedgerConflict(message, next_step="run again: what it wrote is taken into account")

    def events(self, model: str | None = None) -> list[Event]:
        """All events, or one model's, oldest first."""
        query = sa.select(LEDGER).order_by(LEDGER.c.seq)
        if model is not None:
            query = query.where(LEDGER.c.model == model)
        with _translated(self._url), self._engine.connect() as connection:
            return [_event(row) for row in connection.execute(query)]

    def close(self) -> None:
        """Give back the connections."""
        self._engine.dispose()


def _row(event: Event) -> dict[str, str]:
    row = event.model_dump(mode="json", exclude={"seq", "at", "content"})
    return {**row, "content": canonical_json(event.content).decode()}


def _event(row: sa.Row[tuple[object, ...]]) -> Event:
    values = dict(row._mapping)  # noqa: SLF001  # SQLAlchemy's public name for a row as a mapping
    values["content"] = json.loads(values["content"])
    values["at"] = values["at"].replace(tzinfo=None).isoformat(timespec="seconds") + "Z"
    return Event.model_validate(values)


def _engine(url: sa.URL) -> sa.Engine:
    options = {"timeout": 30} if url.get_backend_name() == "sqlite" else {"connect_timeout": 10}
    engine = sa.create_engine(url, connect_args=options)
    if url.get_backend_name() == "sqlite":
        sa.event.listen(engine, "connect", _durable)
    return engine


def _durable(connection: object, _record: object) -> None:
    """Commits survive a power cut (WAL alone is NORMAL)."""
    cursor = connection.cursor()  # type: ignore[attr-defined]  # a DBAPI connection
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.close()


def _sqlite_file_exists(url: sa.URL) -> bool:
    from pathlib import Path

    return url.database is not None and Path(url.database).is_file()


@contextmanager
def _translated(url: sa.URL) -> Iterator[None]:
    try:
        yield
    except (sa.exc.OperationalError, sa.exc.DatabaseError) as error:
        if isinstance(error, sa.exc.IntegrityError):
            raise
        message = f"ledger {url.render_as_string(hide_password=True)}: {error.orig}"
        raise EvidenceUnavailable(message, next_step="see `baseline doctor`") from error
