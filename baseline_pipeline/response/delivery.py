"""Who is told what, and when: grouped, held back, tried again, silenced. Arithmetic; times are passed in.

What one receiver is told for one owner is a *lane*. A lane sends one notification at a time, and at most one in a
tick; when one fails the lane waits, twice as long each time. What certainly did not arrive joins what comes after it.
What may have arrived keeps its key and its messages whenever it is tried again, so that a receiver which knows keys
takes it once.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from baseline_pipeline.errors import BaselineError
from baseline_pipeline.records import Digest, Record, digest_of
from baseline_pipeline.response.messages import Message
from baseline_pipeline.verdicts import TIERS, Tier

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

State = Literal["pending", "sent", "silenced", "left"]
PER_HOUR = 20
"""Notifications to one receiver in an hour."""
LARGEST = 2_000
"""Messages in one notification; the rest leaves in the next tick."""
FIRST_WAIT, LONGEST_WAIT = 30.0, 3_600.0
"""Seconds before the second attempt, and at most before any."""
LEASE = 60.0
"""Seconds for which a notification is one process's; longer than any attempt takes."""
DEAD_AFTER = 86_400.0
"""Seconds of failures."""
HOUR = 3_600.0


class NotDelivered(BaselineError):
    """A receiver did not take a notification; it is tried again.

    Args:
        message: What happened, without any secret: it is stored and shown.
        surely: Whether it certainly arrived nowhere and may be told otherwise the next time.
        after: Seconds that the receiver asked us to wait.
        next_step: What the reader can change now.
    """

    def __init__(self, message: str, *, surely: bool = False, after: float = 0.0, next_step: str = "") -> None:
        super().__init__(message, next_step=next_step)
        self.surely = surely
        self.after = after


def wanted(message: Message, least: Tier) -> bool:
    """Whether a receiver that is told from a tier on is told of a message."""
    return TIERS.index(message.tier) >= TIERS.index(least)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A message that one receiver has yet to take.

    Attributes:
        key: Of the message.
        owner: Its owner.
        tier: Its tier.
        tried: Seconds since the epoch when it was last tried; when it was added before that.
        attempts: How often it was tried.
        notification: Key of the notification that may have arrived with it; empty where there is none.
        lease: Seconds since the epoch until which a process is sending it.
    """

    key: str
    owner: str
    tier: Tier
    tried: float
    attempts: int = 0
    notification: Digest = ""
    lease: float = 0.0


@dataclass(frozen=True, slots=True)
class Lane:
    """How it goes with what one receiver is told for one owner.

    Attributes:
        failures: In a row.
        opens: Seconds since the epoch before which nothing but a new severe message is tried.
    """

    failures: int = 0
    opens: float = 0.0


@dataclass(frozen=True, slots=True)
class Notification:
    """Messages that leave together.

    Attributes:
        key: The idempotency key; the same for the same messages to the same receiver.
        owner: Of all of them.
        messages: Their keys.
        again: Whether it may have arrived before.
        severe: Whether one of them is.
    """

    key: Digest
    owner: str
    messages: tuple[str, ...]
    again: bool
    severe: bool


def next_notification(
    receiver: str,
    waiting: Sequence[Waiting],
    lanes: Mapping[str, Lane],
    now: float,
    *,
    told: Collection[str] = (),
    recent: int = 0,
    per_hour: int = PER_HOUR,
) -> Notification | None:
    """What a receiver is sent now; nothing where all is sent or has to wait.

    A lane whose receiver failed is tried after those that go well. A severe message that was never tried goes at once,
    with all that waits in its lane; what has a severe message is not counted against the limit.

    Args:
        receiver: Its name.
        waiting: All that it has yet to take.
        lanes: By owner; those that go well may be left out.
        now: Seconds since the epoch.
        told: Owners that were told in this tick.
        recent: Notifications that it took in the last hour, or that are on their way.
        per_hour: How many it takes in an hour.

    Example:
        >>> two = [Waiting("a", "ana", "minor", 0.0), Waiting("b", "ana", "severe", 1.0)]
        >>> next_notification("chat", two, {}, 2.0).messages
        ('b', 'a')
        >>> next_notification("chat", two, {}, 2.0, told={"ana"})
    """
    owned: dict[str, list[Waiting]] = defaultdict(list)
    for one in waiting:
        if one.owner not in told:
            owned[one.owner].append(one)
    found = []
    for owner, there in owned.items():
        lane = lanes.get(owner, Lane())
        chosen = _chosen(there, lane, now, limited=recent >= per_hour)
        if chosen is not None:
            found.append(((not _urgent(chosen), lane.failures, _age(chosen), owner), chosen))
    if not found:
        return None
    (*_, owner), group = min(found, key=lambda one: one[0])
    again = bool(group[0].notification)
    keys = tuple(one.key for one in group)
    return Notification(
        group[0].notification if again else notification_key(receiver, keys), owner, keys, again, _severe(group)
    )


def notification_key(receiver: str, keys: Iterable[str]) -> Digest:
    """What names the notification of some messages to a receiver, whatever their order."""
    return digest_of(["notification", receiver, sorted(keys)])


def _chosen(there: Sequence[Waiting], lane: Lane, now: float, *, limited: bool) -> list[Waiting] | None:
    """The group of a lane that goes next: a new severe one, else the one that was not tried for longest."""
    if any(_lasts(one.lease, now, LEASE) for one in there):
        return None
    groups = [group for group in _groups(there) if _severe(group) or not limited]
    urgent = next(filter(_urgent, groups), None)
    if urgent is not None or _lasts(lane.opens, now, LONGEST_WAIT):
        return urgent
    return min(groups, key=lambda group: (_age(group), group[0].notification), default=None)


def _groups(there: Sequence[Waiting]) -> Iterator[list[Waiting]]:
    """Notifications as they may have arrived, and all the rest together."""
    bound: dict[Digest, list[Waiting]] = defaultdict(list)
    for one in there:
        bound[one.notification].append(one)
    for notification, group in bound.items():
        group.sort(key=lambda one: (-TIERS.index(one.tier), one.tried, one.key))
        yield group if notification else group[:LARGEST]


def _urgent(group: Sequence[Waiting]) -> bool:
    return any(one.tier == "severe" and not one.attempts for one in group)


def _severe(group: Sequence[Waiting]) -> bool:
    return any(one.tier == "severe" for one in group)


def _age(group: Sequence[Waiting]) -> float:
    return min(one.tried for one in group)


def _lasts(until: float, now: float, longest: float) -> bool:
    """Whether a wait is not over; one that is too long was begun by a clock that was set back since."""
    return now < until <= now + longest


def after_failure(lane: Lane, key: str, now: float, asked: float = 0.0) -> Lane:
    """The lane after one more failure: it waits 30 s, 1 min, 2 min ... 1 h, less up to a fifth.

    What is taken off follows from the key, so that lanes which failed together do not come back together and the
    same history gives the same times.

    Args:
        lane: Before it.
        key: Names the lane.
        now: Seconds since the epoch.
        asked: Seconds that the receiver asked for; it waits no less than that, an hour at most.

    Source: M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.

    Example:
        >>> lane, waits = Lane(), []
        >>> for _ in range(9):
        ...     lane = after_failure(lane, "chat/ana", 0.0)
        ...     waits.append(round(lane.opens))
        >>> waits
        [28, 54, 108, 226, 480, 897, 1730, 3139, 3352]
    """
    longest = min(FIRST_WAIT * 2.0 ** min(lane.failures, 30), LONGEST_WAIT)
    drawn = int.from_bytes(hashlib.sha256(f"{key}:{lane.failures}".encode()).digest()[:8]) / 2**64
    return Lane(lane.failures + 1, now + max(longest * (1 - 0.2 * drawn), min(asked, LONGEST_WAIT)))


def is_dead(failing_since: float | None, last_sent: float | None, now: float) -> bool:
    """Whether a receiver has failed for a day and taken nothing since; it is tried for ever all the same.

    Args:
        failing_since: First failure of what it has yet to take, seconds since the epoch.
        last_sent: When it last took anything.
        now: Seconds since the epoch.
    """
    return failing_since is not None and now - max(failing_since, last_sent or 0.0) >= DEAD_AFTER


class Delivered(Record):
    """What became of a tick."""

    sent: int
    """Notifications that were taken."""
    failed: int
    """Notifications that were not."""
    pending: int
    """Messages that these receivers have yet to take."""


class ReceiverStatus(Record):
    """How it goes with one receiver."""

    id: str
    name: str
    """What tells it apart, without any secret."""
    pending: int
    """Messages it has yet to take."""
    sent: int
    """Messages it took."""
    silenced: int
    """Messages it was not told of, because of a silence."""
    left: int = 0
    """Messages it was not told of, because it left the contract before it took them."""
    failing_since: str | None
    """First failure of what it has yet to take, ISO 8601, UTC."""
    last_error: str
    """Of what it has yet to take; empty where nothing failed."""
    dead: bool
    """Whether it has failed for a day and taken nothing since."""

    def lines(self) -> list[str]:
        """For a terminal.

        Example:
            >>> gone = ReceiverStatus(id="3a6b20ee235a", name="3a6b20ee235a slack://***", pending=0, sent=7, silenced=0,
            ...                       left=2, failing_since=None, last_error="", dead=False)
            >>> gone.lines()
            ['receiver 3a6b20ee235a slack://***: 7 told, 0 waiting, left the contract and was not told of 2']
        """
        if self.left:
            how = f"left the contract and was not told of {self.left}"
        elif self.dead:
            how = "DEAD"
        else:
            how = f"failing since {self.failing_since}" if self.failing_since else "ok"
        quiet = f"{self.silenced} silenced, " if self.silenced else ""
        told = f"receiver {self.name}: {self.sent} told, {self.pending} waiting, {quiet}{how}"
        return [told, f"  {self.last_error}"] if self.last_error else [told]
