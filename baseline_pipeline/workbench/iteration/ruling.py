"""The decision rule as a port: a function of the user's own may stand in for the default, and is recorded.

A rule is `module:function`, called with the comparison and the default's decision, both as frozen records, and returns
`(outcome, hold, reason)`: an outcome of `promote`, `hold` or `reject`, with `hold` one of `needs_approval`,
`inconclusive`, `harm_unresolved` or nothing. Missing evidence and comparisons that cannot be made are not asked about:
no rule makes them good.

    def cautious(comparison, decision):
        '''Promote only what gained somewhere.'''
        gained = any(cell.verdict == "improved" for one in comparison.contrasts for cell in one.cells)
        if decision.outcome == "promote" and not gained:
            return "hold", "needs_approval", "nothing gained: a person should want this"
        return decision.outcome, decision.hold, decision.reasons[0]
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from baseline_pipeline.adapters.models.function_modules import standing_module
from baseline_pipeline.decision import EXIT_CODES, Decision
from baseline_pipeline.errors import EvidenceUnavailable, foreign

if TYPE_CHECKING:
    from baseline_pipeline.comparison import Comparison
    from baseline_pipeline.contract import Contract

SETTLED = {"evidence_missing", "not_comparable"}


def ruled(contract: Contract, comparison: Comparison, decision: Decision, project: Path) -> Decision:
    """What the contract's own rule makes of a decision; the decision itself where it names none.

    Args:
        contract: Names the rule.
        comparison: What it is called with.
        decision: What the default makes of that.
        project: Where the rule is imported from, as it stands now.

    Raises:
        EvidenceUnavailable: when the rule is not there, fails, or answers what is no outcome.
    """
    name = contract.promotion.rule
    if name is None or decision.hold in SETTLED or comparison.baseline_revision is None:
        return decision
    call, digest = _loaded(name, project)
    try:
        answer = call(comparison, decision)
    except Exception as error:
        message = f"promotion.rule {name} failed: {type(error).__name__}: {str(error)[:300]}"
        raise EvidenceUnavailable(message, next_step="repair the rule; nothing was decided") from error
    outcome, hold, reason = _checked(name, answer)
    approvals = decision.approvals_required
    if hold == "needs_approval":
        approvals = max(approvals, contract.promotion.people)
    return decision.model_copy(
        update={
            "outcome": outcome,
            "hold": hold,
            "reasons": (f"{name} (source {digest[:12]}): {reason}", *decision.reasons),
            "approvals_required": approvals,
        }
    )


def _loaded(name: str, project: Path) -> tuple[Any, str]:
    try:
        module = standing_module(name, project)
    except Exception as error:
        message = f"promotion.rule {name} cannot be imported: {foreign(error)}"
        raise EvidenceUnavailable(message, next_step="put the module into the project") from error
    call = getattr(module, name.partition(":")[2], None)
    if not callable(call) or not module.__file__:
        message = f"promotion.rule {name}: there is no such function"
        raise EvidenceUnavailable(message, next_step="check the name")
    return call, hashlib.sha256(Path(module.__file__).read_bytes()).hexdigest()


def _checked(name: str, answer: Any) -> tuple[Any, Any, str]:
    known = {pair for pair in EXIT_CODES if pair[0] != "establish" and pair[1] not in SETTLED}
    parts = 3
    if not isinstance(answer, tuple) or len(answer) != parts or tuple(answer[:2]) not in known or not answer[2]:
        accepted = ", ".join(f"({outcome}, {hold})" for outcome, hold in sorted(known, key=str))
        message = f"promotion.rule {name} answered {answer!r}"
        raise EvidenceUnavailable(message, next_step=f"accepted: (outcome, hold, reason) with {accepted}")
    return answer[0], answer[1], str(answer[2])
