"""Which approvals a decision has, and what the gate may do by itself: folds over the ledger."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from baseline_pipeline.governance.events import Event
from baseline_pipeline.governance.statements import Statement
from baseline_pipeline.records import Digest, Record


class Approvals(Record):
    """What people said of one decision."""

    by: tuple[str, ...]
    """Who approves, each once."""
    rejected_by: str | None
    """Who said no: one no outweighs every yes."""
    unsigned: tuple[str, ...]
    """Those of them whose word no signature proves."""


def approvals(events: Iterable[Event], decision: Digest, revision: int | None, now: str) -> Approvals:
    """What stands now.

    Args:
        events: The model's events.
        decision: Of which decision.
        revision: The present baseline revision; statements about another one count no more.
        now: The time, ISO 8601, UTC; statements past their last second count no more.
    """
    by: dict[str, None] = {}
    unsigned: dict[str, None] = {}
    rejected = None
    for event in events:
        if event.kind not in {"approval", "rejection", "override"} or event.content.get("decision") != decision:
            continue
        statement = Statement.stored(event.content["statement"])
        if statement.revision != revision or statement.expires < now:
            continue
        if event.kind == "rejection":
            rejected = statement.person
        else:
            by.setdefault(statement.person)
        if not event.content.get("signature"):
            unsigned.setdefault(statement.person)
    return Approvals(by=tuple(by), rejected_by=rejected, unsigned=tuple(unsigned))


def standing_override(events: Sequence[Event], now: str) -> str:
    """That what stands was promoted against the gate, in words; nothing where it was not.

    Args:
        events: The model's events, oldest first.
        now: The time, ISO 8601, UTC.
    """
    revisions = [event for event in events if event.kind in {"baseline_established", "baseline_revised"}]
    proof = revisions[-1].content.get("proof") if revisions else None
    if not proof or proof["statement"]["purpose"] != "override":
        return ""
    said = proof["statement"]
    words = (
        f"what stands was promoted against the gate: {said['person']} overrode decision {said['subject'][:12]} "
        f"({said['reason']})"
    )
    if said["expires"] < now:
        return f"{words}, and that expired at {said['expires']}: establish what stands, or roll back"
    return f"{words}, until {said['expires']}"


class Autonomy(Record):
    """How far the gate may promote a model by itself."""

    clean: int
    """Promotions of the model in a row since it was last taken away."""
    needed: int
    """That the contract asks for; 0 where nobody needs to be asked."""
    critical: bool
    """Whether the contract asks people every time."""
    lost_by: str
    """What took it away last, in words."""

    @property
    def earned(self) -> bool:
        """Whether the gate promotes without asking."""
        return not self.critical and self.clean >= self.needed

    def words(self) -> str:
        """Why, for people."""
        if self.critical:
            return "marked critical: people approve every promotion"
        lost = f" since {self.lost_by}" if self.lost_by else ""
        count = f"{self.clean} clean promotion{'' if self.clean == 1 else 's'} in a row{lost}, {self.needed} needed"
        return f"the gate promotes by itself ({count})" if self.earned else f"a person approves ({count})"


def autonomy(events: Sequence[Event], *, needed: int, critical: bool) -> Autonomy:
    """What follows from what happened: clean promotions earn it; severe harm, rollback and override take it away.

    Args:
        events: The model's events, oldest first.
        needed: Clean promotions in a row that the contract asks for.
        critical: Whether it asks for people every time.
    """
    clean, lost = 0, ""
    for event in events:
        if event.kind == "promotion_done" and event.content["moved_model"] and event.content["restores"] is None:
            clean += 1
        loss = _loss(event)
        if loss:
            clean, lost = 0, f"{loss} of {event.at[:10]} (record {event.seq})"
    return Autonomy(clean=clean, needed=needed, critical=critical, lost_by=lost)


def _loss(event: Event) -> str:
    if event.kind in {"rollback", "override"}:
        return f"the {event.kind}"
    harmed = event.kind == "decision" and event.content.get("tier") == "severe" and not event.content.get("challenged")
    return "the severe degradation" if harmed else ""
