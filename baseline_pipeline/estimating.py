"""Every metric on every slice: values, harm, and how sure it is, before any error rate is shared out."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from baseline_pipeline.comparison import ALL_ROWS
from baseline_pipeline.effects import Effect, Pairing, Part, demanded, shortage
from baseline_pipeline.estimating_times import timed
from baseline_pipeline.metrics.domain import mean_of
from baseline_pipeline.metrics.outcomes import Estimate, Metric, NotMeasurable, Outcomes
from baseline_pipeline.relabelling import redrawn
from baseline_pipeline.row_differences import at_stake, differs, discordant, largest_share, moved_scores
from baseline_pipeline.significance.clustered import clustered, over, supported
from baseline_pipeline.slices import SliceRows, find_slices

if TYPE_CHECKING:
    from collections.abc import Callable

    from baseline_pipeline.contract import Contract
    from baseline_pipeline.timing import PairedTimes

Array = np.ndarray[Any, Any]

SETTLED = 1.96
"""Standard errors between the middle of two values and their target, for its side to be settled."""


def effects(
    contract: Contract,
    old: Part,
    new: Part,
    *,
    pairing: Pairing,
    resources: bool = False,
    times: PairedTimes | None = None,
) -> list[Effect]:
    """Every metric of the contract on all rows and on every slice, in the contract's order.

    Args:
        contract: Metrics, margins, slices.
        old: The baseline's rows.
        new: The candidate's rows; row by row the same as the baseline's where paired.
        pairing: Whether they are.
        resources: Whether what moved could cost the model time; neither rows nor the code that scores could.
        times: Of both models on the same requests, where they were taken.
    """
    before = {one.name: one for one in find_slices(contract.slices, old.columns)}
    now = before
    if pairing == "unpaired":
        now = {one.name: one for one in find_slices(contract.slices, new.columns, quantiles_of=old.columns)}
    found = []
    for rule in contract.metrics:
        whole = demanded(rule, ALL_ROWS, len(new))
        if whole.metric.over_times is not None:
            found += [timed(contract, whole, whole.metric.over_times, times)] if resources else []
            continue
        found.append(_filled(whole, old, new, pairing))
        found += [
            _on_slice(demanded(rule, name, 0), old, new, before.get(name), now.get(name), pairing)
            for name in [*now, *(name for name in before if name not in now)]
        ]
    return found


def _on_slice(
    effect: Effect, old: Part, new: Part, before: SliceRows | None, now: SliceRows | None, pairing: Pairing
) -> Effect:
    """Fill in what is known of a slice, or say in its own word why nothing is."""
    effect.counted(
        None if before is None else len(before.rows),
        None if now is None else len(now.rows),
        0 if now is None else now.min_rows,
    )
    if before is None or now is None or effect.problem:
        return effect
    return _filled(effect, old, new, pairing, before.rows, now.rows)


def _filled(
    effect: Effect,
    old: Part,
    new: Part,
    pairing: Pairing,
    old_rows: Array | None = None,
    new_rows: Array | None = None,
) -> Effect:
    """Fill in values, harm and its uncertainty."""
    before, after = _taken(old, old_rows), _taken(new, new_rows)
    if effect.metric.over_pairs is not None:
        return _stable(effect, effect.metric.over_pairs, before, after, pairing)
    try:
        one, two = effect.metric.measure(before.outcomes), effect.metric.measure(after.outcomes)
    except NotMeasurable as reason:
        effect.problem = str(reason)
        return effect
    effect.baseline, effect.candidate = one.value, two.value
    effect.directed, sign = _direction(effect.metric, one, two, before, after, pairing)
    effect.harm = sign * (two.value - one.value)
    effect.support = None if one.support is None or two.support is None else min(one.support, two.support)
    if pairing == "paired":
        shares = effect.metric.shares
        same = np.array_equal(before.outcomes.label, after.outcomes.label)
        apart = sign * shares(before.outcomes, after.outcomes) if shares is not None and same else None
        _paired(effect, before, after, sign * (two.influence - one.influence), two.influence, apart)
        if effect.share:
            beside = sign * (two.influence - one.influence) - effect.share * one.influence
            assert effect.uncertainty is not None  # noqa: S101  # `_paired` has filled it in
            error = clustered(beside, after.cluster).error
            effect.less_margin = replace(effect.uncertainty, error=error)
        if one.lift or two.lift:
            lifts = (side.lift * clustered(side.influence, after.cluster).error for side in (one, two))
            effect.lifted(*lifts, moved=_apart(effect.metric, before.outcomes, after.outcomes, one, two))
        if not effect.identical and effect.discordant is None:  # Tango's bound knows of few decisions by itself
            effect.drawn = redrawn(effect, before, after, sign, two.influence - one.influence)
    else:
        _unpaired(effect, before, after, one, two, sign)
    effect.problem = shortage(effect, min(len(before), len(after)))
    return effect


def _apart(metric: Metric, before: Outcomes, after: Outcomes, one: Estimate, two: Estimate) -> float:
    """How far rows moved the gaps whose sizes the metric adds up, on average."""
    if metric.moved is None:
        return float(np.abs(two.influence - one.influence).mean())
    return float((after.weights * metric.moved(before, after)).mean())


def _stable(
    effect: Effect, over: Callable[[Outcomes, Outcomes], Array], before: Part, after: Part, pairing: Pairing
) -> Effect:
    """Fill in how much moved between the two; of either alone there is nothing to say."""
    if pairing == "unpaired":
        effect.problem = f"{effect.metric.title} is a matter of the same rows"
        return effect
    moved = mean_of(after.outcomes, over(before.outcomes, after.outcomes))
    sign = 1.0 if effect.metric.better == "lower" else -1.0
    effect.baseline, effect.candidate, effect.harm = 0.0, moved.value, sign * moved.value
    _paired(effect, before, after, sign * moved.influence, moved.influence)
    effect.identical = moved.value == 0
    effect.problem = shortage(effect, len(after))
    return effect


def _direction(
    metric: Metric, one: Estimate, two: Estimate, before: Part, after: Part, pairing: Pairing
) -> tuple[bool, float]:
    """Whether it is settled which way is worse, and the sign of worse.

    A value with a target gets worse where it moves away from it: upwards if the middle of the two
    values lies above. The middle does not move when the two are swapped, so that gains stay the
    mirror image of harms.
    """
    if metric.target is None:
        return True, 1.0 if metric.better == "lower" else -1.0
    middle = one.value + two.value - 2 * metric.target
    if pairing == "paired":
        error = clustered(one.influence + two.influence, after.cluster).error
    else:
        error = np.hypot(clustered(one.influence, before.cluster).error, clustered(two.influence, after.cluster).error)
    if abs(middle) > SETTLED * error:
        return True, float(np.sign(middle))
    return False, 1.0 if two.value >= one.value else -1.0


def _taken(whole: Part, rows: Array | None) -> Part:
    if rows is None:
        return whole
    cluster = None if whole.cluster is None else whole.cluster[rows]
    return Part(whole.outcomes.take(rows), cluster, whole.unit[rows], whole.units, None)


def _paired(
    effect: Effect, before: Part, after: Part, influence: Array, influence_now: Array, shares: Array | None = None
) -> None:
    """Fill in the uncertainty of a paired harm, and what random signs are drawn for.

    Args:
        effect: Whose harm is known.
        before: The baseline's rows.
        after: The candidate's.
        influence: (n,) differences of the influences.
        influence_now: (n,) the candidate's own.
        shares: (n,) values whose mean is the harm, where the metric knows them better; the larger error counts.
    """
    assert effect.harm is not None  # noqa: S101  # the caller has measured it
    metric, old, new = effect.metric, before.outcomes, after.outcomes
    effect.discordant = discordant(metric, old, new)
    changed = differs(metric, old, new)
    if metric.decisions and not metric.rowwise and effect.discordant is None:  # those that the value knows of
        changed &= influence != 0
    effect.changed = int(changed.sum())
    effect.uncertainty = supported(clustered(influence, after.cluster), effect.support)
    if shares is not None:
        wider = supported(clustered(shares - shares.mean(), after.cluster), effect.support)
        effect.uncertainty = max(effect.uncertainty, wider, key=lambda one: one.error)
    effect.uncertainty = effect.uncertainty.symmetric()  # of the same rows, answered in turn
    if metric.rowwise:
        effect.reach = float(new.weights.max())
    elif metric.decisions:
        seen = max(float(np.abs(influence).max()), float(np.ptp(influence_now)))
        effect.reach = max(seen, largest_share(metric, old, new, effect.support))
    effect.clusters = None if after.cluster is None else effect.uncertainty.clusters
    effect.identical = effect.changed == 0 and not (metric.decisions and moved_scores(old, new).any())
    if effect.changed == 0:
        return
    harm = influence + effect.harm if shares is None else shares
    effect.total = np.bincount(after.unit, harm, minlength=after.units)
    effect.size = np.bincount(after.unit, minlength=after.units)
    if metric.rowwise:
        effect.stake = float(at_stake(metric, old, new).sum())
    if metric.rowwise and not metric.decisions and effect.slice == ALL_ROWS:
        effect.weighted = np.bincount(after.unit, harm * moved_scores(old, new), minlength=after.units)


def _unpaired(effect: Effect, before: Part, after: Part, one: Estimate, two: Estimate, sign: float) -> None:
    past = supported(clustered(one.influence, before.cluster), one.support)
    present = supported(clustered(two.influence, after.cluster), two.support)
    first, second = (over(clustered(side.influence, None), side.support) for side in (one, two))
    effect.of_others((past, present), (first, second), sign)
    effect.lifted(one.lift * past.error, two.lift * present.error)
    effect.clusters = None if after.cluster is None else present.clusters
    earlier = np.bincount(before.unit, -sign * one.influence, minlength=before.units) / len(before)
    later = np.bincount(after.unit, sign * two.influence, minlength=after.units) / len(after)
    effect.total = np.concatenate([earlier, later])
