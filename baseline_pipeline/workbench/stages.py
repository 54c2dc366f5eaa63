"""What the stages hand to each other: small records that name evidence by digest."""

from __future__ import annotations

from typing import Any, Literal

from baseline_pipeline.governance.events import Watched
from baseline_pipeline.records import Digest, Record

Scored = Literal["champion", "challenger", "champion_on_baseline_rows", "baseline_model", "anchor_model"]
"""Which model was scored on which rows: the champion or the challenger on the present snapshot; the
baseline's model on the baseline's snapshot, in the present environment; the baseline's model on the
present snapshot, where the champion alias has moved since; the anchor's model on the present snapshot,
where promotions have left it behind."""


class SnapshotTaken(Record):
    """The snapshot at hand, and the state of the source it was taken from."""

    model: str
    snapshot: Digest
    source_digest: Digest
    suite: Digest | None
    """Key of the quality report, where the contract names expectations."""


class Evaluated(Record):
    """The evaluations that the present state asks for."""

    model: str
    snapshot: Digest
    baseline_revision: int | None
    scored: dict[Scored, Digest]
    timed: dict[Scored, Digest]
    """Key of the times of a candidate against what it is compared with."""
    failures: tuple[str, ...]
    gone: tuple[str, ...] = ()
    """Earlier models that were to be scored and are not there any more."""
    watched: Watched
    registry: dict[str, str | None]
    """Version behind each alias when the evaluations were made."""


class Compared(Record):
    """A stored comparison, and the evaluations it rests on."""

    model: str
    comparison: Digest
    evaluated: Evaluated


class Policy(Record):
    """A contract as it was when something was decided under it."""

    contract: dict[str, Any]


class TrackedRun(Record):
    """Where people browse an evaluation."""

    run_id: str
    tracking_uri: str
