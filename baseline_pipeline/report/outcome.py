"""An outcome in words, and what a person does next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from baseline_pipeline.records import digest_of, short

if TYPE_CHECKING:
    from baseline_pipeline.decision import Decision, Hold, Outcome

Tone = Literal["good", "bad", "wait", "unknown"]

_TONES: dict[Outcome | Hold, Tone] = {
    "establish": "good",
    "promote": "good",
    "reject": "bad",
    "harm_unresolved": "bad",
    "needs_approval": "wait",
    "inconclusive": "unknown",
    "not_comparable": "unknown",
    "evidence_missing": "unknown",
}
_RUN = "`baseline run {model}`"
_ESTABLISH = "`baseline establish {model} --by NAME --reason TEXT`"
_NEXT_STEPS: dict[Outcome | Hold, str] = {
    "establish": "nothing to do: the baseline stands",
    "promote": "nothing to do: the candidate becomes the next baseline revision",
    "reject": f"keep the baseline; `baseline attribute {{model}}` says which change did it; then {_RUN} again",
    "harm_unresolved": f"collect the rows the reasons ask for, or undo the change; then {_RUN} again",
    "needs_approval": "read the verdicts; to approve, `baseline approve {decision} --reason TEXT`",
    "inconclusive": f"collect the rows the reasons ask for, then {_RUN} again",
    "not_comparable": f"if the change of meaning is wanted, {_ESTABLISH}; otherwise undo it",
    "evidence_missing": f"repair what the reasons name, then {_RUN} again",
}
_FAILED = f"keep the baseline; repair what the reasons name, or undo the change; then {_RUN} again"
_TRIED = "nothing was decided: gate again without --dry-run, once the reasons above are answered"
_FIRST = f"read the measured values in the report, then {_ESTABLISH}"


def headline(outcome: Outcome, hold: Hold | None) -> str:
    """The outcome as people say it.

    Example:
        >>> headline("hold", "needs_approval")
        'HOLD: needs approval'
    """
    return f"{outcome.upper()}: {hold.replace('_', ' ')}" if hold else outcome.upper()


def tone(outcome: Outcome, hold: Hold | None) -> Tone:
    """Good news, bad news, waiting for a person, or not known."""
    return _TONES[hold or outcome]


def standing(decision: Decision) -> str:
    """What the outcome means for the baseline, in a sentence."""
    if decision.baseline_revision is None:
        return "no baseline stands yet"
    if decision.nothing_moved:
        return f"baseline revision {decision.baseline_revision} stands"
    if decision.outcome == "promote":
        return f"the candidate follows baseline revision {decision.baseline_revision}"
    if decision.outcome == "establish":
        return f"baseline revision {decision.baseline_revision} is established"
    return f"baseline revision {decision.baseline_revision} stays"


def next_step(decision: Decision, *, tried: bool = False) -> str:
    """What the reader does now; commands to type stand between backticks.

    Args:
        decision: What was decided.
        tried: Whether it was only tried, so that no ledger knows it.
    """
    if tried:
        return _TRIED
    if decision.nothing_moved:
        return "nothing to do"
    first = decision.baseline_revision is None and decision.hold == "needs_approval"
    failed = decision.candidate is None and decision.outcome == "reject"
    text = _FIRST if first else _FAILED if failed else _NEXT_STEPS[decision.hold or decision.outcome]
    return text.format(model=decision.model.replace("`", r"\x60"), decision=short(digest_of(decision.body())))
