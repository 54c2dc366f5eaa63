"""The fourth stage: decide, write it down, then let the effects follow; safe to repeat at any point."""

from __future__ import annotations

from typing import TYPE_CHECKING

from baseline_pipeline.decision import Decision, decide
from baseline_pipeline.errors import EvidenceUnavailable, UsageError
from baseline_pipeline.governance.approvals import Autonomy, autonomy
from baseline_pipeline.governance.contract_change import changed_words
from baseline_pipeline.governance.events import Baseline, Event, last_decision
from baseline_pipeline.records import digest_of, short
from baseline_pipeline.response.incidents import frozen_by
from baseline_pipeline.workbench.iteration.comparing import load_comparison
from baseline_pipeline.workbench.iteration.evaluating import load_evaluation
from baseline_pipeline.workbench.iteration.ruling import ruled
from baseline_pipeline.workbench.people import Voice, statement, to_sign
from baseline_pipeline.workbench.promotions.anchoring import refuse_open_incident
from baseline_pipeline.workbench.promotions.promoting import PIPELINE, promotion_events, resume
from baseline_pipeline.workbench.stages import Compared, Evaluated, Policy

if TYPE_CHECKING:
    from pathlib import Path

    from baseline_pipeline.comparison import Comparison
    from baseline_pipeline.contract import Contract
    from baseline_pipeline.evaluation import Evaluation
    from baseline_pipeline.governance.statements import Statement
    from baseline_pipeline.workbench.workbench import Workbench


def decide_present(bench: Workbench, contract: Contract, compared: Compared, *, promote: bool = True) -> Decision:
    """Decide on a comparison, record the decision, and promote where it says so.

    Args:
        bench: The project.
        contract: The model's contract.
        compared: The evidence.
        promote: Whether a promotion follows where the outcome says so.
    """
    comparison, decision = decided(bench, contract, compared)
    digest = digest_of(decision.body())
    bench.store.save("decisions", contract.name, digest, decision)
    bench.store.save("contracts", contract.name, comparison.policy, Policy(contract=contract.declared()))
    promoted = None
    if promote and decision.outcome == "promote" and contract.promotion.mode == "gate":
        promoted = _candidate(bench, decision)
    events = [
        _contract_event(bench, contract, comparison),
        _decision_event(bench, contract, decision, comparison, compared.evaluated, promoted),
    ]
    written = [event for event in events if event is not None]
    if promoted is not None:
        written += promotion_events(
            bench,
            contract,
            promoted,
            kind="baseline_revised",
            actor=PIPELINE,
            reason=decision.reasons[0],
            decision=digest,
        )
    bench.ledger.append(*written)
    resume(bench, contract)
    bench.progress(f"decided: {decision.outcome}{f' ({decision.hold})' if decision.hold else ''}")
    return decision


def decided(bench: Workbench, contract: Contract, compared: Compared) -> tuple[Comparison, Decision]:
    """What follows from a comparison now; nothing is written."""
    comparison = load_comparison(bench, contract.name, compared.comparison)
    own = autonomy_of(bench, contract)
    default = decide(contract, comparison, asked=_held(bench, contract) or ("" if own.earned else own.words()))
    return comparison, ruled(contract, comparison, default, bench.settings.project)


def _held(bench: Workbench, contract: Contract) -> str:
    """Why no promotion happens by itself now, where an incident holds it."""
    holder = frozen_by(bench.events(contract.name), contract.name)
    if holder is None:
        return ""
    return f"promotions are frozen by incident {holder.id} ({holder.tier}, since {holder.since[:10]}): a person decides"


def autonomy_of(bench: Workbench, contract: Contract) -> Autonomy:
    """How far the gate may promote the model by itself."""
    rules = contract.promotion
    return autonomy(bench.events(contract.name), needed=rules.approvals_until, critical=rules.critical)


def _candidate(bench: Workbench, decision: Decision) -> Evaluation:
    return load_evaluation(bench, decision.model, str(decision.candidate))


def _contract_event(bench: Workbench, contract: Contract, comparison: Comparison) -> Event | None:
    """That the contract is another one than at the last decision, with what differs."""
    known = [event for event in bench.events(contract.name) if event.kind == "contract_changed"]
    last = known[-1] if known else None
    if last is not None and last.content["policy"] == comparison.policy:
        return None
    before = bench.store.load("contracts", contract.name, last.content["policy"]) if last else None
    differences = changed_words(before["contract"] if before else None, contract.declared())
    return Event(
        kind="contract_changed",
        model=contract.name,
        actor=PIPELINE,
        reason="; ".join(differences[:3]) or "first seen",
        key=digest_of(["contract", contract.name, last.seq if last else 0, comparison.policy]),
        content={"policy": comparison.policy, "changed": differences},
    )


def _decision_event(
    bench: Workbench,
    contract: Contract,
    decision: Decision,
    comparison: Comparison,
    evaluated: Evaluated,
    promoted: Evaluation | None,
) -> Event | None:
    """The line for the ledger; `None` where the last one says the same already."""
    after = _with_promoted_alias(contract, evaluated, promoted)
    content = {
        "decision": digest_of(decision.body()),
        "comparison": decision.comparison,
        "policy": comparison.policy,
        "outcome": decision.outcome,
        "hold": decision.hold,
        "tier": decision.tier,
        "challenged": "challenger" in evaluated.scored,
        "approvals_required": decision.approvals_required,
        "candidate": decision.candidate,
        "version": None if decision.candidate is None else _candidate(bench, decision).subject.version,
        "champion": after.scored.get("champion"),
        "snapshot": after.snapshot,
        "watched": after.watched.body(),
        "baseline_revision": decision.baseline_revision,
    }
    last = last_decision(bench.events(decision.model), decision.model)
    if last is not None and last.content == content:
        return None
    return Event(
        kind="decision",
        model=decision.model,
        actor=PIPELINE,
        reason=decision.reasons[0],
        key=digest_of([last.seq if last else 0, content]),
        content=content,
    )


def _with_promoted_alias(contract: Contract, evaluated: Evaluated, candidate: Evaluation | None) -> Evaluated:
    """The watched registry as it is after our own promotion, so that it is no change to react to."""
    if candidate is None or contract.model.registered is None:
        return evaluated
    registry = {**evaluated.registry, contract.model.champion: candidate.subject.version}
    watched = evaluated.watched.model_copy(update={"registry": digest_of(registry)})
    return evaluated.model_copy(update={"watched": watched, "registry": registry})


def _retirable(bench: Workbench, contract: Contract) -> Baseline:
    """The present baseline."""
    present = bench.baseline(contract.name)
    if present is None:
        message = f"{contract.name} has no baseline to retire"
        raise UsageError(message, next_step=f"see `baseline show {contract.name}`")
    return present


def to_retire(bench: Workbench, contract: Contract, voice: Voice) -> Statement:
    """What `retire` would sign, for a signature that is made elsewhere; nothing is written down.

    Raises:
        UsageError: when there is no baseline, or person or reason is missing.
        Refused: when the roster does not know the person.
    """
    present = _retirable(bench, contract)
    return to_sign(bench, contract, "establish", present.evaluation, present.revision, voice)


def retire(bench: Workbench, contract: Contract, voice: Voice) -> int:
    """Take the present baseline out of use: nothing is compared until a person establishes another one.

    Returns:
        The revision that was retired.

    Raises:
        UsageError: when there is no baseline, or person or reason is missing.
        Refused: when the person may not.
    """
    present = _retirable(bench, contract)
    proof = statement(bench, contract, "establish", present.evaluation, present.revision, voice)
    bench.ledger.append(
        Event(
            kind="baseline_retired",
            model=contract.name,
            actor=proof["statement"]["person"],
            reason=proof["statement"]["reason"],
            key=digest_of(["retired", contract.name, present.revision]),
            content={"revision": present.revision, **proof},
        )
    )
    return present.revision


def _establishable(bench: Workbench, contract: Contract) -> Event:
    """The last decision, whose candidate a person may make the baseline."""
    event = last_decision(bench.events(contract.name), contract.name)
    if event is None or event.content["candidate"] is None:
        message = f"nothing was evaluated for {contract.name} yet"
        raise UsageError(message, next_step=f"run `baseline run {contract.name}` first")
    if event.content["hold"] == "evidence_missing":
        message = f"the last evaluation cannot become a baseline: {event.reason}"
        raise EvidenceUnavailable(message, next_step="repair what is named, and run again")
    refuse_open_incident(bench, contract, event.content["snapshot"])
    if event.content["outcome"] == "reject":
        bench.progress(f"version {event.content['version']} was rejected: {event.reason}")
    return event


def to_establish(bench: Workbench, contract: Contract, voice: Voice) -> Statement:
    """What `establish` would sign, for a signature that is made elsewhere; nothing is written down.

    Raises:
        UsageError: when person or reason is missing, or nothing was evaluated yet.
        Refused: when the roster does not know the person.
        EvidenceUnavailable: when the evidence does not stand for the declared environment.
    """
    event, old = _establishable(bench, contract), bench.baseline(contract.name)
    return to_sign(bench, contract, "establish", str(event.content["decision"]), old.revision if old else None, voice)


def establish(
    bench: Workbench,
    contract: Contract,
    *,
    actor: str,
    reason: str,
    key: Path | None = None,
    signature: Path | None = None,
) -> Baseline:
    """Make the last decision's candidate the baseline because a person says so.

    Args:
        bench: The project.
        contract: The model's contract.
        actor: Who; the roster's name of the key's owner where there is a roster.
        reason: Why.
        key: SSH key to sign with.
        signature: A statement signed elsewhere.

    Raises:
        UsageError: when person or reason is not named, or nothing was evaluated yet.
        Refused: when the person may not.
        EvidenceUnavailable: when the evidence does not stand for the declared environment.
    """
    event = _establishable(bench, contract)
    old = bench.baseline(contract.name)
    decision = str(event.content["decision"])
    proof = statement(
        bench, contract, "establish", decision, old.revision if old else None, Voice(actor, reason, key, signature)
    )
    evaluation = load_evaluation(bench, contract.name, event.content["candidate"])
    events = promotion_events(
        bench,
        contract,
        evaluation,
        kind="baseline_established",
        actor=proof["statement"]["person"],
        reason=proof["statement"]["reason"],
        decision=decision,
        proof=proof,
    )
    bench.ledger.append(*events)
    resume(bench, contract)
    found = bench.baseline(contract.name)
    if found is None:
        message = f"the ledger does not hold the baseline of {contract.name} that was just written"
        raise EvidenceUnavailable(message, next_step="see `baseline doctor`")
    bench.progress(f"baseline revision {found.revision}: evaluation {short(found.evaluation)}")
    return found
