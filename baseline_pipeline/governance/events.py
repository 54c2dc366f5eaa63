"""What happened, as the ledger keeps it, and the state that follows: a fold over events."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

from baseline_pipeline.fingerprint import Fingerprint
from baseline_pipeline.records import Digest, Record

EventKind = Literal[
    "baseline_established",
    "baseline_revised",
    "baseline_retired",
    "contract_changed",
    "decision",
    "approval",
    "rejection",
    "override",
    "promotion_intended",
    "promotion_done",
    "promotion_failed",
    "rollback",
    "roster_changed",
    "incident",
    "silence",
    "review",
]


REVISIONS = frozenset({"baseline_established", "baseline_revised"})
"""Events that make a baseline."""


class Event(Record):
    """One line of the ledger.

    `key` makes a retry safe: a second event with the same key is not written. `at` is the database's
    clock, UTC; both `seq` and `at` are given by the ledger.
    """

    kind: EventKind
    model: str
    actor: str
    reason: str
    key: Digest
    content: dict[str, Any]
    seq: int = 0
    at: str = ""


class Watched(Record):
    """What the triggers look at, as it was when a decision was made."""

    data: Digest | None
    dependencies: Digest | None
    infrastructure: Digest | None
    registry: Digest | None
    code: Digest | None


class Baseline(Record):
    """An approved evaluation: what acceptable behaviour is, as measured."""

    model: str
    revision: int
    evaluation: Digest
    scores_file: Digest
    snapshot: Digest
    fingerprint: Fingerprint
    version: str
    """Exact version of the model in the registry."""
    decision: Digest | None
    """The decision that made it; `None` for one a person established."""
    restores: int | None = None
    """The revision that a rollback brought back."""
    actor: str = ""
    reason: str = ""
    at: str = ""


def current_baseline(events: Iterable[Event], model: str) -> Baseline | None:
    """The latest revision, or `None` while none was established, or since it was retired."""
    known = [event for event in events if event.model == model]
    found = baselines(known, model)
    retired = max((event.seq for event in known if event.kind == "baseline_retired"), default=-1)
    revised = max((event.seq for event in known if event.kind in REVISIONS), default=0)
    return found[-1] if found and revised > retired else None


def baselines(events: Iterable[Event], model: str) -> list[Baseline]:
    """All revisions of a model's baseline, oldest first."""
    return [
        Baseline.model_validate(
            {**_without_proof(event.content), "actor": event.actor, "reason": event.reason, "at": event.at}
        )
        for event in events
        if event.model == model and event.kind in REVISIONS
    ]


def _without_proof(content: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in content.items() if name != "proof"}


def anchor(events: Iterable[Event], model: str) -> Baseline | None:
    """The latest revision that a person established: what small losses, each tolerable, are summed up against.

    Source: Everson-Stewart and Emerson (2010), Bio-creep in non-inferiority trials, Stat. Med. 29:2769.
    """
    established = [event for event in events if event.kind == "baseline_established"]
    return current_baseline(established, model)


def last_decision(events: Iterable[Event], model: str) -> Event | None:
    """The latest decision of a model: what the triggers measure the present against."""
    found = [event for event in events if event.model == model and event.kind == "decision"]
    return found[-1] if found else None
