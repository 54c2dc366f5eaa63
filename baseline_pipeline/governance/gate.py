"""From a decision and what was asked at the gate to an exit code, and why."""

from __future__ import annotations

from typing import Literal

from baseline_pipeline.decision import Decision
from baseline_pipeline.governance.criteria import Checked
from baseline_pipeline.records import Record
from baseline_pipeline.verdicts import Tier

FailOn = Literal["minor", "moderate", "severe"]
Inconclusive = Literal["fail", "warn", "pass"]
_TIERS: tuple[Tier, ...] = ("minor", "moderate", "severe")


class GateExit(Record):
    """How a gate ends."""

    code: int
    """0 pass, 1 degraded, 3 evidence unavailable, 4 inconclusive, 5 approval required."""
    word: str
    warnings: tuple[str, ...]
    """What was let pass because the command said so, or the contract only experiments."""


WORDS = {
    0: "PASS",
    1: "FAIL: degraded",
    3: "FAIL: evidence unavailable",
    4: "FAIL: inconclusive",
    5: "WAIT: approval required",
}


def gate_exit(
    decision: Decision,
    checked: tuple[Checked, ...],
    *,
    fail_on: FailOn = "moderate",
    inconclusive: Inconclusive = "fail",
    experiment: bool = False,
) -> GateExit:
    """The exit code: missing evidence first, then harm, then too little data, then missing approvals.

    Args:
        decision: The contract's own.
        checked: Limits given at the gate.
        fail_on: The least tier that fails.
        inconclusive: What too little data means.
        experiment: Whether the contract only experiments: nothing but missing evidence fails then.
    """
    code, warnings = decision.exit_code, []
    if code == 1 and _below(decision.tier, fail_on):
        warnings.append(f"{decision.tier} harm passes: --fail-on {fail_on}")
        code = 0
    elif code in {0, 5} and decision.tier == "minor" and fail_on == "minor":
        code = 1
    if code == 4 and inconclusive != "fail":  # noqa: PLR2004  # the code for inconclusive
        if inconclusive == "warn":
            warnings.append("too little data to say, and that passes: --inconclusive warn")
        code = 0
    if code != 3 and any(one.passed is None for one in checked):  # noqa: PLR2004  # evidence unavailable
        code = 3
    elif code != 3 and any(one.passed is False for one in checked):  # noqa: PLR2004  # as above
        code = 1
    if experiment and code in {1, 4, 5}:
        warnings.append(f"this would be {WORDS[code]!r}; the contract says `promotion: {{mode: experiment}}`")
        code = 0
    return GateExit(code=code, word=WORDS[code], warnings=tuple(warnings))


def _below(tier: Tier | None, least: FailOn) -> bool:
    return tier is not None and _TIERS.index(tier) < _TIERS.index(least)
