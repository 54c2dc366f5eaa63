"""The fourth stage: decide, write it down, then let the effects follow; safe to repeat at any point."""

from __future__ import annotations

from typing import TYPE_CHECKING

from baseline_pipeline.decision import Decision, decide
from baseline_pipeline.errors import EvidenceUnavailable, UsageError
from baseline_pipeline.governance.events import Baseline, Event, last_decision, promotions
from baseline_pipeline.records import Digest, digest_of, short
from baseline_pipeline.workbench.comparing import load_comparison
from baseline_pipeline.workbench.evaluating import load_evaluation
from baseline_pipeline.workbench.stages import Compared, Evaluated

if TYPE_CHECKING:
    from baseline_pipeline.contract import Contract
    from baseline_pipeline.evaluation import Evaluation
    from baseline_pipeline.workbench.workbench import Workbench

PIPELINE = "baseline-pipeline"
"""The actor of what no person did."""


def decide_present(bench: Workbench, contract: Contract, compared: Compared) -> Decision:
    """Decide on a comparison, record the decision, and promote where it says so."""
    comparison = load_comparison(bench, contract.name, compared.comparison)
    decision = decide(contract, comparison, promotions=promotions(bench.events(contract.name), contract.name))
    digest = digest_of(decision.body())
    bench.store.save("decisions", contract.name, digest, decision)
    promoted = None
    if decision.outcome == "promote" and contract.promotion.mode == "gate":
        promoted = _candidate(bench, decision)
    events = [_decision_event(bench, contract, decision, digest, compared.evaluated, promoted)]
    if promoted is not None:
        events.append(_revision_event(bench, contract, promoted, digest, PIPELINE, decision.reasons[0]))
    bench.ledger.append(*[event for event in events if event is not None])
    follow_alias(bench, contract)
    bench.progress(f"decided: {decision.outcome}{f' ({decision.hold})' if decision.hold else ''}")
    return decision


def _candidate(bench: Workbench, decision: Decision) -> Evaluation | None:
    return None if decision.candidate is None else load_evaluation(bench, decision.model, decision.candidate)


def _decision_event(
    bench: Workbench,
    contract: Contract,
    decision: Decision,
    digest: Digest,
    evaluated: Evaluated,
    promoted: Evaluation | None,
) -> Event | None:
    """The line for the ledger; `None` where the last one says the same already."""
    after = _with_promoted_alias(contract, evaluated, promoted)
    content = {
        "decision": digest,
        "comparison": decision.comparison,
        "outcome": decision.outcome,
        "hold": decision.hold,
        "tier": decision.tier,
        "candidate": decision.candidate,
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


def establish(bench: Workbench, contract: Contract, *, actor: str, reason: str) -> Baseline:
    """Make the last decision's candidate the baseline because a person says so.

    Raises:
        UsageError: when person or reason is not named, or nothing was evaluated yet.
        EvidenceUnavailable: when the evidence does not stand for the declared environment.
    """
    if not actor.strip() or not reason.strip():
        message = "a baseline is established by a named person with a reason"
        raise UsageError(message, next_step='add --by "NAME" --reason "WHY"')
    event = last_decision(bench.events(contract.name), contract.name)
    if event is None or event.content["candidate"] is None:
        message = f"nothing was evaluated for {contract.name} yet"
        raise UsageError(message, next_step=f"run `baseline run {contract.name}` first")
    if event.content["hold"] == "evidence_missing":
        message = f"the last evaluation cannot become a baseline: {event.reason}"
        raise EvidenceUnavailable(message, next_step="repair what is named, and run again")
    evaluation = load_evaluation(bench, contract.name, event.content["candidate"])
    revision = _revision_event(
        bench, contract, evaluation, event.content["decision"], actor.strip(), reason.strip(), by_person=True
    )
    if revision is not None:
        bench.ledger.append(revision)
    follow_alias(bench, contract)
    found = bench.baseline(contract.name)
    if found is None:
        message = f"the ledger does not hold the baseline of {contract.name} that was just written"
        raise EvidenceUnavailable(message, next_step="see `baseline doctor`")
    bench.progress(f"baseline revision {found.revision}: evaluation {short(found.evaluation)}")
    return found


def _revision_event(
    bench: Workbench,
    contract: Contract,
    evaluation: Evaluation,
    decision: Digest,
    actor: str,
    reason: str,
    *,
    by_person: bool = False,
) -> Event | None:
    """The next baseline revision; `None` where the evaluation is the baseline already."""
    old = bench.baseline(contract.name)
    if old is not None and old.evaluation == evaluation.key:
        return None
    revised = Baseline(
        model=contract.name,
        revision=(old.revision if old else 0) + 1,
        evaluation=evaluation.key,
        scores_file=evaluation.scores_file,
        snapshot=evaluation.snapshot,
        fingerprint=evaluation.fingerprint,
        version=evaluation.subject.version,
        decision=decision,
    )
    return Event(
        kind="baseline_established" if by_person else "baseline_revised",
        model=contract.name,
        actor=actor,
        reason=reason,
        key=digest_of(["revision", contract.name, revised.revision]),
        content=revised.model_dump(mode="json", exclude={"actor", "reason", "at"}),
    )


def follow_alias(bench: Workbench, contract: Contract) -> bool:
    """Move the champion alias to the baseline's version where a promotion was recorded and not finished.

    An alias that somebody else moved since is left alone: it is a change, and will be evaluated.

    Returns:
        Whether the alias was moved now.
    """
    baseline = bench.baseline(contract.name)
    if baseline is None or contract.model.registered is None:
        return False
    key = digest_of(["alias", contract.name, baseline.revision])
    events = bench.events(contract.name)
    if any(event.key == key for event in events):
        return False
    from baseline_pipeline.adapters.registries.mlflow import move_alias

    moved = move_alias(contract, bench.settings.tracking_uri, baseline.version)
    bench.ledger.append(
        Event(
            kind="alias_moved",
            model=contract.name,
            actor=PIPELINE,
            reason=f"champion follows baseline revision {baseline.revision}",
            key=key,
            content={"version": baseline.version, "revision": baseline.revision, "moved": moved},
        )
    )
    return moved
