"""The gate: one exact candidate against the champion, on the same rows, now."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from baseline_pipeline.errors import ContractError
from baseline_pipeline.governance.approvals import standing_override
from baseline_pipeline.governance.criteria import Checked, check, read_criterion, require_known
from baseline_pipeline.governance.gate import GateExit, gate_exit
from baseline_pipeline.records import digest_of
from baseline_pipeline.workbench.iteration.comparing import compare_present
from baseline_pipeline.workbench.iteration.deciding import decide_present, decided
from baseline_pipeline.workbench.iteration.evaluating import evaluate_present
from baseline_pipeline.workbench.iteration.snapshotting import take_snapshot
from baseline_pipeline.workbench.promotions.promoting import resume, stray_alias
from baseline_pipeline.workbench.workbench import utc_now

if TYPE_CHECKING:
    from collections.abc import Sequence

    from baseline_pipeline.contract import Contract
    from baseline_pipeline.decision import Decision
    from baseline_pipeline.governance.gate import FailOn, Inconclusive
    from baseline_pipeline.ports import ModelVersion
    from baseline_pipeline.workbench.workbench import Workbench


@dataclass(frozen=True)
class Asked:
    """What is asked at the gate, beside the contract.

    Attributes:
        candidate: Exact reference of the candidate.
        dry_run: Whether nothing is to be decided or promoted.
        wait: Seconds to wait for the candidate's run.
        required: Metrics that its run must hold, finite.
        fail_on: The least tier that fails.
        inconclusive: What too little data means.
        limits: Limits such as `recall@carrier=EV:-1%`.
    """

    candidate: str
    dry_run: bool = False
    wait: float = 0.0
    required: Sequence[str] = ()
    fail_on: FailOn = "moderate"
    inconclusive: Inconclusive = "fail"
    limits: Sequence[str] = field(default_factory=tuple)


@dataclass(frozen=True)
class Gated:
    """What the gate found.

    Attributes:
        candidate: The exact model.
        decision: The contract's decision.
        digest: Its digest.
        checked: Limits given at the gate.
        exit: How the gate ends.
        promoted: Revision of the baseline that followed; `None` where none did.
        stray: What is wrong with the champion's alias, or that it stands by an override, if so.
    """

    candidate: ModelVersion
    decision: Decision
    digest: str
    checked: tuple[Checked, ...]
    exit: GateExit
    promoted: int | None
    stray: str


def gate(bench: Workbench, contract: Contract, asked: Asked) -> Gated:
    """Score candidate and champion on the same snapshot, compare, decide, and promote where all say so.

    The contract's decision is recorded whatever was asked; options can make the gate stricter, and let a pipeline go on
    where the contract would stop it, but never promote what the contract does not.

    Raises:
        ContractError: when the contract has no criteria.
        UsageError: when the candidate could mean several, or a limit is none.
        EvidenceUnavailable: when something needed could not be had.
    """
    criteria = [read_criterion(text) for text in asked.limits]
    require_known(criteria, [rule.measured.name for rule in contract.metrics])
    if not any(rule.role != "report_only" for rule in contract.metrics):
        message = f"assets/{contract.name}/defs.yaml: no metric gates, so anything would pass"
        raise ContractError(message, next_step="give a metric a margin and the role primary or guardrail")
    resume(bench, contract)
    bench.progress(f"looking for {asked.candidate}")
    candidate = bench.catalogue(contract).candidate(asked.candidate, required=asked.required, wait=asked.wait)
    bench.progress(f"candidate: {candidate.uri} (digest {candidate.digest[:12]})")
    notes = (stray_alias(bench, contract), standing_override(bench.events(contract.name), utc_now()))
    stray = "; ".join(one for one in notes if one)
    taken = take_snapshot(bench, contract)
    evaluated = evaluate_present(bench, contract, taken, candidate=candidate)
    compared = compare_present(bench, contract, evaluated)
    comparison, decision = decided(bench, contract, compared)
    checked = check(criteria, comparison)
    ended = gate_exit(
        decision,
        checked,
        fail_on=asked.fail_on,
        inconclusive=asked.inconclusive,
        experiment=contract.promotion.mode == "experiment",
    )
    before = bench.baseline(contract.name)
    if asked.dry_run:
        digest = digest_of(decision.body())
        bench.store.save("decisions", contract.name, digest, decision)
        return Gated(candidate, decision, digest, checked, ended, None, stray)
    decision = decide_present(bench, contract, compared, promote=ended.code == 0 and not notes[0])
    after = bench.baseline(contract.name)
    promoted = after.revision if after is not None and (before is None or after.revision > before.revision) else None
    return Gated(candidate, decision, digest_of(decision.body()), checked, ended, promoted, stray)
