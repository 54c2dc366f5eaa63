"""What a person says and signs: bound to one decision, one state of the model, one purpose, and a last day."""

from __future__ import annotations

import datetime as dt
from typing import Literal

from baseline_pipeline.errors import UsageError
from baseline_pipeline.records import Digest, Record, canonical_json

Purpose = Literal["approve", "reject", "establish", "override", "roll_back", "review"]
NAMESPACE = "statement@baseline-pipeline"
FEWEST_WORDS = 3
"""Characters that a reason has at least."""


class Statement(Record):
    """What is signed; its text is the canonical JSON, one line."""

    v: Literal[1] = 1
    purpose: Purpose
    model: str
    subject: Digest
    """Digest of the decision; of the baseline's evaluation, where a rollback goes there."""
    revision: int | None
    """The baseline revision at that time: a signature says nothing once it moved on."""
    person: str
    reason: str
    expires: str
    """Last second at which it counts, UTC."""

    def text(self) -> bytes:
        """What is signed."""
        return canonical_json(self.body()) + b"\n"


def stated(
    purpose: Purpose, model: str, subject: Digest, revision: int | None, person: str, reason: str, *, until: dt.datetime
) -> Statement:
    """A statement, with person and reason that are not empty.

    Raises:
        UsageError: when one of them is.
    """
    if not person.strip():
        message = "nobody is named"
        raise UsageError(message, next_step='add --by "NAME"')
    if len(reason.strip()) < FEWEST_WORDS:
        message = f"a reason is needed, and {reason!r} is none; accepted: {FEWEST_WORDS} characters or more"
        raise UsageError(message, next_step='add --reason "WHY"')
    expires = until.astimezone(dt.UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return Statement(
        purpose=purpose,
        model=model,
        subject=subject,
        revision=revision,
        person=person.strip(),
        reason=reason.strip(),
        expires=expires,
    )
