"""What a gate could see before there is any candidate: the precision of the rows at hand."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from baseline_pipeline.comparison import Counts
from baseline_pipeline.contract.metrics import Role
from baseline_pipeline.detecting import detect
from baseline_pipeline.effects import Effect, part
from baseline_pipeline.estimating import effects
from baseline_pipeline.evaluation import Scores
from baseline_pipeline.judging import NEVER
from baseline_pipeline.metrics.outcomes import Outcomes
from baseline_pipeline.records import Record
from baseline_pipeline.significance.power import minimum_detectable_effect, new_rows_required, normal_quantile

if TYPE_CHECKING:
    from baseline_pipeline.contract import Contract
    from baseline_pipeline.contract.metrics import ErrorRates
    from baseline_pipeline.timing import PairedTimes

Array = np.ndarray[Any, Any]
DISAGREEMENT = 0.03
"""Share of decisions in which a retrained model of the same quality typically differs; of a ranking, the share of the
variance of scores within a query that is another one (0.01 to 0.15 in the cases of `APART`)."""
APART = 0.1
"""Variance of what a retrained regression says otherwise, over that of the residuals. Boosted trees and forests trained
anew on rows of which a tenth is new came to 0.05 to 0.15 (diabetes, Friedman's first two functions), where a third is
new to 0.14 to 0.32; ridge regression to 0.005 at the most."""


NO_TIMES = "not taken yet: the next comparison of two models does"


class Prospect(Record):
    """What could be said of one metric on one slice, were a candidate to come."""

    metric: str
    slice: str
    role: Role
    unit: str
    rows: int
    value: float | None
    """Of the rows as they are, the one that the evaluation holds."""
    margin: float | None
    detectable: float | None
    """Harm that is found with the contract's power."""
    realistic_margin: float | None
    """Smallest margin against which an equally good candidate would be shown no worse with that power."""
    rows_needed: int | None
    """Rows for that at the contract's margin."""
    note: str
    counts: Counts = "rows"
    """What `rows` and `rows_needed` count: of times requests, of memory runs of both models."""

    @property
    def enough(self) -> bool | None:
        """Whether the rows suffice for the contract's margin; `None` where that cannot be said."""
        if self.margin is None or self.realistic_margin is None:
            return None
        return self.realistic_margin <= self.margin


def prospects(
    contract: Contract, scores: Scores, *, disagreement: float, seed: int, times: PairedTimes | None = None
) -> tuple[Prospect, ...]:
    """Every metric and slice, measured on the rows at hand with an imagined, equally good candidate.

    The candidate differs from the model in noise on its scores, as much of it as changes the given
    share of decisions; which of the two is called old is drawn for every row, so that neither is
    better. What comes out is what the gate itself would compute of such a pair.

    Args:
        contract: Metrics, margins, slices and error rates.
        scores: The rows of an evaluation.
        disagreement: Share of the decisions (or answers) that differ; of a regression, the variance of the
            predictions' difference over that of the residuals, of a ranking over that of the scores within a query.
        seed: Of the imagined noise.
        times: Of two models, the present one's first: the imagined candidate's vary as the other one's do, and are as
            quick as the present one's.
    """
    rng = np.random.default_rng(seed)
    other = imagined(scores.outcomes, disagreement, rng)
    swapped = rng.random(len(scores.outcomes)) < 0.5  # noqa: PLR2004  # a fair coin
    old, new = _exchanged(scores.outcomes, other, swapped)
    everything = np.arange(len(old))
    sides = [
        part(Scores(scores.row_id, one, scores.cluster, scores.day, scores.columns, scores.content), everything, seed)
        for one in (old, new)
    ]
    level = None if times is None else times.levelled()
    known = effects(contract, *sides, pairing="paired", resources=True, times=level)
    for one in known:
        if one.counts != "rows" and not one.rows:
            one.problem = NO_TIMES
    present = part(scores, everything, seed)
    values = {
        (one.metric.name, one.slice): one.baseline for one in effects(contract, present, present, pairing="paired")
    }
    found = detect(contract.error_rates, known, seed=seed)
    usual = normal_quantile(1 - contract.error_rates.false_alarm)
    return tuple(
        _prospect(
            contract.error_rates,
            effect,
            found[number].critical if number in found else usual,
            values.get((effect.metric.name, effect.slice), effect.baseline),
        )
        for number, effect in enumerate(known)
    )


def imagined(outcomes: Outcomes, disagreement: float, rng: np.random.Generator) -> Outcomes:
    """The same rows scored by a model that decides otherwise in a share of them.

    Args:
        outcomes: The rows.
        disagreement: The share; see `prospects`.
        rng: Of the noise.
    """
    if outcomes.is_text:
        changed = rng.random(len(outcomes)) < disagreement
        return _with(outcomes, np.where(changed, rng.permutation(outcomes.prediction), outcomes.prediction), None)
    noise = rng.standard_normal(len(outcomes) if outcomes.score is None else outcomes.score.shape)
    if outcomes.score is None and np.issubdtype(outcomes.label.dtype, np.floating):
        if outcomes.query is not None:
            noise = _about_query(noise, outcomes.query)
            noise /= float(noise.std()) or 1.0  # each query one item: nothing is ranked
        return _with(outcomes, outcomes.prediction + np.sqrt(disagreement) * _scale(outcomes).std() * noise, None)
    if outcomes.score is None:
        classes = np.unique(outcomes.label)
        changed = rng.random(len(outcomes)) < disagreement
        return _with(outcomes, np.where(changed, rng.choice(classes, len(outcomes)), outcomes.prediction), None)
    low, high = 0.0, 20.0
    for _ in range(40):
        middle = (low + high) / 2
        found = _noisy(outcomes, middle * noise)
        low, high = (middle, high) if (found.prediction != outcomes.prediction).mean() < disagreement else (low, middle)
    return _noisy(outcomes, (low + high) / 2 * noise)


def apart(old: Outcomes, new: Outcomes) -> float:
    """How far two models that give numbers differ on the same rows, as `prospects` takes it.

    Of a regression: the variance of the difference between predictions over that of the old model's residuals. Of a
    ranking, whose scores have no scale but their own: what the old scores do not explain linearly of the new ones,
    within queries, over what they do.

    Args:
        old: n rows.
        new: The same n rows.

    Example:
        >>> label = np.array([0.0, 1.0, 2.0, 3.0])
        >>> one, two = (Outcomes(label, label + np.array(off)) for off in ([1.0, -1, 1, -1], [1.5, -1.5, 0.5, -0.5]))
        >>> apart(one, two)
        0.25
    """
    if old.query is None:
        difference, scale = new.prediction - old.prediction, _scale(old)
    else:
        before, scale = _scale(old), _scale(new)
        slope = float(before @ scale / max(before @ before, np.finfo(float).tiny))
        difference, scale = scale - slope * before, slope * before
    spread = float(np.var(scale))
    return float(np.var(difference)) / spread if spread > 0 else 0.0


def alike(outcomes: Outcomes, disagreement: float, seed: int) -> float | None:
    """Correlation of a regression's absolute errors with those of a candidate that differs so far.

    Args:
        outcomes: The rows.
        disagreement: See `prospects`.
        seed: Of the imagined noise.
    """
    other = imagined(outcomes, disagreement, np.random.default_rng(seed))
    errors = [np.abs(one.prediction - one.label) for one in (outcomes, other)]
    if any(float(np.std(one)) == 0.0 for one in errors):
        return None
    return float(np.corrcoef(*errors)[0, 1])


def _scale(outcomes: Outcomes) -> Array:
    """(n,) what a number's difference is measured by: residuals, or scores about their query's mean."""
    if outcomes.query is None:
        return np.asarray(outcomes.prediction - outcomes.label, dtype=float)
    return _about_query(outcomes.prediction, outcomes.query)


def _about_query(values: Array, query: Array) -> Array:
    _, number = np.unique(query, return_inverse=True)
    mean = np.bincount(number, values) / np.bincount(number)
    return np.asarray(values - mean[number], dtype=float)


def _noisy(outcomes: Outcomes, noise: Array) -> Outcomes:
    assert outcomes.score is not None  # noqa: S101  # the caller has looked
    inside = np.clip(outcomes.score.astype(float), 1e-6, 1 - 1e-6)
    if inside.ndim == 1:
        score = 1 / (1 + np.exp(-(np.log(inside) - np.log1p(-inside) + noise)))
        cut = _threshold(outcomes)
        return _with(outcomes, (score >= cut).astype(outcomes.prediction.dtype), score)
    odds = np.log(inside) + noise
    weight = np.exp(odds - odds.max(axis=1, keepdims=True))
    score = weight / weight.sum(axis=1, keepdims=True)
    return _with(outcomes, score.argmax(axis=1), score)


def _threshold(outcomes: Outcomes) -> float:
    """Where the decisions at hand change from negative to positive."""
    assert outcomes.score is not None  # noqa: S101  # the caller has looked
    called = outcomes.prediction == 1
    return float(outcomes.score[called].min()) if called.any() else 1.0


def _with(outcomes: Outcomes, prediction: Array, score: Array | None) -> Outcomes:
    return replace(outcomes, prediction=prediction, score=score)


def _exchanged(one: Outcomes, other: Outcomes, swapped: Array) -> tuple[Outcomes, Outcomes]:
    def chosen(first: Outcomes, second: Outcomes) -> Outcomes:
        prediction = np.where(swapped, second.prediction, first.prediction)
        if first.score is None or second.score is None:
            return _with(first, prediction, None)
        rows = swapped if first.score.ndim == 1 else swapped[:, None]
        return _with(first, prediction, np.where(rows, second.score, first.score))

    return chosen(one, other), chosen(other, one)


def _prospect(rates: ErrorRates, effect: Effect, critical: float, value: float | None) -> Prospect:
    margin = None if effect.margin is None or value is None else effect.margin.size(value)
    error = None if effect.uncertainty is None or effect.problem else effect.uncertainty.error
    known = error is not None and np.isfinite(error) and error > 0
    level = rates.passing(1)
    both = normal_quantile(1 - level) + normal_quantile(rates.power)
    unsure = effect.unsure(level) if known else None
    needed = None
    if unsure is not None and margin:
        needed = new_rows_required(effect.rows, unsure, effect.fixed, margin, level, rates.power, effect.room[0])
        needed = None if needed is None else max(needed, effect.fewest)
    elif effect.rows < effect.fewest:
        needed = effect.fewest
    return Prospect(
        metric=effect.metric.name,
        slice=effect.slice,
        role=effect.role,
        unit=effect.metric.unit,
        rows=effect.rows,
        value=value,
        margin=margin,
        detectable=_detectable(effect, critical, rates.power) if known and not effect.proven else None,
        realistic_margin=effect.room[0] + both * unsure if unsure is not None else None,
        rows_needed=needed,
        note=effect.problem or effect.proven or (NEVER[False] if unsure is not None and margin and not needed else ""),
        counts=effect.counts,
    )


def _detectable(effect: Effect, critical: float, power: float) -> float | None:
    assert effect.uncertainty is not None  # noqa: S101  # the caller has looked
    found = minimum_detectable_effect(effect.uncertainty.error, critical, power, effect.even)
    return found if np.isfinite(found) else None
