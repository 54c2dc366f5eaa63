"""The ledger in one append-only SQL table, by SQLAlchemy: SQLite by default, PostgreSQL by the same code."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from baseline_pipeline.adapters.ledgers.guards import guards
from baseline_pipeline.errors import ContractError, EvidenceUnavailable, NotInitialised
from baseline_pipeline.governance.chain import GENESIS, Checkpoint, Entry, entry_of, event_of, verify
from baseline_pipeline.records import canonical_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from baseline_pipeline.governance.events import Event
    from baseline_pipeline.records import Digest

METADATA = sa.MetaData()
LEDGER = sa.Table(
    "ledger",
    METADATA,
    sa.Column("seq", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=False),
    sa.Column("prev", sa.String(64), nullable=False, unique=True),  # no record has two successors
    sa.Column("hash", sa.String(64), nullable=False, unique=True),
    sa.Column("key", sa.String(64), nullable=False, unique=True),
    sa.Column("kind", sa.String(64), nullable=False),
    sa.Column("model", sa.String(64), nullable=False, index=True),
    sa.Column("body", sa.Text, nullable=False),
)
IDENTITY = sa.Table("ledger_identity", METADATA, sa.Column("store_id", sa.String(64), primary_key=True))
WRITERS = 0x62706C31
"""Of the advisory lock that PostgreSQL's writers take in turn."""
NOW = {
    "sqlite": "SELECT strftime('%Y-%m-%dT%H:%M:%SZ', 'now')",
    "postgresql": """SELECT to_char(clock_timestamp() AT TIME ZONE 'utc', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')""",
}

ACCEPTED = "sqlite:////path/ledger.db or postgresql+psycopg2://user:password@host/database"


class LedgerConflict(EvidenceUnavailable):
    """Two writers wanted the same place in the ledger; the other one has it."""


class SqlLedger:
    """Events in the order they happened, each bound to the one before; written once, never changed.

    Args:
        url: SQLAlchemy URL with its driver named; a SQLite file must exist already (see `create`).
        store_id: Identity that the table must carry.

    Raises:
        NotInitialised: when the database is absent, belongs to another home, or is of an earlier version.
        ContractError: when the URL is none, or names a database or a driver that is not to be had.
    """

    def __init__(self, url: str, store_id: str) -> None:
        self._engine = _engine(url)
        self._url = self._engine.url
        self._writing = self._engine.execution_options(writing=True)
        self.store_id = store_id
        self._check_identity(store_id)

    @classmethod
    def create(cls, url: str, store_id: str) -> SqlLedger:
        """Make the tables where they are absent, and put the identity on them; safe to repeat."""
        engine = _engine(url)
        with _translated(engine.url), engine.execution_options(writing=True).begin() as connection:
            METADATA.create_all(connection)
            if connection.execute(sa.select(IDENTITY)).first() is None:
                connection.execute(IDENTITY.insert().values(store_id=store_id))
            if _is_chained(connection):
                for statement in guards(engine.dialect.name):
                    connection.exec_driver_sql(statement)
        engine.dispose()
        return cls(url, store_id)

    def _check_identity(self, store_id: str) -> None:
        shown = self.shown
        if self._url.get_backend_name() == "sqlite" and not _sqlite_file_exists(self._url):
            message = f"ledger {shown}: there is no such file"
            raise NotInitialised(message, next_step="check BASELINE_LEDGER_URL, or make it with `baseline init`")
        with _translated(self._url), self._engine.connect() as connection:
            if not sa.inspect(connection).has_table(IDENTITY.name):
                message = f"ledger {shown}: the database holds no ledger"
                raise NotInitialised(message, next_step="check BASELINE_LEDGER_URL, or make it with `baseline init`")
            found = connection.execute(sa.select(IDENTITY.c.store_id)).scalar()
            if not _is_chained(connection):
                message = f"ledger {shown} was written before records were chained"
                raise NotInitialised(
                    message, next_step="keep it as it is, and begin a new home (BASELINE_HOME, `baseline init`)"
                )
        if found != store_id:
            message = f"ledger {shown} belongs to store {found}, this home is store {store_id}"
            raise NotInitialised(
                message, next_step="check BASELINE_HOME and BASELINE_LEDGER_URL: one of them is mistyped"
            )

    def append(self, *events: Event) -> list[Event]:
        """Write events in one transaction; those already written under the same keys are left as they are.

        Returns:
            The events as they stand in the ledger, with their places and the database's time.

        Raises:
            LedgerConflict: when a key is there with other content; nothing is written then.
            EvidenceUnavailable: when the database refuses or cannot be reached.
        """
        with _translated(self._url), self._writing.begin() as connection:
            return [self._append(connection, event) for event in events]

    def _append(self, connection: sa.Connection, event: Event) -> Event:
        there = connection.execute(sa.select(LEDGER).where(LEDGER.c.key == event.key)).first()
        if there is not None:
            return _same(event_of(_entry(there)), event)
        last = connection.execute(sa.select(LEDGER.c.seq, LEDGER.c.hash).order_by(LEDGER.c.seq.desc()).limit(1)).first()
        seq, prev = (1, GENESIS) if last is None else (last.seq + 1, last.hash)
        at = str(connection.exec_driver_sql(NOW[connection.dialect.name]).scalar())
        written = event.model_copy(update={"seq": seq, "at": at})
        connection.execute(LEDGER.insert(), entry_of(written, prev)._asdict())
        return written

    def entries(self) -> Iterator[Entry]:
        """All records as they are stored, oldest first."""
        with _translated(self._url), self._engine.connect() as connection:
            for row in connection.execution_options(yield_per=2000).execute(sa.select(LEDGER).order_by(LEDGER.c.seq)):
                yield _entry(row)

    def events(self, model: str | None = None) -> list[Event]:
        """All events, or one model's, oldest first."""
        query = sa.select(LEDGER).order_by(LEDGER.c.seq)
        if model is not None:
            query = query.where(LEDGER.c.model == model)
        with _translated(self._url), self._engine.connect() as connection:
            return [event_of(_entry(row)) for row in connection.execute(query)]

    def copied(self, url: str) -> SqlLedger:
        """All records as they are now, link by link, in an empty ledger elsewhere; nothing is written here.

        Args:
            url: SQLAlchemy URL of the copy; made where it is not there.

        Raises:
            EvidenceUnavailable: when one of the two cannot be reached, or the other holds records.
        """
        copy = SqlLedger.create(url, self.store_id)
        if copy.head()[0]:
            message = f"ledger {copy.shown} holds records already"
            raise EvidenceUnavailable(message, next_step="name one that is empty")
        with _translated(copy._url), copy._writing.begin() as connection:  # noqa: SLF001  # its own kind
            for entry in self.entries():
                connection.execute(LEDGER.insert(), entry._asdict())
        return copy

    def verify(self, checkpoints: Iterable[Checkpoint] = ()) -> Checkpoint:
        """Recompute every link; returns what the ledger comes to.

        Raises:
            LedgerTampered: naming the first bad record.
        """
        return verify(self.entries(), self.store_id, checkpoints)

    def head(self) -> tuple[int, Digest]:
        """Place and hash of the last record, unverified."""
        with _translated(self._url), self._engine.connect() as connection:
            query = sa.select(LEDGER.c.seq, LEDGER.c.hash).order_by(LEDGER.c.seq.desc()).limit(1)
            last = connection.execute(query).first()
        return (0, GENESIS) if last is None else (int(last.seq), str(last.hash))

    @property
    def shown(self) -> str:
        """The URL without a password, and without options, which may hold one too."""
        return _shown(self._url)

    @contextmanager
    def exclusive(self, name: str) -> Iterator[None]:
        """One holder at a time among all processes that use this ledger; given back by the system when one dies.

        Raises:
            EvidenceUnavailable: when another process held it for a minute.
        """
        from baseline_pipeline.adapters.ledgers.exclusion import excluded

        with excluded(self._engine, name):
            yield

    def close(self) -> None:
        """Give back the connections."""
        self._engine.dispose()


def _same(written: Event, event: Event) -> Event:
    """A retry meets what it wrote before; anything else is another writer's."""
    alike = (written.kind, written.model) == (event.kind, event.model)
    if not alike or canonical_json(written.content) != canonical_json(event.content):
        message = f"another process wrote to the ledger of {event.model} at the same moment ({event.kind})"
        raise LedgerConflict(message, next_step="run again: what it wrote is taken into account")
    return written


def _entry(row: sa.Row[Any]) -> Entry:
    return Entry(row.seq, row.prev, row.hash, row.key, row.kind, row.model, row.body)


def _is_chained(connection: sa.Connection) -> bool:
    return any(column["name"] == "prev" for column in sa.inspect(connection).get_columns(LEDGER.name))


def _engine(url: str) -> sa.Engine:
    try:
        parsed = sa.engine.make_url(url)
        name = parsed.get_backend_name()
        if name not in NOW:
            message = f"the ledger's URL names {name}"
            raise ContractError(message, next_step=f"accepted in BASELINE_LEDGER_URL: {ACCEPTED}")
        options = {"timeout": 60} if name == "sqlite" else {"connect_timeout": 10}
        engine = sa.create_engine(parsed, connect_args=options)
    except (sa.exc.ArgumentError, ValueError):  # whose words may hold a part of a password
        message = "the ledger's URL is none that SQLAlchemy reads; its text is not shown, it may hold a password"
        raise ContractError(message, next_step=f"accepted in BASELINE_LEDGER_URL: {ACCEPTED}") from None
    except ImportError as error:
        message = f"the ledger's URL names a driver that is not installed: {error}"
        raise ContractError(message, next_step=f"install it; accepted in BASELINE_LEDGER_URL: {ACCEPTED}") from error
    if name == "sqlite":
        sa.event.listen(engine, "connect", _durable)
    sa.event.listen(engine, "begin", _in_turn)
    return engine


def _durable(connection: Any, _record: object) -> None:
    """Commits survive a power cut (WAL alone is NORMAL), and transactions begin where we say so."""
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA trusted_schema=OFF")
    cursor.close()


def _in_turn(connection: sa.Connection) -> None:
    """Writers take their turn before they read what they build on."""
    writing = connection.get_execution_options().get("writing", False)
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")
    elif writing:
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({WRITERS})")


def _shown(url: sa.URL) -> str:
    return url.set(query={}).render_as_string(hide_password=True)


def _sqlite_file_exists(url: sa.URL) -> bool:
    from pathlib import Path

    return url.database is not None and Path(url.database).is_file()


@contextmanager
def _translated(url: sa.URL) -> Iterator[None]:
    try:
        yield
    except sa.exc.DBAPIError as error:
        message = f"ledger {_shown(url)}: {str(error.orig).strip()}"
        raise EvidenceUnavailable(message, next_step="see `baseline doctor`") from error
