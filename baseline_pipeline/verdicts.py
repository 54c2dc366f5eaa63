"""From a harm and its bounds to a verdict: one table, the same for every metric."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

Verdict = Literal["improved", "unchanged", "degraded", "inconclusive", "not_evaluated"]
Tier = Literal["minor", "moderate", "severe"]


@dataclass(frozen=True)
class Harm:
    """How much worse the candidate is, in the metric's unit; positive is worse.

    Attributes:
        estimate: the measured harm.
        lower: one-sided lower bound at the adjusted false-alarm level.
        upper: one-sided upper bound at the non-inferiority level.
        gain_lower: one-sided lower bound of the gain at the adjusted false-alarm level.
        margin: harm that is tolerated.
        severe: harm that pages somebody.
    """

    estimate: float
    lower: float
    upper: float
    gain_lower: float
    margin: float
    severe: float


def primary_verdict(harm: Harm) -> tuple[Verdict, Tier | None, str]:
    """The verdict on a primary metric: it must be shown to be no worse than the margin.

    Non-inferiority is shown where the upper bound lies below the margin (Schuirmann 1987); harm is
    shown where the lower bound lies above zero.
    """
    shown = harm.lower > 0
    tolerated = harm.upper < harm.margin
    if harm.lower > harm.margin:
        far = harm.estimate >= harm.severe or harm.lower > harm.severe
        return "degraded", "severe" if far else "moderate", ""
    if shown and not tolerated:
        return "inconclusive", "moderate", "harm seen, its size is unresolved against the margin"
    if shown:
        return "unchanged", "minor", "harm proven, below the margin"
    if not tolerated:
        return "inconclusive", None, "too little data to rule out a harm of the margin's size"
    return ("improved" if harm.gain_lower > 0 else "unchanged"), None, ""


def guardrail_verdict(harm: Harm) -> tuple[Verdict, Tier | None, str]:
    """The verdict on a guardrail: it must not be shown harmed; lack of power is said, not punished."""
    if harm.lower > 0:
        if harm.estimate <= harm.margin:
            return "unchanged", "minor", "harm proven, below the margin"
        return "degraded", "severe" if harm.estimate >= harm.severe else "moderate", ""
    if harm.gain_lower > 0:
        return "improved", None, ""
    if harm.upper < harm.margin:
        return "unchanged", None, ""
    return "inconclusive", None, "under-powered"


def is_number(value: float | None) -> bool:
    """Whether a value can be compared at all."""
    return value is not None and math.isfinite(value)
