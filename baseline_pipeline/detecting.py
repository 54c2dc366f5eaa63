"""One false-alarm rate, shared out over everything that is gated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from baseline_pipeline.significance.max_t import Detection, max_t, statistics
from baseline_pipeline.significance.self_normalised import lower_bound

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from baseline_pipeline.contract.metrics import ErrorRates
    from baseline_pipeline.effects import Effect

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Found:
    """What the gate-wide test says of one effect.

    Attributes:
        p_value: One-sided, of no harm, by itself.
        p_adjusted: The same over everything that is gated.
        critical: What the effect's statistic had to exceed, on the scale of a standard normal.
        harm_lower: Lower bound of the harm; above zero where the effect's own statistic shows harm.
        harm_shown: Whether harm is shown, by the mean or on the rows that moved most.
        gain_shown: Whether a gain is.
    """

    p_value: float
    p_adjusted: float
    critical: float
    harm_lower: float
    harm_shown: bool
    gain_shown: bool


def detect(rates: ErrorRates, effects: Sequence[Effect], *, seed: int) -> dict[int, Found]:
    """Test every effect that gates and can be tested, together at the contract's false-alarm rate.

    Two statistics stand for an effect where they can: the mean harm, and the harm of every row
    weighted by how far its score moved. Both are antisymmetric in baseline and candidate, so random
    signs give their joint distribution; the second sees a small damage that touches few rows hard,
    which rows that hardly moved would bury in their noise.

    Args:
        rates: The false-alarm rate, and its shares.
        effects: What is known of every metric and slice.
        seed: Of the signs.

    Returns:
        What was found, by position in `effects`; one that cannot be tested is not in it. Effects that
        only report are tested by themselves, at the whole rate.
    """
    gated = [number for number, one in enumerate(effects) if one.testable and one.role != "report_only"]
    reported = [number for number, one in enumerate(effects) if one.testable and one.role == "report_only"]
    found = _together(rates, effects, gated, seed)
    for number in reported:
        found |= _together(rates, effects, [number], seed)
    return found


def _together(rates: ErrorRates, effects: Sequence[Effect], numbers: list[int], seed: int) -> dict[int, Found]:
    if not numbers:
        return {}
    columns, owner = [], []
    for number in numbers:
        mine = _columns(effects[number])
        columns += mine
        owner += [number] * len(mine)
    units = np.stack(columns, axis=1)
    observed = None
    if any(effects[number].size is None for number in numbers):  # unpaired: signs give the noise alone
        observed = np.array([score for number in numbers for score in _normal_scores(effects[number])])
    shares = _shares(rates.weights.model_dump(), [effects[number].family for number in numbers])
    weights = np.array([shares[numbers.index(number)] / owner.count(number) for number in owner])
    worse, better = max_t(units, weights, rates.false_alarm, seed=seed, observed=observed)
    seen = statistics(units) if observed is None else observed
    return {
        number: _found(
            effects[number], rates.false_alarm, worse, better, seen, np.flatnonzero(np.array(owner) == number)
        )
        for number in numbers
    }


def _columns(effect: Effect) -> list[Array]:
    """What stands for an effect: its mean, its weighted mean, and its mirror image where either way counts."""
    mirrored = None if effect.directed or effect.total is None else -effect.total
    return [column for column in (effect.total, effect.weighted, mirrored) if column is not None]


def _normal_scores(effect: Effect) -> list[float]:
    """The unpaired t statistic on the scale of a standard normal, for every column."""
    score = _normal_score(effect)
    return [score] if effect.directed else [score, -score]


def _normal_score(effect: Effect) -> float:
    from scipy.special import log_ndtr, ndtri_exp, stdtr

    assert effect.harm is not None and effect.uncertainty is not None  # noqa: S101, PT018  # testable
    if effect.uncertainty.error == 0:
        return float(np.sign(effect.harm)) * 40.0
    t, degrees = effect.harm / effect.uncertainty.error, effect.uncertainty.degrees
    tail = log_ndtr(-abs(t)) if np.isinf(degrees) else np.log(max(float(stdtr(degrees, -abs(t))), 1e-300))
    return float(-np.sign(t) * ndtri_exp(tail))


def _shares(weights: Mapping[str, float], families: list[str]) -> list[float]:
    """What each effect starts with: its family's share, divided by how many there are in it."""
    return [weights[family] / families.count(family) for family in families]


def _found(effect: Effect, alpha: float, worse: Detection, better: Detection, seen: Array, mine: Array) -> Found:
    from scipy.special import ndtr

    assert effect.harm is not None and effect.uncertainty is not None and effect.total is not None  # noqa: S101, PT018
    plain = int(mine[0])
    critical = float(worse.critical[plain])
    if effect.size is None:
        error = effect.uncertainty.error
        harm_lower = effect.harm - _reach(critical, effect.uncertainty.degrees) * error
    else:
        harm_lower = lower_bound(effect.total, effect.size, critical)
    return Found(
        p_value=float(ndtr(-seen[plain])),
        p_adjusted=float(worse.adjusted[mine].min()),
        critical=critical,
        harm_lower=harm_lower,
        harm_shown=bool((worse.adjusted[mine] <= alpha).any()),
        gain_shown=effect.directed and bool((better.adjusted[mine] <= alpha).any()),
    )


def _reach(critical: float, degrees: float) -> float:
    """The quantile of t as far out as the critical value is in a normal."""
    from scipy.special import ndtr, stdtrit

    return critical if np.isinf(degrees) else float(-stdtrit(degrees, float(ndtr(-critical))))
