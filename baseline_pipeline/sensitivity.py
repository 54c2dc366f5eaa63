"""What the gate would see of data that a scenario has spoilt: power by metric, slice and dose."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtr, ndtri

from baseline_pipeline.detecting import detect
from baseline_pipeline.effects import part
from baseline_pipeline.estimating import effects
from baseline_pipeline.records import Record

if TYPE_CHECKING:
    from collections.abc import Sequence

    from baseline_pipeline.contract import Contract
    from baseline_pipeline.evaluation import Scores


class Seen(Record):
    """One guardrail under one dose of one scenario."""

    metric: str
    slice: str
    harm: float
    error: float
    power: float
    """Chance that the gate finds it, on as many new rows as there are now."""


def seen_of(contract: Contract, before: Scores, after: Scores, seed: int) -> tuple[Seen, ...]:
    """Every gating metric and slice: the harm, and the chance that a gate over new rows finds it.

    The harm is that of the very rows at hand; its error is that of two independent draws of them, and the critical
    value is the one that the gate itself would use, shared among everything that it looks at.

    Args:
        contract: Metrics, slices, error rates.
        before: The rows as they are.
        after: The rows as the scenario leaves them.
        seed: Of the gate's random signs.
    """
    sides = [part(one, np.arange(len(one.outcomes)), seed) for one in (before, after)]
    known = effects(contract, *sides, pairing="unpaired", resources=False)
    found = detect(contract.error_rates, known, seed=seed)
    usual = float(ndtri(1 - contract.error_rates.false_alarm))
    seen = []
    for number, effect in enumerate(known):
        if effect.role == "report_only" or effect.problem or effect.harm is None or effect.uncertainty is None:
            continue
        error = effect.uncertainty.error
        if not np.isfinite(error) or error <= 0:
            continue
        critical = found[number].critical if number in found else usual
        power = float(ndtr(effect.harm / error - critical))
        seen.append(Seen(metric=effect.metric.name, slice=effect.slice, harm=effect.harm, error=error, power=power))
    return tuple(seen)


def detectable_dose(doses: Sequence[float], powers: Sequence[float], power: float) -> float | None:
    """The smallest dose that is found with a given power; `None` where even the largest is not.

    Between two doses the standardised effect is taken to grow evenly.

    Example:
        >>> detectable_dose([0.1, 0.2], [0.5, 0.9], 0.8)
        0.166
        >>> detectable_dose([0.1, 0.2], [0.1, 0.5], 0.8) is None
        True
    """
    place = next((number for number, one in enumerate(powers) if one >= power), None)
    if place is None:
        return None
    if place == 0:
        return float(doses[0])
    low, high = (float(ndtri(np.clip(powers[one], 1e-12, 1 - 1e-12))) for one in (place - 1, place))
    share = (float(ndtri(power)) - low) / (high - low)
    return round(float(doses[place - 1] + share * (doses[place] - doses[place - 1])), 3)
