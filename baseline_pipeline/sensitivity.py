"""What the gate would see of data that a scenario has spoilt: power by metric, slice and dose."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import ndtr, ndtri

from baseline_pipeline.comparison import ALL_ROWS
from baseline_pipeline.detecting import detect
from baseline_pipeline.effects import part
from baseline_pipeline.estimating import effects
from baseline_pipeline.records import Record
from baseline_pipeline.significance.clustered import clustered
from baseline_pipeline.significance.skewed_t import below
from baseline_pipeline.slices import find_slices

if TYPE_CHECKING:
    from collections.abc import Sequence

    from baseline_pipeline.contract import Contract
    from baseline_pipeline.effects import Part
    from baseline_pipeline.evaluation import Scores
    from baseline_pipeline.metrics.outcomes import Metric
    from baseline_pipeline.significance.clustered import Uncertainty

Array = np.ndarray[Any, Any]
NODES = 31
"""Points of the quadrature over what a harm may be (Gauss and Hermite)."""
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
    unsure: float | None = None
    """Error of the harm itself, over draws of the rows at hand; `None` where nobody knows which rows became which."""


def seen_of(
    contract: Contract, before: Scores, after: Scores, seed: int, origin: Array | None = None
) -> tuple[Seen, ...]:
    """Every gating metric and slice: the harm, and the chance that a gate over new rows finds it.

    The harm is that of the very rows at hand; the error of what a gate would find is that of two independent draws of
    them, and the critical value is the one that the gate itself would use, shared among everything that it looks at.
    Where the harm itself rests on few rows, the chance is its mean over what the harm may be; see `expected_chance`.

    Args:
        contract: Metrics, slices, error rates.
        before: The rows as they are.
        after: The rows as the scenario leaves them.
        seed: Of the gate's random signs.
        origin: (m,) which of the n rows each of the m spoilt ones comes from; `None` where that is not known.
    """
    sides = [part(one, np.arange(len(one.outcomes)), seed) for one in (before, after)]
    known = effects(contract, *sides, pairing="unpaired", resources=False)
    found = detect(contract.error_rates, known, seed=seed)
    usual = float(ndtri(1 - contract.error_rates.false_alarm))
    rows = [_slices(contract, one, sides[0]) for one in sides]
    seen = []
    for number, effect in enumerate(known):
        if effect.role == "report_only":
            continue
        error = None if effect.uncertainty is None else effect.uncertainty.error
        power = unsure = None
        if not effect.problem and effect.harm is not None and effect.uncertainty is not None:
            critical = found[number].critical if number in found else usual
            if origin is not None:
                unsure = _unsure(effect.metric, sides, [one[effect.slice] for one in rows], origin)
            power = expected_chance(effect.harm, unsure or 0.0, effect.uncertainty, critical)
        seen.append(
            Seen(
                metric=effect.metric.name,
                slice=effect.slice,
                harm=effect.harm,
                error=error if error is not None and np.isfinite(error) else None,
                power=power,
                problem=effect.problem,
                unsure=unsure,
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
    needed = below(uncertainty, critical) / uncertainty.error
    if degrees > MANY:
        return float(ndtr(far - needed))
    return float(nct.sf(needed, degrees, far))


def expected_chance(harm: float, unsure: float, uncertainty: Uncertainty, critical: float) -> float:
    """The chance that a harm is found where the harm itself is an estimate: its mean over what the harm may be.

    Harms are taken to scatter around none as widely as this one says beyond its own error (empirical Bayes): what is
    known well stays as it is, and what may be chance alone counts for as much as is left when chance is taken off.

    Args:
        harm: As estimated.
        unsure: Standard error of that.
        uncertainty: Of the estimate that a gate over new rows makes.
        critical: What its statistic has to exceed, on the scale of a standard normal.

    Source: O'Hagan, Stevens and Campbell (2005), Assurance in clinical trial design, Pharm. Stat. 4:187; Morris (1983),
        Parametric empirical Bayes inference, JASA 78:47.

    Example:
        >>> from baseline_pipeline.significance.clustered import Uncertainty
        >>> many = Uncertainty(0.01, 1e6, 5000)
        >>> [round(expected_chance(0.04, unsure, many, 2.9), 2) for unsure in (0.0, 0.005, 0.02, 0.04)]
        [0.86, 0.82, 0.52, 0.0]
    """
    kept = max(1 - (unsure / harm) ** 2, 0.0) if harm else 0.0
    spread = unsure * float(np.sqrt(kept))
    if not unsure or uncertainty.error == 0:
        return chance(harm, uncertainty, critical)
    nodes, weights = np.polynomial.hermite_e.hermegauss(NODES)
    chances = [chance(kept * harm + spread * float(node), uncertainty, critical) for node in nodes]
    return float(np.clip(weights @ chances / weights.sum(), 0.0, 1.0))


def _slices(contract: Contract, side: Part, old: Part) -> dict[str, Array]:
    """Rows of every slice of a side, and all of them."""
    found = find_slices(contract.slices, side.columns, quantiles_of=old.columns)
    return {ALL_ROWS: np.arange(len(side)), **{one.name: one.rows for one in found}}


def _unsure(metric: Metric, sides: Sequence[Part], rows: Sequence[Array], origin: Array) -> float | None:
    """Standard error of a difference between rows and what became of them, over draws of the rows."""
    count = len(sides[0])
    moved = np.zeros(count)
    for sign, side, chosen, of in zip((-1, 1), sides, rows, (np.arange(count), origin), strict=True):
        influence = metric.measure(side.outcomes.take(chosen)).influence
        moved += sign * np.bincount(of[chosen], influence, minlength=count) / max(len(chosen), 1)
    error = clustered(moved * count, sides[0].cluster).error
    return error if np.isfinite(error) else None


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
