"""What the gate would see of data that a scenario has spoilt: power by metric, slice and dose."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtr, ndtri, stdtrit

from baseline_pipeline.detecting import detect
from baseline_pipeline.effects import part
from baseline_pipeline.estimating import effects
from baseline_pipeline.records import Record

if TYPE_CHECKING:
    from collections.abc import Sequence

    from baseline_pipeline.contract import Contract
    from baseline_pipeline.evaluation import Scores
    from baseline_pipeline.significance.clustered import Uncertainty

MANY = 1000.0
"""Degrees of freedom from which t is taken for normal."""


class Seen(Record):
    """One guardrail under one dose of one scenario."""

    metric: str
    slice: str
    harm: float | None
    error: float | None
    power: float | None
    """Chance that the gate finds it, on as many new rows as there are now; `None` where it cannot judge these rows."""
    problem: str = ""
    """Why it cannot."""


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
        if effect.role == "report_only":
            continue
        error = None if effect.uncertainty is None else effect.uncertainty.error
        power = None
        if not effect.problem and effect.harm is not None and effect.uncertainty is not None:
            critical = found[number].critical if number in found else usual
            power = chance(effect.harm, effect.uncertainty, critical)
        seen.append(
            Seen(
                metric=effect.metric.name,
                slice=effect.slice,
                harm=effect.harm,
                error=error if error is not None and np.isfinite(error) else None,
                power=power,
                problem=effect.problem,
            )
        )
    return tuple(seen)


def chance(harm: float, uncertainty: Uncertainty, critical: float) -> float:
    """The chance that an estimate of a harm is found, its error being estimated as well (noncentral t).

    Args:
        harm: The harm that there is.
        uncertainty: Of its estimate.
        critical: What the estimate's statistic has to exceed, on the scale of a standard normal.

    Example:
        >>> from baseline_pipeline.significance.clustered import Uncertainty
        >>> many, few = Uncertainty(0.01, 1e6, 5000), Uncertainty(0.01, 6.0, 7)
        >>> round(chance(0.04, many, 2.9), 2), round(chance(0.04, few, 2.9), 2)
        (0.86, 0.41)
    """
    from scipy.stats import nct

    if uncertainty.error == 0:
        return float(harm > 0)
    far, degrees = harm / uncertainty.error, uncertainty.degrees
    if not np.isfinite(far):
        return 0.0
    if degrees > MANY:
        return float(ndtr(far - critical))
    return float(nct.sf(-stdtrit(degrees, float(ndtr(-critical))), degrees, far))


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
