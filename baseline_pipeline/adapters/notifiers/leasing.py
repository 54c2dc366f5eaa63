"""A notification's way out of the outbox: leased in one transaction, sent, recorded in another."""

from __future__ import annotations

import json
import time
import uuid
from typing import TYPE_CHECKING

from baseline_pipeline.adapters.notifiers.tables import reading, writing
from baseline_pipeline.response.delivery import (
    HOUR,
    LEASE,
    Lane,
    NotDelivered,
    Waiting,
    after_failure,
    next_notification,
)
from baseline_pipeline.response.messages import Message, worst_first

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from baseline_pipeline.contract.monitoring import Receiver
    from baseline_pipeline.records import Digest
    from baseline_pipeline.response.delivery import Notification

    Send = Callable[[Receiver, Sequence[Message], Digest, float], None]


def healthy_first(path: Path, names: Iterable[str]) -> list[str]:
    """Receivers in the order of their turns: those that go well, then by how often they failed."""
    failures = "SELECT receiver, max(failures) FROM lanes GROUP BY receiver"
    with reading(path) as connection:
        known = dict(connection.execute(failures).fetchall())
    return sorted(names, key=lambda name: (known.get(name, 0), name))


def claim(
    path: Path, receiver: str, told: set[str], now: float | None, per_hour: int
) -> tuple[Notification, list[Message], str] | None:
    """The next notification, leased to this call."""
    with writing(path) as connection:
        at = present(now)
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
        found = next_notification(receiver, waiting, lanes, at, told=told, recent=recent, per_hour=per_hour)
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


def record(
    path: Path, receiver: str, done: Notification, holder: str, error: NotDelivered | None, now: float | None
) -> None:
    """What became of a notification; a failure counts only while the lease is this call's."""
    with writing(path) as connection:
        at = present(now)
        lane = (receiver, done.owner)
        if error is None:
            connection.execute(
                "UPDATE deliveries SET state = 'sent', sent_at = ?, lease = 0, holder = '', error = ''"
                " WHERE receiver = ? AND notification = ? AND (state = 'pending' OR state = 'left' AND holder = ?)",
                (at, receiver, done.key, holder),
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


def attempted(
    send: Send, receiver: Receiver, messages: Sequence[Message], key: Digest, seconds: float
) -> NotDelivered | None:
    """Why a notification was not taken; `None` where it was."""
    try:
        send(receiver, messages, key, seconds)
    except NotDelivered as error:
        return error
    except Exception as error:  # a vendor's surprise is one receiver's failure; its text may hold a secret
        return NotDelivered(f"sending failed ({type(error).__name__})")
    return None


def present(now: float | None) -> float:
    """Seconds since the epoch."""
    return time.time() if now is None else now
