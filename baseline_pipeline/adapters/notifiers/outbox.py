"""The outbox: what people are to be told, in a SQLite file, until each receiver has taken it.

A notification is leased in one transaction, sent, and recorded in another. A process that is killed between the two
leaves its lease behind; when that is over the same notification goes out once more, under the same idempotency key. So
a receiver sees it at most twice for each such death, and once where it knows keys.
"""

from __future__ import annotations

import datetime as dt
import json
import secrets
import sqlite3
import time
import uuid
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from baseline_pipeline.adapters.notifiers.addresses import receiver_id, receiver_name
from baseline_pipeline.adapters.notifiers.apprise import notify
from baseline_pipeline.adapters.notifiers.webhook import SECONDS, post
from baseline_pipeline.errors import EvidenceUnavailable
from baseline_pipeline.records import canonical_json
from baseline_pipeline.response.delivery import (
    HOUR,
    LEASE,
    PER_HOUR,
    Delivered,
    Lane,
    NotDelivered,
    ReceiverStatus,
    Waiting,
    after_failure,
    is_dead,
    next_notification,
    silenced,
    wanted,
)
from baseline_pipeline.response.messages import Message, worst_first

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from baseline_pipeline.contract.monitoring import Receiver
    from baseline_pipeline.records import Digest
    from baseline_pipeline.response.delivery import Notification, Silence

    Send = Callable[[Receiver, Sequence[Message], Digest, float], None]

VERSION = 2
TABLES = """
CREATE TABLE IF NOT EXISTS naming (key BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS receivers (id TEXT PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS messages (key TEXT PRIMARY KEY, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS lanes (
    receiver TEXT NOT NULL, owner TEXT NOT NULL, failures INTEGER NOT NULL, opens REAL NOT NULL,
    PRIMARY KEY (receiver, owner)
);
CREATE TABLE IF NOT EXISTS deliveries (
    receiver TEXT NOT NULL, key TEXT NOT NULL, owner TEXT NOT NULL, tier TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('pending', 'sent', 'silenced')),
    tried REAL NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, notification TEXT NOT NULL DEFAULT '',
    holder TEXT NOT NULL DEFAULT '', lease REAL NOT NULL DEFAULT 0,
    failing_since REAL, error TEXT NOT NULL DEFAULT '', sent_at REAL,
    PRIMARY KEY (receiver, key)
);
CREATE INDEX IF NOT EXISTS deliveries_by_state ON deliveries (receiver, state, sent_at);
CREATE INDEX IF NOT EXISTS deliveries_by_notification ON deliveries (receiver, notification)
"""


def send(receiver: Receiver, messages: Sequence[Message], key: Digest, seconds: float) -> None:
    """Tell a receiver in its own way.

    Raises:
        NotDelivered: when it did not take it.
    """
    if receiver.webhook is not None:
        post(receiver, messages, key, seconds)
    else:
        notify(receiver, messages, key, seconds)


class Outbox:
    """What people are to be told.

    Processes may use one file at the same time. Receivers' addresses are never in it: they are named by scheme, host
    and a digest under a key of this file, so that none of their tokens can be found out by trial from what is shown.

    Args:
        path: The SQLite file; made when a message is first added.
        per_hour: Notifications that one receiver takes in an hour.
        send: How a receiver is told; raises `NotDelivered`.
    """

    def __init__(self, path: Path, *, per_hour: int = PER_HOUR, send: Send = send) -> None:
        self.path = Path(path)
        self._per_hour = per_hour
        self._send = send

    def add(
        self,
        messages: Sequence[Message],
        receivers: Sequence[Receiver],
        silences: Sequence[Silence] = (),
        now: float | None = None,
    ) -> int:
        """Keep messages for those receivers that want them, in one transaction that survives a power cut.

        What was added for a receiver before stays as it is. A message that is silenced now is kept as such and is
        not told when the silence ends: what changes after that is a message of its own.

        Args:
            messages: Changes of incidents' states.
            receivers: Of the model.
            silences: All that were set.
            now: Seconds since the epoch; the present by default.

        Returns:
            How many messages times receivers are new.

        Raises:
            EvidenceUnavailable: when the file cannot be written; nothing is kept then.
        """
        if not any(wanted(one, receiver.since) for one in messages for receiver in receivers):
            return 0
        at = _at(now)
        named = self._named(receivers)
        states = [(one, "silenced" if silenced(one, silences, at) else "pending") for one in messages]
        rows = [
            (name, one.key, one.owner, one.tier, state, at)
            for name, receiver in named.items()
            for one, state in states
            if wanted(one, receiver.since)
        ]
        kept = {row[1] for row in rows}
        bodies = [(one.key, canonical_json(one.body()).decode()) for one in messages if one.key in kept]
        with self._writing() as connection:
            names = [(name, f"{name} {receiver_name(receiver)}") for name, receiver in named.items()]
            connection.executemany("INSERT OR REPLACE INTO receivers VALUES (?, ?)", names)
            connection.executemany("INSERT OR IGNORE INTO messages VALUES (?, ?)", bodies)
            before = connection.total_changes
            connection.executemany(
                "INSERT OR IGNORE INTO deliveries (receiver, key, owner, tier, state, tried) VALUES (?, ?, ?, ?, ?, ?)",
                rows,
            )
            return connection.total_changes - before

    def deliver(
        self, receivers: Sequence[Receiver], now: float | None = None, deadline_seconds: float = 20.0
    ) -> Delivered:
        """One tick: tell each receiver what is due, at most once for each owner.

        Receivers that go well come first, and a receiver's turn ends with its first failure: what hangs delays
        others once. A failure is kept with the message and shown by `status`; it does not raise.

        Args:
            receivers: As the contract has them now; what others have yet to take stays.
            now: Seconds since the epoch; the present, as it moves on, by default.
            deadline_seconds: After which nothing more is begun.

        Raises:
            EvidenceUnavailable: when the file cannot be read or written.
        """
        if not self.path.exists():
            return Delivered(sent=0, failed=0, pending=0)
        ends = time.monotonic() + deadline_seconds
        sent = failed = 0
        chosen = self._named(receivers)
        for name in self._healthy_first(chosen):
            told: set[str] = set()
            while (left := ends - time.monotonic()) > 0:
                claimed = self._claim(name, told, now)
                if claimed is None:
                    break
                notification, messages, holder = claimed
                told.add(notification.owner)
                error = _tried(self._send, chosen[name], messages, notification.key, min(max(left, 1.0), SECONDS))
                self._record(name, notification, holder, error, now)
                sent, failed = sent + (error is None), failed + (error is not None)
                if error is not None:
                    break
        pending = sum(one.pending for one in self.status(now) if one.id in chosen)
        return Delivered(sent=sent, failed=failed, pending=pending)

    def status(self, now: float | None = None) -> list[ReceiverStatus]:
        """How it goes with each receiver there ever was, by name; none where nothing was ever added.

        Args:
            now: Seconds since the epoch; the present by default.

        Raises:
            EvidenceUnavailable: when the file cannot be read.
        """
        if not self.path.exists():
            return []
        query = """
            SELECT receivers.id, name, count(*) FILTER (WHERE state = 'pending'),
                count(*) FILTER (WHERE state = 'sent'), count(*) FILTER (WHERE state = 'silenced'),
                min(failing_since) FILTER (WHERE state = 'pending'), max(sent_at),
                (SELECT error FROM deliveries WHERE receiver = receivers.id AND state = 'pending' AND error != ''
                 ORDER BY tried DESC, key LIMIT 1)
            FROM receivers LEFT JOIN deliveries ON receiver = receivers.id
            GROUP BY receivers.id ORDER BY name
        """
        with self._reading() as connection:
            return [
                ReceiverStatus(
                    id=name,
                    name=shown,
                    pending=pending,
                    sent=sent,
                    silenced=quiet,
                    failing_since=None if since is None else _text(since),
                    last_error=error or "",
                    dead=is_dead(since, last, _at(now)),
                )
                for name, shown, pending, sent, quiet, since, last, error in connection.execute(query)
            ]

    def knows(self, receiver: Receiver) -> bool:
        """Whether anything was ever added for a receiver.

        Raises:
            EvidenceUnavailable: when the file cannot be read.
        """
        if not self.path.exists():
            return False
        (name,) = self._named([receiver])
        with self._reading() as connection:
            return connection.execute("SELECT 1 FROM receivers WHERE id = ?", (name,)).fetchone() is not None

    def _named(self, receivers: Sequence[Receiver]) -> dict[str, Receiver]:
        """Each once, by its id; where one is named twice the first counts."""
        with self._reading() as connection:
            (key,) = connection.execute("SELECT key FROM naming").fetchone()
        found: dict[str, Receiver] = {}
        for receiver in receivers:
            found.setdefault(receiver_id(receiver, key), receiver)
        return found

    def _healthy_first(self, chosen: dict[str, Receiver]) -> list[str]:
        failures = "SELECT receiver, max(failures) FROM lanes GROUP BY receiver"
        with self._reading() as connection:
            known = dict(connection.execute(failures).fetchall())
        return sorted(chosen, key=lambda name: (known.get(name, 0), name))

    def _claim(
        self, receiver: str, told: set[str], now: float | None
    ) -> tuple[Notification, list[Message], str] | None:
        """The next notification, leased to this call."""
        with self._writing() as connection:
            at = _at(now)
            waiting = [
                Waiting(*row)
                for row in connection.execute(
                    "SELECT key, owner, tier, tried, attempts, notification, lease FROM deliveries"
                    " WHERE receiver = ? AND state = 'pending'",
                    (receiver,),
                )
            ]
            if not waiting:
                return None
            lanes = {
                owner: Lane(failures, opens)
                for owner, failures, opens in connection.execute(
                    "SELECT owner, failures, opens FROM lanes WHERE receiver = ?", (receiver,)
                )
            }
            (recent,) = connection.execute(
                "SELECT count(DISTINCT notification) FROM deliveries WHERE receiver = ?"
                " AND (state = 'sent' AND sent_at > ? AND sent_at <= ? OR state = 'pending' AND lease > ?)",
                (receiver, at - HOUR, at, at),
            ).fetchone()
            found = next_notification(receiver, waiting, lanes, at, told=told, recent=recent, per_hour=self._per_hour)
            if found is None:
                return None
            holder = uuid.uuid4().hex
            connection.executemany(
                "UPDATE deliveries SET attempts = attempts + 1, tried = ?, notification = ?, holder = ?, lease = ?"
                " WHERE receiver = ? AND key = ?",
                [(at, found.key, holder, at + LEASE, receiver, key) for key in found.messages],
            )
            bodies = connection.execute(
                "SELECT body FROM messages WHERE key IN"
                " (SELECT key FROM deliveries WHERE receiver = ? AND notification = ? AND holder = ?)",
                (receiver, found.key, holder),
            ).fetchall()
        return found, worst_first(Message.stored(json.loads(body)) for (body,) in bodies), holder

    def _record(
        self, receiver: str, done: Notification, holder: str, error: NotDelivered | None, now: float | None
    ) -> None:
        """What became of a notification; a failure counts only while the lease is this call's."""
        with self._writing() as connection:
            at = _at(now)
            lane = (receiver, done.owner)
            if error is None:
                connection.execute(
                    "UPDATE deliveries SET state = 'sent', sent_at = ?, lease = 0, holder = '', error = ''"
                    " WHERE receiver = ? AND notification = ? AND state = 'pending'",
                    (at, receiver, done.key),
                )
                connection.execute("DELETE FROM lanes WHERE receiver = ? AND owner = ?", lane)
                return
            kept = "" if error.surely and not done.again else done.key
            words = error.message if not error.next_step else f"{error.message}: {error.next_step}"
            changed = connection.execute(
                "UPDATE deliveries SET lease = 0, holder = '', failing_since = coalesce(failing_since, ?), error = ?,"
                " notification = ? WHERE receiver = ? AND notification = ? AND state = 'pending' AND holder = ?",
                (at, words[:500], kept, receiver, done.key, holder),
            ).rowcount
            if not changed:
                return
            row = connection.execute("SELECT failures, opens FROM lanes WHERE receiver = ? AND owner = ?", lane)
            next_ = after_failure(Lane(*(row.fetchone() or (0, 0.0))), "/".join(lane), at, error.after)
            connection.execute("INSERT OR REPLACE INTO lanes VALUES (?, ?, ?, ?)", (*lane, next_.failures, next_.opens))

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with _translated(self.path), closing(_connection(self.path)) as connection:
            yield connection

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction, in turn with other processes'."""
        with self._reading() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")


def _tried(
    send: Send, receiver: Receiver, messages: Sequence[Message], key: Digest, seconds: float
) -> NotDelivered | None:
    try:
        send(receiver, messages, key, seconds)
    except NotDelivered as error:
        return error
    except Exception as error:  # a vendor's surprise is one receiver's failure; its text may hold a secret
        return NotDelivered(f"sending failed ({type(error).__name__})")
    return None


def _connection(path: Path) -> sqlite3.Connection:
    """Commits survive a power cut, and transactions begin where we say so."""
    connection = sqlite3.connect(path, timeout=60, isolation_level=None)
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
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("BEGIN IMMEDIATE")
    for statement in TABLES.split(";"):
        connection.execute(statement)
    if connection.execute("SELECT count(*) FROM naming").fetchone() == (0,):
        connection.execute("INSERT INTO naming VALUES (?)", (secrets.token_bytes(32),))
    connection.execute(f"PRAGMA user_version={VERSION}")
    connection.execute("COMMIT")


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        message = f"outbox {path}: {error}"
        raise EvidenceUnavailable(message, next_step="see `baseline doctor`") from error


def _at(now: float | None) -> float:
    return time.time() if now is None else now


def _text(seconds: float) -> str:
    return dt.datetime.fromtimestamp(seconds, dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
