"""One false-alarm rate, shared out over everything that is gated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from baseline_pipeline.comparison import ALL_ROWS
from baseline_pipeline.significance.false_discovery import false_discovery
from baseline_pipeline.significance.max_t import Detection, max_t, statistics
from baseline_pipeline.significance.self_normalised import lower_bound
from baseline_pipeline.significance.shares import shares
from baseline_pipeline.significance.skewed_t import below, tempered

if TYPE_CHECKING:
    from collections.abc import Sequence

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


def detect(rates: ErrorRates, effects: Sequence[Effect], *, seed: int, look: int = 1) -> dict[int, Found]:
    """Test every effect that gates and can be tested, together at the contract's false-alarm rate.

    Two statistics stand for an effect where they can: the mean harm, and the harm of every row
    weighted by how far its score moved. Both are antisymmetric in baseline and candidate, so random
    signs give their joint distribution; the second sees a small damage that touches few rows hard,
    which rows that hardly moved would bury in their noise.

    Args:
        rates: The false-alarm rate, and its shares.
        effects: What is known of every metric and slice.
        seed: Of the signs.
        look: How often the question was asked of this data as it grew, this time included.

    Returns:
        What was found, by position in `effects`; one that cannot be tested is not in it. Effects that
        only report spend nothing: they share a false discovery rate (Benjamini and Hochberg 1995).
    """
    gated = [number for number, one in enumerate(effects) if one.testable and one.role != "report_only"]
    reported = [number for number, one in enumerate(effects) if one.testable and one.role == "report_only"]
    level = rates.level(look)
    return _together(rates, effects, gated, seed, level) | _listed(rates.false_alarm, effects, reported)


def _listed(rate: float, effects: Sequence[Effect], numbers: list[int]) -> dict[int, Found]:
    from scipy.special import ndtr, ndtri

    if not numbers:
        return {}
    scores = np.array([_score(effects[number]) for number in numbers])
    worse, better = (ndtr(-scores), ndtr(scores))
    if not all(effects[number].directed for number in numbers):
        either = np.array([not effects[number].directed for number in numbers])
        worse = np.where(either, np.minimum(2 * np.minimum(worse, better), 1.0), worse)
    adjusted = false_discovery(worse)
    gains = false_discovery(better)
    critical = float(-ndtri(rate))
    return {
        number: Found(
            p_value=float(worse[place]),
            p_adjusted=float(adjusted[place]),
            critical=critical,
            harm_lower=_lower(effects[number], critical),
            harm_shown=bool(adjusted[place] <= rate),
            gain_shown=effects[number].directed and bool(gains[place] <= rate),
        )
        for place, number in enumerate(numbers)
    }


def _score(effect: Effect) -> float:
    """The effect's own statistic on the scale of a standard normal."""
    if effect.size is None:
        return _normal_score(effect)
    assert effect.total is not None  # noqa: S101  # testable
    return float(statistics(effect.total[:, None])[0])


def _lower(effect: Effect, critical: float) -> float:
    """The harm's lower bound that belongs to a critical value."""
    assert effect.harm is not None and effect.uncertainty is not None and effect.total is not None  # noqa: S101, PT018
    if effect.size is None:
        return effect.harm - effect.luck[0] - below(effect.uncertainty, critical)
    return lower_bound(effect.total, effect.size, critical)


def _together(
    rates: ErrorRates, effects: Sequence[Effect], numbers: list[int], seed: int, level: float
) -> dict[int, Found]:
    if not numbers or not level:
        return {}
    columns: list[Array] = []
    owner: list[int] = []
    places: dict[int, Array] = {}
    for number in numbers:
        mine = _columns(effects[number])
        places[number] = np.arange(len(columns), len(columns) + len(mine))
        columns += mine
        owner += [number] * len(mine)
    units = _stacked(columns, [effects[number].apart for number in owner])
    observed = None
    if any(effects[number].size is None for number in numbers):  # unpaired: signs give the noise alone
        observed = np.array([score for number in numbers for score in _normal_scores(effects[number])])
    start = dict(zip(numbers, _shares(rates, level, [effects[number] for number in numbers]), strict=True))
    weights = np.array([start[number] / len(places[number]) for number in owner])
    worse, better = max_t(units, weights, level, seed=seed, observed=observed)
    seen = statistics(units) if observed is None else observed
    return {number: _found(effects[number], level, worse, better, seen, mine) for number, mine in places.items()}


def _stacked(columns: list[Array], apart: list[bool]) -> Array:
    """(u, m) contributions; every metric of times has units of its own, below those of the rows."""
    rows = max((len(column) for column, own in zip(columns, apart, strict=True) if not own), default=0)
    height = rows + sum(len(column) for column, own in zip(columns, apart, strict=True) if own)
    units = np.zeros((height, len(columns)))
    start = rows
    for number, (column, own) in enumerate(zip(columns, apart, strict=True)):
        first = start if own else 0
        units[first : first + len(column), number] = column
        start += len(column) if own else 0
    return units


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
    harm = max(effect.harm - effect.luck[0], 0.0) + min(effect.harm + effect.luck[1], 0.0)
    if effect.uncertainty.error == 0:
        return float(np.sign(harm)) * 40.0
    t, degrees = harm / effect.uncertainty.error, effect.uncertainty.degrees
    t = tempered(t, effect.uncertainty.skewness)
    tail = log_ndtr(-abs(t)) if np.isinf(degrees) else np.log(max(float(stdtr(degrees, -abs(t))), 1e-300))
    return float(-np.sign(t) * ndtri_exp(tail))


def _shares(rates: ErrorRates, level: float, effects: list[Effect]) -> Array:
    """What each effect starts with: its family's share, and of that more where more is at stake."""
    families = np.array([effect.family for effect in effects])
    whole = rates.weights.model_dump()
    total = sum(whole[family] for family in set(families))
    promises = _promises(effects)
    found = np.empty(len(effects))
    for family in set(families):
        mine = families == family
        share = whole[family] / total
        found[mine] = share * shares(promises[mine], level * share)
    return found


def _promises(effects: list[Effect]) -> Array:
    """What each slice's statistic could be if all that moved there beyond the average row were damage.

    It looks at how far scores moved and never at which side is which, so that signs leave it alone: the
    error rate holds whatever the shares made of it. NaN where that says nothing.
    """
    average = {
        effect.metric.name: effect.stake / effect.rows
        for effect in effects
        if effect.slice == ALL_ROWS and effect.stake is not None
    }
    found = np.full(len(effects), np.nan)
    for number, effect in enumerate(effects):
        if effect.slice != ALL_ROWS and effect.stake is not None and effect.total is not None:
            usual = average.get(effect.metric.name, 0.0) * effect.rows
            found[number] = (effect.stake - usual) / max(float(np.sqrt((effect.total**2).sum())), 1e-300)
    return found


def _found(effect: Effect, alpha: float, worse: Detection, better: Detection, seen: Array, mine: Array) -> Found:
    from scipy.special import ndtr

    plain = int(mine[0])
    critical = float(worse.critical[plain])
    return Found(
        p_value=float(ndtr(-seen[plain])),
        p_adjusted=float(worse.adjusted[mine].min()),
        critical=critical,
        harm_lower=_lower(effect, critical),
        harm_shown=bool((worse.adjusted[mine] <= alpha).any()),
        gain_shown=effect.directed and bool((better.adjusted[mine] <= alpha).any()),
    )
