"""The outbox: what people are to be told, in a SQLite file, until each receiver has taken it.

A notification is leased in one transaction, sent, and recorded in another. A process that is killed between the two
leaves its lease behind; when that is over the same notification goes out once more, under the same idempotency key. So
a receiver sees it at most twice for each such death, and once where it knows keys.
"""

from __future__ import annotations

import datetime as dt
import json
import time
from pathlib import Path
from typing import TYPE_CHECKING

from baseline_pipeline.adapters.notifiers.addresses import receiver_id, receiver_name
from baseline_pipeline.adapters.notifiers.apprise import notify
from baseline_pipeline.adapters.notifiers.leasing import attempted, claim, healthy_first, present, record
from baseline_pipeline.adapters.notifiers.tables import reading, writing
from baseline_pipeline.adapters.notifiers.webhook import SECONDS, post
from baseline_pipeline.records import canonical_json
from baseline_pipeline.response.delivery import PER_HOUR, Delivered, ReceiverStatus, is_dead, wanted
from baseline_pipeline.response.messages import Message
from baseline_pipeline.response.silences import silenced

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from baseline_pipeline.contract.monitoring import Receiver
    from baseline_pipeline.records import Digest
    from baseline_pipeline.response.silences import Silence

    Send = Callable[[Receiver, Sequence[Message], Digest, float], None]


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

        What was added for a receiver before stays as it is. A message that is silenced now is kept as such, and is not
        told unless `wake` says so.

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
        at = present(now)
        named = self._named(receivers)
        states = [(one, "silenced" if silenced(one, silences, at) else "pending") for one in messages]
        rows = [
            (name, one.key, one.owner, one.tier, state, at)
            for name, receiver in named.items()
            for one, state in states
            if wanted(one, receiver.since)
        ]
        kept = {row[1] for row in rows}
        bodies = [(one.key, one.model, canonical_json(one.body()).decode()) for one in messages if one.key in kept]
        with writing(self.path) as connection:
            names = [(name, f"{name} {receiver_name(receiver)}") for name, receiver in named.items()]
            connection.executemany("INSERT OR REPLACE INTO receivers VALUES (?, ?)", names)
            connection.executemany("INSERT OR IGNORE INTO messages VALUES (?, ?, ?)", bodies)
            before = connection.total_changes
            connection.executemany(
                "INSERT OR IGNORE INTO deliveries (receiver, key, owner, tier, state, tried) VALUES (?, ?, ?, ?, ?, ?)",
                rows,
            )
            return connection.total_changes - before

    def wake(self, messages: Sequence[Message], receivers: Sequence[Receiver], now: float | None = None) -> int:
        """Let what a silence hid be told after all; of what was told, waits or left nothing changes.

        Args:
            messages: That still speak of the present, and that no silence covers any more.
            receivers: Whom they were kept for.
            now: Seconds since the epoch.

        Returns:
            How many messages times receivers wait again.

        Raises:
            EvidenceUnavailable: when the file cannot be written.
        """
        if not messages or not self.path.exists():
            return 0
        with writing(self.path) as connection:
            return connection.execute(
                "UPDATE deliveries SET state = 'pending', tried = ? WHERE state = 'silenced'"
                " AND key IN (SELECT value FROM json_each(?)) AND receiver IN (SELECT value FROM json_each(?))",
                (present(now), json.dumps([one.key for one in messages]), json.dumps(list(self._named(receivers)))),
            ).rowcount

    def settle(self, model: str, receivers: Sequence[Receiver], now: float | None = None) -> int:
        """Bring what waits in line with whom a model's contract names.

        What others have yet to take of that model ends: they left the contract, and `status` says how much they were
        not told. What one that came back was not told of waits again.

        Args:
            model: The model; one that is gone has no receivers.
            receivers: As its contract has them now.
            now: Seconds since the epoch; the present by default.

        Returns:
            How many messages times receivers ended so.

        Raises:
            EvidenceUnavailable: when the file cannot be written.
        """
        if not self.path.exists():
            return 0
        names = json.dumps(list(self._named(receivers)))
        with writing(self.path) as connection:
            connection.execute(
                "UPDATE deliveries SET state = 'pending', tried = ?, failing_since = NULL, error = '',"
                " notification = CASE WHEN EXISTS (SELECT 1 FROM deliveries AS other WHERE other.state = 'sent'"
                " AND other.receiver = deliveries.receiver AND other.notification = deliveries.notification)"
                " THEN '' ELSE notification END"  # what went without it is not known to have told of it
                " WHERE state = 'left' AND key IN (SELECT key FROM messages WHERE model = ?)"
                " AND receiver IN (SELECT value FROM json_each(?))",
                (present(now), model, names),
            )
            return connection.execute(
                "UPDATE deliveries SET state = 'left'"
                " WHERE state = 'pending' AND key IN (SELECT key FROM messages WHERE model = ?)"
                " AND receiver NOT IN (SELECT value FROM json_each(?))",
                (model, names),
            ).rowcount

    def waiting_models(self) -> list[str]:
        """Models of which somebody has yet to take something.

        Raises:
            EvidenceUnavailable: when the file cannot be read.
        """
        if not self.path.exists():
            return []
        query = "SELECT DISTINCT model FROM messages JOIN deliveries USING (key) WHERE state = 'pending' ORDER BY model"
        with reading(self.path) as connection:
            return [model for (model,) in connection.execute(query)]

    def deliver(
        self, receivers: Sequence[Receiver], now: float | None = None, deadline_seconds: float = 20.0
    ) -> Delivered:
        """One tick: tell each receiver what is due, at most once for each owner.

        Receivers that go well come first, and a receiver's turn ends with its first failure: what hangs delays
        others once. A failure is kept with the message and shown by `status`; it does not raise.

        Args:
            receivers: As contracts have them now; what others have yet to take stays.
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
        for name in healthy_first(self.path, chosen):
            told: set[str] = set()
            while (left := ends - time.monotonic()) > 0:
                claimed = claim(self.path, name, told, now, self._per_hour)
                if claimed is None:
                    break
                notification, messages, holder = claimed
                told.add(notification.owner)
                error = attempted(self._send, chosen[name], messages, notification.key, min(max(left, 1.0), SECONDS))
                record(self.path, name, notification, holder, error, now)
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
                count(*) FILTER (WHERE state = 'left'),
                min(failing_since) FILTER (WHERE state = 'pending'), max(sent_at),
                (SELECT error FROM deliveries WHERE receiver = receivers.id AND state = 'pending' AND error != ''
                 ORDER BY tried DESC, key LIMIT 1)
            FROM receivers LEFT JOIN deliveries ON receiver = receivers.id
            GROUP BY receivers.id ORDER BY name
        """
        with reading(self.path) as connection:
            return [
                ReceiverStatus(
                    id=name,
                    name=shown,
                    pending=pending,
                    sent=sent,
                    silenced=quiet,
                    left=left,
                    failing_since=None if since is None else _text(since),
                    last_error=error or "",
                    dead=is_dead(since, last, present(now)),
                )
                for name, shown, pending, sent, quiet, left, since, last, error in connection.execute(query)
            ]

    def knows(self, receiver: Receiver) -> bool:
        """Whether anything was ever added for a receiver.

        Raises:
            EvidenceUnavailable: when the file cannot be read.
        """
        if not self.path.exists():
            return False
        (name,) = self._named([receiver])
        with reading(self.path) as connection:
            return connection.execute("SELECT 1 FROM receivers WHERE id = ?", (name,)).fetchone() is not None

    def _named(self, receivers: Sequence[Receiver]) -> dict[str, Receiver]:
        """Each once, by its id; where one is named twice the first counts."""
        with reading(self.path) as connection:
            (key,) = connection.execute("SELECT key FROM naming").fetchone()
        found: dict[str, Receiver] = {}
        for receiver in receivers:
            found.setdefault(receiver_id(receiver, key), receiver)
        return found


def _text(seconds: float) -> str:
    return dt.datetime.fromtimestamp(seconds, dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
