"""What is known of every metric on every slice before any error rate is shared out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from baseline_pipeline.comparison import ALL_ROWS
from baseline_pipeline.measuring import cluster_codes
from baseline_pipeline.metrics.outcomes import Estimate, Metric, NotMeasurable, Outcomes, OverTimes
from baseline_pipeline.significance.clustered import Uncertainty, clustered, independent_sum, supported
from baseline_pipeline.significance.units import units_of
from baseline_pipeline.slices import SliceRows, find_slices

if TYPE_CHECKING:
    from baseline_pipeline.contract import Contract
    from baseline_pipeline.contract.metrics import Margin, MetricRule, Role
    from baseline_pipeline.evaluation import Scores
    from baseline_pipeline.timing import PairedTimes

Array = np.ndarray[Any, Any]
Pairing = Literal["paired", "unpaired"]

MIN_ROWS = 500
MIN_CHANGED = 10
MIN_SUPPORT = 10
MIN_CLUSTERS = 5
MIN_BLOCKS = 10
SETTLED = 1.96
"""Standard errors between the middle of two values and their target, for its side to be settled."""


@dataclass(frozen=True)
class Part:
    """The rows of one side that are compared; clusters and units are numbered within the side."""

    outcomes: Outcomes
    cluster: Array | None
    unit: Array
    units: int
    columns: Any

    def __len__(self) -> int:
        return len(self.outcomes)


def part(scores: Scores, rows: Array, seed: int) -> Part:
    """Some rows of one side, with the units that are taken to be independent."""
    import pyarrow as pa

    cluster = cluster_codes(None if scores.cluster is None else scores.cluster[rows])
    columns = scores.columns.take(pa.array(rows))
    unit = units_of(len(rows), cluster, seed)
    return Part(scores.outcomes.take(rows), cluster, unit, int(unit.max(initial=-1)) + 1, columns)


@dataclass
class Effect:
    """One metric on one slice; harm is positive where the candidate is worse.

    Attributes:
        rule: What the contract demands of the metric.
        metric: The metric.
        slice: Name of the slice.
        role: In which the metric stands on this slice.
        margin: Harm that is tolerated.
        severe: Harm that pages somebody.
        rows: Rows compared (of the candidate, where unpaired).
        clusters: Independent clusters among them, where the contract names a cluster.
        changed: Paired rows whose contribution differs; `None` where unpaired.
        baseline: Value of the baseline.
        candidate: Value of the candidate.
        harm: In the metric's unit.
        uncertainty: Of the harm.
        discordant: Decisions that went right to wrong, wrong to right, and how many there are, where the metric
            is a share of them that were right (or wrong) and rows count alike.
        identical: Whether not a single score or label differs.
        support: Rows of the thinnest group averaged over.
        reach: Largest share of one changed decision in the harm, times the rows.
        total: (u,) harm summed over the rows of every unit, their mean over rows being the harm; where
            unpaired its noise alone.
        size: (u,) rows of every unit.
        weighted: (u,) like `total`, each row weighted by how far its score moved; `None` where that
            says nothing, and on slices, which pick the damaged rows themselves.
        stake: Loss to be expected if the baseline's scores were the truth and every move of them a damage,
            summed over rows; the same for either direction. `None` where that cannot be said.
        directed: Whether it is settled which way is worse. It is not for a metric with a target while the
            two values' middle may lie on either side of it; any movement then counts as harm.
        problem: Why nothing can be said or tested.
        empty: Whether the slice has no rows.
        apart: Whether its units are blocks of times and not units of rows.
    """

    rule: MetricRule
    metric: Metric
    slice: str
    role: Role
    margin: Margin | None
    severe: Margin | None
    rows: int
    clusters: int | None = None
    changed: int | None = None
    baseline: float | None = None
    candidate: float | None = None
    harm: float | None = None
    uncertainty: Uncertainty | None = None
    discordant: tuple[int, int, int] | None = None
    identical: bool = False
    support: int | None = None
    reach: float = 1.0
    total: Array | None = None
    size: Array | None = None
    weighted: Array | None = None
    stake: float | None = None
    directed: bool = True
    problem: str = ""
    empty: bool = False
    apart: bool = False

    @property
    def testable(self) -> bool:
        """Whether there is enough to test by."""
        return self.total is not None and not self.problem

    @property
    def family(self) -> str:
        """The share of the error rate that it draws on."""
        if self.metric.family != "performance":
            return self.metric.family
        return "overall" if self.slice == ALL_ROWS else "slices"


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
        resources: Whether what moved could cost time; the rows could not.
        times: Of both models on the same requests, where they were taken.
    """
    before = {one.name: one for one in find_slices(contract.slices, old.columns)}
    now = before
    if pairing == "unpaired":
        now = {one.name: one for one in find_slices(contract.slices, new.columns, quantiles_of=old.columns)}
    found = []
    for rule in contract.metrics:
        whole = _demanded(rule, ALL_ROWS, len(new))
        if whole.metric.over_times is not None:
            found += [_timed(whole, whole.metric.over_times, times)] if resources else []
            continue
        found.append(_filled(whole, old, new, pairing))
        found += [
            _on_slice(_demanded(rule, name, 0), old, new, before.get(name), now.get(name), pairing)
            for name in [*now, *(name for name in before if name not in now)]
        ]
    return found


def _demanded(rule: MetricRule, name: str, rows: int) -> Effect:
    metric = rule.measured
    if name == ALL_ROWS:
        severe = rule.severe or (rule.margin.scaled(2) if rule.margin else None)
        return Effect(rule, metric, name, rule.role, rule.margin, severe, rows)
    role: Role = "report_only" if rule.role == "report_only" else rule.slices.role
    margin = rule.slices.margin or (rule.margin.scaled(3) if rule.margin else None)
    return Effect(rule, metric, name, role, margin, margin.scaled(2) if margin else None, rows)


def _on_slice(
    effect: Effect, old: Part, new: Part, before: SliceRows | None, now: SliceRows | None, pairing: Pairing
) -> Effect:
    """Fill in what is known of a slice, or say in its own word why nothing is."""
    effect.rows = 0 if now is None else len(now.rows)
    if before is None:
        effect.problem = "a new slice: the baseline has no such rows"
    elif now is None:
        effect.problem, effect.empty = f"a vanished slice: the baseline has {len(before.rows)} such rows", True
    elif effect.rows == 0:
        effect.problem, effect.empty = "no rows", True
    elif min(effect.rows, len(before.rows)) < now.min_rows:
        effect.problem = f"{min(effect.rows, len(before.rows))} rows, fewer than {now.min_rows}"
    else:
        return _filled(effect, old, new, pairing, before.rows, now.rows)
    return effect


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
        _paired(effect, before, after, sign * (two.influence - one.influence))
    else:
        _unpaired(effect, before, after, one, two, sign)
    effect.problem = _problem(effect, min(len(before), len(after)))
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


def _paired(effect: Effect, before: Part, after: Part, influence: Array) -> None:
    assert effect.harm is not None  # noqa: S101  # the caller has measured it
    metric, old, new = effect.metric, before.outcomes, after.outcomes
    effect.changed = int(_differs(metric, old, new).sum())
    effect.uncertainty = supported(clustered(influence, after.cluster), effect.support)
    effect.reach = float(new.weights.max()) if metric.rowwise else float(np.abs(influence).max())
    effect.clusters = None if after.cluster is None else effect.uncertainty.clusters
    effect.discordant = _discordant(metric, old, new)
    effect.identical = not (moved_scores(old, new).any() or np.any(old.label != new.label))
    if effect.changed == 0:
        return
    harm = influence + effect.harm
    effect.total = np.bincount(after.unit, harm, minlength=after.units)
    effect.size = np.bincount(after.unit, minlength=after.units)
    if metric.rowwise:
        effect.stake = float(_at_stake(metric, old, new).sum())
    if metric.rowwise and not metric.decisions and effect.slice == ALL_ROWS:
        effect.weighted = np.bincount(after.unit, harm * moved_scores(old, new), minlength=after.units)


def _discordant(metric: Metric, old: Outcomes, new: Outcomes) -> tuple[int, int, int] | None:
    """Decisions that went right to wrong, wrong to right, and all that the metric is a share of."""
    if new.weight is not None:
        return None
    if metric.name in {"accuracy", "error_rate"}:
        of = np.ones(len(old), dtype=bool)
    elif metric.name in {"recall", "specificity"} and old.classes is None and np.array_equal(old.label, new.label):
        of = np.asarray(old.label == (1 if metric.name == "recall" else 0))
    else:
        return None
    right, still = (old.prediction == old.label)[of], (new.prediction == new.label)[of]
    return int((right & ~still).sum()), int((~right & still).sum()), int(of.sum())


def _unpaired(effect: Effect, before: Part, after: Part, one: Estimate, two: Estimate, sign: float) -> None:
    present = supported(clustered(two.influence, after.cluster), two.support)
    effect.uncertainty = independent_sum(supported(clustered(one.influence, before.cluster), one.support), present)
    effect.clusters = None if after.cluster is None else present.clusters
    earlier = np.bincount(before.unit, -sign * one.influence, minlength=before.units) / len(before)
    later = np.bincount(after.unit, sign * two.influence, minlength=after.units) / len(after)
    effect.total = np.concatenate([earlier, later])


def _at_stake(metric: Metric, old: Outcomes, new: Outcomes) -> Array:
    """(n,) loss that is to be expected of every row if its move was a damage; the same for either direction.

    A squared error grows by the square of the move where the old score was the truth; a decision that
    changed against probability p costs |2 p - 1|.
    """
    if not metric.decisions:
        return np.asarray(moved_scores(old, new) ** 2)
    changed: Array = (old.prediction != new.prediction).astype(float)
    if old.score is None or new.score is None or old.score.ndim > 1 or new.score.ndim > 1:
        return changed
    return np.asarray(changed * (np.abs(2 * old.score - 1) + np.abs(2 * new.score - 1)) / 2)


def moved_scores(old: Outcomes, new: Outcomes) -> Array:
    """(n,) how far the score of every row moved; the prediction, where there is no score."""
    if old.score is None or new.score is None:
        return np.asarray(np.abs(new.prediction.astype(float) - old.prediction.astype(float)))
    gap = np.abs(new.score - old.score)
    return np.asarray(gap if gap.ndim == 1 else gap.max(axis=1))


def _differs(metric: Metric, before: Outcomes, after: Outcomes) -> Array:
    """Rows that may contribute otherwise than before: by their label, or by what the metric reads."""
    relabelled = np.asarray(before.label != after.label)
    if metric.decisions or before.score is None or after.score is None:
        return np.asarray(relabelled | (before.prediction != after.prediction))
    gap = np.asarray(before.score != after.score)
    return np.asarray(relabelled | (gap if gap.ndim == 1 else gap.any(axis=1)))


def _timed(effect: Effect, over: OverTimes, times: PairedTimes | None) -> Effect:
    """Fill in what paired times say; blocks of neighbouring pairs are the independent units."""
    effect.rows = 0 if times is None else len(times)
    if times is None:
        effect.problem = "no times: both models must run in this process to be timed against each other"
        return effect
    baseline, candidate = times.blocks(over.pairs)
    if len(baseline) < MIN_BLOCKS:
        effect.problem = f"{len(times)} timed requests; {MIN_BLOCKS * over.pairs} are needed"
        return effect
    sign = 1.0 if effect.metric.better == "lower" else -1.0
    ratios = over.log_ratio(baseline, candidate)
    mean = float(ratios.mean())
    effect.baseline = over.value(times.baseline)
    effect.candidate = effect.baseline * float(np.exp(mean))
    effect.harm = sign * (effect.candidate - effect.baseline)
    influence = sign * effect.candidate * (ratios - mean)
    effect.uncertainty = clustered(influence, None)
    effect.changed = len(times)
    effect.total = effect.harm + influence
    effect.size = np.ones(len(ratios))
    effect.apart = True
    return effect


def _problem(effect: Effect, rows: int) -> str:
    """Why there is not enough to test by, if so."""
    uncertainty = effect.uncertainty
    if uncertainty is None or effect.changed == 0:
        return ""
    if effect.slice == ALL_ROWS and rows < MIN_ROWS:
        return f"{rows} rows; {MIN_ROWS} are needed for a verdict"
    if effect.support is not None and effect.support < MIN_SUPPORT:
        return f"rests on {effect.support} rows of one class; {MIN_SUPPORT} are needed for a verdict"
    if effect.changed is not None and effect.changed < MIN_CHANGED:
        return f"{effect.changed} changed rows; {MIN_CHANGED} are needed for a verdict"
    if not np.isfinite(uncertainty.error) or uncertainty.clusters < MIN_CLUSTERS:
        return f"{uncertainty.clusters} clusters; {MIN_CLUSTERS} are needed for a verdict"
    return ""
