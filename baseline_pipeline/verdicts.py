"""From a harm and its bounds to a verdict: one table, the same for every metric."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable

Verdict = Literal["improved", "unchanged", "degraded", "inconclusive", "not_evaluated"]
Tier = Literal["minor", "moderate", "severe"]
TIERS: tuple[Tier, ...] = ("minor", "moderate", "severe")


def worst_tier(tiers: Iterable[Tier]) -> Tier:
    """The worst of some tiers; minor where there are none.

    Example:
        >>> worst_tier(["minor", "severe", "moderate"])
        'severe'
    """
    return max(tiers, key=TIERS.index, default="minor")


@dataclass(frozen=True)
class Harm:
    """How much worse the candidate is, in the metric's unit; positive is worse.

    Attributes:
        estimate: the measured harm.
        lower: one-sided lower bound at the adjusted false-alarm level.
        upper: one-sided upper bound at the non-inferiority level.
        shown: whether harm is shown at the adjusted false-alarm level.
        gain_shown: whether a gain is.
        margin: harm that is tolerated.
        severe: harm that pages somebody.
        directed: whether it is settled which way is worse; where it is not, any movement counts.
    """

    estimate: float
    lower: float
    upper: float
    shown: bool
    gain_shown: bool
    margin: float
    severe: float
    directed: bool = True


def primary_verdict(harm: Harm) -> tuple[Verdict, Tier | None, str]:
    """The verdict on a primary metric: it must be shown to be no worse than the margin.

    Non-inferiority is shown where the upper bound lies below the margin (Schuirmann 1987).
    """
    tolerated = harm.upper < harm.margin
    if not harm.directed and harm.shown:
        return _moved(harm)
    if harm.lower > harm.margin:
        far = harm.estimate >= harm.severe or harm.lower > harm.severe
        return "degraded", "severe" if far else "moderate", ""
    if harm.shown and not tolerated:
        return "inconclusive", "moderate", "harm seen, its size is unresolved against the margin"
    if harm.shown:
        return "unchanged", "minor", "harm proven, below the margin"
    if not tolerated:
        return "inconclusive", None, "too little data to rule out a harm of the margin's size"
    return ("improved" if harm.gain_shown else "unchanged"), None, ""


def guardrail_verdict(harm: Harm) -> tuple[Verdict, Tier | None, str]:
    """The verdict on a guardrail: it must not be shown harmed; lack of power is said, not punished."""
    if not harm.directed and harm.shown:
        return _moved(harm)
    if harm.shown:
        if harm.estimate <= harm.margin:
            return "unchanged", "minor", "harm proven, below the margin"
        return "degraded", "severe" if harm.estimate >= harm.severe else "moderate", ""
    if harm.gain_shown:
        return "improved", None, ""
    if harm.upper < harm.margin:
        return "unchanged", None, ""
    return "inconclusive", None, "under-powered"


def _moved(harm: Harm) -> tuple[Verdict, Tier, str]:
    """The verdict on a movement that may be to the better or to the worse."""
    if harm.estimate <= harm.margin:
        return "unchanged", "minor", "it moved by less than the margin; whether to the better is not settled"
    return "inconclusive", "moderate", "it moved by more than the margin; whether to the better is not settled"


def is_number(value: float | None) -> bool:
    """Whether a value can be compared at all."""
    return value is not None and math.isfinite(value)
