"""Signed reviews of a baseline's assumptions, and when the next one is due: a fold over events and a calendar."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Literal

from baseline_pipeline.contract.cron import next_day
from baseline_pipeline.figures import counted
from baseline_pipeline.governance.events import REVISIONS, Baseline
from baseline_pipeline.records import Digest, Record, digest_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from baseline_pipeline.governance.events import Event

State = Literal["old", "holds", "unknown"]
Impact = Literal["high", "moderate"]
REVIEW_DAYS = 180
"""Days between reviews where the contract names no schedule."""
NAMED = 5
"""Names that a finding lists."""


class Signed(Record):
    """A review that somebody signed off."""

    seq: int
    at: str
    actor: str
    reason: str
    review: Digest
    """Digest of what it found."""
    findings: int
    due: str
    """When the next one was due, as it was said then: a day, ISO 8601."""
    policy: Digest
    """Digest of the contract that was looked at."""


class Due(Record):
    """When a model's next review is due, and why it is due now."""

    on: str
    """A day, ISO 8601."""
    because: tuple[str, ...]
    """Why it is due now; empty where it is not."""


class Finding(Record):
    """One assumption that the baseline rests on."""

    topic: str
    state: State
    """`unknown` where too little is there to say."""
    what: str
    """What was found, with figures."""
    why: str
    """Why it matters."""
    next_step: str = ""


class Review(Record):
    """Everything that a review of a model looks at."""

    model: str
    at: str
    impact: Impact
    baseline: Baseline
    findings: tuple[Finding, ...]
    due: Due
    signed: Signed | None
    """The last one that was signed off."""
    known: dict[str, str]
    """What the system knows for the risk assessment, by topic."""
    policy: Digest = ""
    """Digest of the contract that was looked at; empty in reviews of before it was kept."""
    form: str = ""
    """The risk assessment as people filled it in, Markdown; empty where none was given."""

    @property
    def old(self) -> tuple[Finding, ...]:
        """The assumptions that are old."""
        return tuple(one for one in self.findings if one.state == "old")

    @property
    def digest(self) -> Digest:
        """What a signature is bound to: the findings, the baseline they are about, the contract, and the form."""
        more = [one for one in (self.policy, self.form) if one]
        return digest_of([self.model, self.baseline.revision, [one.body() for one in self.findings], *more])


def last_signed(events: Iterable[Event], model: str) -> Signed | None:
    """The latest review of a model that was signed off; drills are events of the same kind and are none."""
    found = [one for one in events if one.kind == "review" and one.model == model and "review" in one.content]
    if not found:
        return None
    last = found[-1]
    return Signed(
        seq=last.seq,
        at=last.at,
        actor=last.actor,
        reason=last.reason,
        review=str(last.content["review"]),
        findings=int(last.content["findings"]),
        due=str(last.content["due"]),
        policy=str(last.content["policy"]),
    )


def since_review(events: Iterable[Event], model: str) -> list[Event]:
    """What happened to a model since its last signed review; since its first baseline where it had none."""
    known = [one for one in events if one.model == model]
    signed = last_signed(known, model)
    if signed is not None:
        return [one for one in known if one.seq > signed.seq]
    first = next((one.seq for one in known if one.kind in REVISIONS), None)
    return [] if first is None else [one for one in known if one.seq > first]


def contract_changes(events: Iterable[Event], reviewed: Digest | None = None) -> tuple[str, ...]:
    """What changed in the contract, in words, over some events.

    Args:
        events: Oldest first.
        reviewed: Digest of the contract that the last review looked at; that a run saw it later is no change.
    """
    return tuple(
        str(words)
        for event in events
        if event.kind == "contract_changed" and event.content["policy"] != reviewed
        for words in event.content.get("changed", ())
    )


def due_after(moment: dt.datetime, schedule: str | None) -> dt.date:
    """The day on which the next review is due after one.

    Args:
        moment: When the last one was, UTC.
        schedule: A five-field cron expression, UTC; 180 days without one.

    Raises:
        ValueError: when the expression is not understood; a contract with such a one is not read.

    Example:
        >>> at = dt.datetime(2026, 1, 15, 9, tzinfo=dt.UTC)
        >>> due_after(at, "0 6 1 */3 *").isoformat(), due_after(at, None).isoformat()
        ('2026-04-01', '2026-07-14')
    """
    return next_day(schedule, moment) if schedule else moment.date() + dt.timedelta(days=REVIEW_DAYS)


def due(events: Sequence[Event], model: str, *, schedule: str | None, now: dt.datetime, changes: Sequence[str]) -> Due:
    """When the next review is due, and why it is due now.

    It is due once the schedule's day after the last signed review has come (after the first baseline where none was
    signed), or the day that was named when it was signed, whichever is earlier; and at once where the contract changed.

    Args:
        events: The model's, oldest first; with at least one baseline.
        model: The model.
        schedule: `schedules.review` of the contract.
        now: The time, UTC.
        changes: What changed in the contract since the last review.
    """
    signed = last_signed(events, model)
    first = next((one.at for one in events if one.model == model and one.kind in REVISIONS), "")
    since = moment_of(signed.at if signed else first)
    on = due_after(since, schedule)
    if signed is not None:
        on = min(on, dt.date.fromisoformat(signed.due))
    because = []
    if on <= now.date():
        last = f"the last one was signed on {signed.at[:10]}" if signed else "none was ever signed"
        because.append(f"due since {on}: {last}")
    if changes:
        because.append(f"the contract changed in {counted(len(changes), 'place')} since")
    return Due(on=on.isoformat(), because=tuple(because))


def moment_of(text: str) -> dt.datetime:
    """An instant as the ledger writes it; UTC where it says nothing else.

    Example:
        >>> moment_of("2026-01-15T09:00:00") == moment_of("2026-01-15T09:00:00Z")
        True
    """
    found = dt.datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=dt.UTC)


def listed(names: Sequence[str]) -> str:
    """Names behind a finding's figure, the first five of them.

    Example:
        >>> listed(["a", "b"]), listed([]), listed(list("abcdefg"))
        (': a; b', '', ': a; b; c; d; e and 2 more')
    """
    if not names:
        return ""
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return f": {'; '.join(names[:NAMED])}{more}"
