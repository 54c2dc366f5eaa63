"""An outcome in words, and what a person does next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from baseline_pipeline.decision import Decision, Hold, Outcome

Tone = Literal["good", "bad", "wait", "unknown"]

_TONES: dict[tuple[Outcome, Hold | None], Tone] = {
    ("establish", None): "good",
    ("promote", None): "good",
    ("reject", None): "bad",
    ("hold", "harm_unresolved"): "bad",
    ("hold", "needs_approval"): "wait",
    ("hold", "inconclusive"): "unknown",
    ("hold", "not_comparable"): "unknown",
    ("hold", "evidence_missing"): "unknown",
}
_NEXT_STEPS: dict[tuple[Outcome, Hold | None], str] = {
    ("establish", None): "nothing to do: the baseline stands",
    ("promote", None): "nothing to do: the candidate becomes the next baseline revision",
    (
        "reject",
        None,
    ): "keep the baseline; look at the worst slice and at what changed, then run `baseline gate {model}` again",
    (
        "hold",
        "harm_unresolved",
    ): "collect the rows the reasons ask for, or undo the change; then run `baseline gate {model}` again",
    ("hold", "needs_approval"): "read the verdicts, then run `baseline approve {model}` or `baseline reject {model}`",
    ("hold", "inconclusive"): "collect the rows the reasons ask for, then run `baseline gate {model}` again",
    (
        "hold",
        "not_comparable",
    ): "if the change of meaning is wanted, run `baseline establish {model}`; otherwise undo it",
    ("hold", "evidence_missing"): "repair what the reasons name, then run `baseline run {model}` again",
}
_ESTABLISH = "read the measured values, then run `baseline establish {model}`"


def headline(outcome: Outcome, hold: Hold | None) -> str:
    """The outcome as people say it.

    Example:
        >>> headline("hold", "needs_approval")
        'HOLD: needs approval'
    """
    return f"{outcome.upper()}: {hold.replace('_', ' ')}" if hold else outcome.upper()


def tone(outcome: Outcome, hold: Hold | None) -> Tone:
    """Good news, bad news, waiting for a person, or not known."""
    return _TONES[(outcome, hold)]


def standing(decision: Decision) -> str:
    """What the outcome means for the baseline, in a sentence."""
    if decision.baseline_revision is None:
        return "no baseline stands yet"
    if decision.outcome == "promote":
        return f"the candidate follows baseline revision {decision.baseline_revision}"
    if decision.outcome == "establish":
        return f"baseline revision {decision.baseline_revision} is established"
    return f"baseline revision {decision.baseline_revision} stays"


def next_step(decision: Decision) -> str:
    """What the reader does now, with the command to type."""
    first = decision.baseline_revision is None and decision.hold == "needs_approval"
    text = _ESTABLISH if first else _NEXT_STEPS[(decision.outcome, decision.hold)]
    return text.format(model=decision.model)
