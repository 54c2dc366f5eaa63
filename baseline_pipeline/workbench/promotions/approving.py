"""What people say of decisions, and what follows from it: approvals, rejections, overrides, rollbacks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from baseline_pipeline.errors import UsageError
from baseline_pipeline.governance.approvals import Approvals, approvals
from baseline_pipeline.governance.events import Event
from baseline_pipeline.governance.roster import Refused
from baseline_pipeline.records import Digest, Record, digest_of, short
from baseline_pipeline.workbench.iteration.evaluating import load_evaluation
from baseline_pipeline.workbench.people import Voice, refuse_author, roster_of, statement, to_sign
from baseline_pipeline.workbench.promotions.anchoring import refuse_open_incident
from baseline_pipeline.workbench.promotions.promoting import promotion_events, resume
from baseline_pipeline.workbench.workbench import utc_now

if TYPE_CHECKING:
    from baseline_pipeline.contract import Contract
    from baseline_pipeline.evaluation import Evaluation
    from baseline_pipeline.governance.events import EventKind
    from baseline_pipeline.governance.statements import Statement
    from baseline_pipeline.workbench.workbench import Workbench

Verb = Literal["approve", "reject", "override"]
KINDS: dict[Verb, EventKind] = {"approve": "approval", "reject": "rejection", "override": "override"}


class Said(Record):
    """What stands after somebody spoke."""

    model: str
    decision: Digest
    person: str
    signed: bool
    approvals: Approvals
    required: int
    promoted: int | None
    """Revision of the baseline that followed; `None` where none did."""
    own: bool = False
    """Whether who spoke for the candidate made it, which only a roster refuses."""

    def words(self) -> str:
        """The same for people."""
        how = "" if self.signed else " (unsigned)"
        lines = [f"{self.person}{how} on decision {short(self.decision)} of {self.model}"]
        if self.own:
            lines.append(f"  {self.person} made this candidate: a roster (allowed_signers) would have refused it")
        if self.approvals.rejected_by:
            lines.append(f"  rejected by {self.approvals.rejected_by}: it will not be promoted")
        elif self.promoted is None:
            there = ", ".join(self.approvals.by) or "nobody"
            lines.append(f"  {len(self.approvals.by)} of {self.required} approvals: {there}")
        else:
            lines.append(f"  promoted: baseline revision {self.promoted}")
        return "\n".join(lines)


def find_decision(bench: Workbench, digest: str) -> Event:
    """The decision that a digest, or the beginning of one, names.

    Raises:
        UsageError: when there is none, or several.
    """
    found = {
        str(event.content["decision"]): event
        for event in bench.events()
        if event.kind == "decision" and str(event.content["decision"]).startswith(digest)
    }
    if not digest or not found:
        message = f"there is no decision {digest!r}"
        raise UsageError(message, next_step="take one from `baseline audit log`")
    if len(found) > 1:
        message = f"{digest!r} could be {', '.join(short(one) for one in found)}"
        raise UsageError(message, next_step="write more of it")
    return next(iter(found.values()))


def speak(bench: Workbench, verb: Verb, digest: str, voice: Voice) -> Said:
    """Approve, reject or override a decision; what it allows follows at once.

    An approval counts for a decision that waits for one. An override promotes what the gate refused: it is loud, it
    expires, and it takes the gate's autonomy away.

    Raises:
        UsageError: when there is no such decision.
            Also where it would establish a first baseline on days of an open incident.
        Refused: when it is not the last one, does not wait, or the person may not speak.
    """
    event = find_decision(bench, digest)
    contract = bench.contract(event.model)
    decision = str(event.content["decision"])
    revision = _require_current(bench, event, verb)
    if verb != "reject" and revision is None:  # it would establish the first baseline
        refuse_open_incident(bench, contract, event.content["snapshot"])
    proof = statement(bench, contract, verb, decision, revision, voice)
    evaluation = load_evaluation(bench, contract.name, event.content["candidate"])
    author, person = _author(bench, contract, evaluation), str(proof["statement"]["person"])
    if verb != "reject":
        refuse_author(roster_of(bench), person, author)
    with bench.ledger.exclusive(f"word on {contract.name}"):  # others may have spoken while this was signed
        _require_current(bench, event, verb)
        said = _written(bench, contract, event, verb, revision, proof, evaluation)
    resume(bench, contract)
    own = verb != "reject" and author is not None and author.lower() == person.lower()
    return said.model_copy(update={"own": own})


def to_speak(bench: Workbench, verb: Verb, digest: str, voice: Voice) -> Statement:
    """What `speak` would sign, for a signature that is made elsewhere; nothing is written down.

    Raises:
        UsageError: when there is no such decision, or person or reason is missing.
        Refused: when it is not the last one, does not wait, or the roster does not know the person.
    """
    event = find_decision(bench, digest)
    revision = _require_current(bench, event, verb)
    return to_sign(bench, bench.contract(event.model), verb, str(event.content["decision"]), revision, voice)


def _written(
    bench: Workbench,
    contract: Contract,
    event: Event,
    verb: Verb,
    revision: int | None,
    proof: dict[str, Any],
    evaluation: Evaluation,
) -> Said:
    """Write what was said, and the promotion that it makes possible, in one transaction."""
    decision, person = str(event.content["decision"]), str(proof["statement"]["person"])
    _require_first(bench, contract, decision, revision, person)
    events = [
        Event(
            kind=KINDS[verb],
            model=contract.name,
            actor=person,
            reason=proof["statement"]["reason"],
            key=digest_of([KINDS[verb], decision, revision, person]),
            content=proof,
        )
    ]
    required = int(event.content["approvals_required"]) if verb != "override" else contract.promotion.people
    standing = approvals([*bench.events(contract.name), *events], decision, revision, utc_now())
    promoted = None
    if verb != "reject" and standing.rejected_by is None and len(standing.by) >= required:
        first = revision is None
        events += promotion_events(
            bench,
            contract,
            evaluation,
            kind="baseline_established" if first else "baseline_revised",
            actor=person,
            reason=proof["statement"]["reason"],
            decision=decision,
            proof=proof,
        )
        promoted = bench.last_revision(contract.name) + 1
    bench.ledger.append(*events)
    return Said(
        model=contract.name,
        decision=decision,
        person=person,
        signed=proof["signature"] is not None,
        approvals=standing,
        required=required,
        promoted=promoted,
    )


def _require_current(bench: Workbench, event: Event, verb: Verb) -> int | None:
    """The present revision; only the last decision about a version counts, and only while its baseline stands."""
    baseline = bench.baseline(event.model)
    revision = baseline.revision if baseline else None
    decisions = [one for one in bench.events(event.model) if one.kind == "decision"]
    content = event.content
    if content["baseline_revision"] != revision:
        message = (
            f"decision {short(content['decision'])} was made against baseline revision {content['baseline_revision']}, "
            f"and revision {revision} stands now"
        )
        if baseline is not None and baseline.restores is None and baseline.decision == content["decision"]:
            message = f"decision {short(content['decision'])} was promoted already: revision {revision} stands by it"
            raise Refused(message, next_step=f"nothing to do: see `baseline show {event.model}@{revision}`")
        raise Refused(message, next_step=f"gate the candidate again: `baseline gate {event.model} --candidate REF`")
    later = [one for one in decisions if one.seq > event.seq and one.content["version"] == content["version"]]
    if later and later[-1].content["decision"] != content["decision"]:
        message = f"decision {short(content['decision'])} is not the last one about version {content['version']}"
        raise Refused(message, next_step=f"the last one is {short(later[-1].content['decision'])}")
    if content["candidate"] is None:
        message = f"decision {short(content['decision'])} has no candidate that could be promoted"
        raise Refused(message, next_step="repair what its reasons name, and gate again")
    waits = content["hold"] == "needs_approval"
    if verb == "approve" and not waits:
        what = content["hold"] or content["outcome"]
        message = f"decision {short(content['decision'])} does not wait for approval: {what.replace('_', ' ')}"
        raise Refused(
            message,
            next_step="read its reasons; `baseline override DECISION --reason TEXT` is loud, signed and expires",
        )
    if verb == "override" and (waits or content["outcome"] == "promote"):
        message = f"decision {short(content['decision'])} needs no override"
        raise Refused(
            message, next_step="`baseline approve DECISION --reason TEXT` is enough" if waits else "it was promoted"
        )
    if verb == "override" and content["hold"] == "evidence_missing":
        message = f"decision {short(content['decision'])} has no evidence to override: {event.reason}"
        raise Refused(message, next_step="repair what is named, and gate again")
    return revision


def _require_first(bench: Workbench, contract: Contract, decision: Digest, revision: int | None, person: str) -> None:
    for event in bench.events(contract.name):
        said = event.content.get("statement")
        if said and (said["subject"], said["revision"], said["person"]) == (decision, revision, person):
            message = f"{person} has spoken about decision {short(decision)} already (record {event.seq}, {event.kind})"
            raise Refused(message, next_step="a signature counts once; others have to speak")


def _author(bench: Workbench, contract: Contract, evaluation: Evaluation) -> str | None:
    if contract.model.registered is None:
        return None
    from baseline_pipeline.adapters.registries.mlflow import author_of

    return author_of(contract, bench.settings.tracking_uri, evaluation.subject.version)
