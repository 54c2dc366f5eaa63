"""One contrast of two evaluations: rows matched, harms estimated, error rates shared out, verdicts given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from baseline_pipeline.comparison import ALL_ROWS, Cell, Contrast, Moved, RowChanges, Side
from baseline_pipeline.evaluation import Scores
from baseline_pipeline.matching import Matched, match
from baseline_pipeline.measuring import cluster_codes, t_quantile
from baseline_pipeline.metrics import METRICS
from baseline_pipeline.metrics.outcomes import Metric, NotMeasurable, Outcomes
from baseline_pipeline.significance.clopper_pearson import clopper_pearson_upper
from baseline_pipeline.significance.clustered import Uncertainty, clustered, independent_sum, supported
from baseline_pipeline.significance.holm import holm, holm_levels
from baseline_pipeline.significance.power import minimum_detectable_effect, rows_required
from baseline_pipeline.significance.tango import tango_bound
from baseline_pipeline.slices import SliceRows, find_slices
from baseline_pipeline.verdicts import Harm, guardrail_verdict, primary_verdict

if TYPE_CHECKING:
    from baseline_pipeline.contract import Contract
    from baseline_pipeline.contract.metrics import Margin, MetricRule, Role

Array = np.ndarray[Any, Any]

MIN_ROWS = 500
MIN_CHANGED = 10
MIN_SUPPORT = 10
OVERALL_SHARE = 0.5
"""Share of the false-alarm rate spent on all rows; the rest is spent on slices."""


def contrast(
    contract: Contract,
    *,
    moved: Moved,
    question: str,
    baseline: Side,
    candidate: Side,
    baseline_scores: Scores,
    candidate_scores: Scores,
    definitions: tuple[dict[str, Any], dict[str, Any]],
    training_windows: Sequence[tuple[str, str]],
    pairing: Literal["paired", "unpaired"],
) -> Contrast:
    """Compare two evaluations, or say why they cannot be compared.

    Args:
        contract: Metrics, margins, slices and error rates.
        moved: What differs between the two.
        question: What is asked, in words.
        baseline: Where the baseline's evidence is.
        candidate: Where the candidate's evidence is.
        baseline_scores: The baseline's rows.
        candidate_scores: The candidate's rows.
        definitions: What a measurement meant on either side; they must be equal.
        training_windows: Rows in these are left out.
        pairing: `paired` by row id, or `unpaired` (the candidate's new rows against the baseline's).
    """
    kind: Literal["same_rows", "changed_rows", "new_rows"] = "same_rows"
    if pairing == "unpaired":
        kind = "new_rows"
    elif moved == "data_values":
        kind = "changed_rows"
    matched = match(baseline_scores, candidate_scores, kind=kind, windows=training_windows)
    refusal = _refusal(definitions, baseline_scores, candidate_scores, matched, moved, pairing)
    sides = (_part(baseline_scores, matched.baseline), _part(candidate_scores, matched.candidate))
    return Contrast(
        moved=moved,
        pairing=pairing,
        question=question,
        baseline=baseline,
        candidate=candidate,
        rows=len(matched.candidate),
        rows_left_out=matched.left_out,
        left_out_because=matched.because,
        changes=None if refusal or pairing == "unpaired" else row_changes(*sides),
        cells=() if refusal else cells(contract, *sides, pairing=pairing),
        not_comparable=refusal,
    )


def _refusal(
    definitions: tuple[dict[str, Any], dict[str, Any]],
    old: Scores,
    new: Scores,
    matched: Matched,
    moved: Moved,
    pairing: str,
) -> str | None:
    before, after = definitions
    differing = [word for word in after if before.get(word) != after[word]]
    if differing:
        words = ", ".join(f"{word} ({before.get(word)!r} -> {after[word]!r})" for word in differing)
        return f"Definition or schema changed: {words}. Put the data right, or establish a new baseline."
    if len(matched.candidate) == 0 or len(matched.baseline) == 0:
        return f"No rows are left to compare on ({matched.because or 'the two share none'})."
    if pairing == "paired" and moved != "data_values":
        differ = int((old.outcomes.label[matched.baseline] != new.outcomes.label[matched.candidate]).sum())
        if differ:
            return f"{differ} rows have other labels on the two sides."
    return None


@dataclass(frozen=True)
class _Part:
    """The rows of one side that are compared; clusters are numbered within the side."""

    outcomes: Outcomes
    cluster: Array | None
    scores: Scores
    rows: Array


def _part(scores: Scores, rows: Array) -> _Part:
    return _Part(
        scores.outcomes.take(rows),
        cluster_codes(None if scores.cluster is None else scores.cluster[rows]),
        scores,
        rows,
    )


def row_changes(old: _Part, new: _Part) -> RowChanges:
    """What differs between two scorings of the same rows, exactly; no error rate is involved."""
    before, after = old.outcomes, new.outcomes
    if before.score is not None and after.score is not None:
        gap = np.abs(after.score - before.score)
        gap = gap if gap.ndim == 1 else gap.max(axis=1)
    else:
        gap = np.abs(after.prediction.astype(float) - before.prediction.astype(float))
    flipped = before.prediction != after.prediction
    right = before.prediction == before.label
    still = after.prediction == after.label
    decisions = before.score is not None or np.issubdtype(before.label.dtype, np.integer)
    rows = len(before)
    count = int(flipped.sum())
    return RowChanges(
        rows=rows,
        changed_scores=int((gap != 0).sum()),
        largest_difference=float(gap.max()) if rows and np.isfinite(gap).all() else None,
        decisions_changed=count,
        right_to_wrong=int((right & ~still).sum()) if decisions else None,
        wrong_to_right=int((~right & still).sum()) if decisions else None,
        disagreement_upper=clopper_pearson_upper(count, rows) if decisions else None,
    )


@dataclass
class _Draft:
    """A cell before the error rate is shared out; harm is positive where the candidate is worse."""

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
    discordant: tuple[int, int] | None = None
    support: int | None = None
    reach: float = 1.0
    p_value: float | None = None
    problem: str = ""
    empty: bool = False

    @property
    def testable(self) -> bool:
        return self.p_value is not None and self.role != "report_only"


def cells(contract: Contract, old: _Part, new: _Part, *, pairing: str) -> tuple[Cell, ...]:
    """One verdict per metric on all rows and on every slice.

    The false-alarm rate of the contract is spent once over everything that is gated: half of it on
    all rows, half on slices, by Holm's procedure within each.
    """
    drafts = _drafts(contract, old, new, pairing)
    alpha = contract.error_rates.false_alarm
    overall = [draft for draft in drafts if draft.testable and draft.slice == ALL_ROWS]
    sliced = [draft for draft in drafts if draft.testable and draft.slice != ALL_ROWS]
    levels: dict[int, tuple[float, float]] = {}
    for family, share in ((overall, OVERALL_SHARE), (sliced, 1 - OVERALL_SHARE)):
        spent = alpha if not (overall and sliced) else alpha * share
        p_values = [draft.p_value or 0.0 for draft in family]
        scale = alpha / spent
        for draft, adjusted, level in zip(family, holm(p_values), holm_levels(p_values, spent), strict=True):
            levels[id(draft)] = (min(1.0, adjusted * scale), level)
    return tuple(_cell(contract, draft, *levels.get(id(draft), (None, alpha))) for draft in drafts)


def _drafts(contract: Contract, old: _Part, new: _Part, pairing: str) -> list[_Draft]:
    slices_old = _slices(contract, old)
    slices_new = slices_old if pairing == "paired" else _slices(contract, new)
    by_name = {one.name: one for one in slices_old}
    everything = (np.arange(len(old.rows)), np.arange(len(new.rows)))
    found = []
    for rule in contract.metrics:
        metric = METRICS[rule.metric]
        found.append(_draft(metric, _empty_draft(rule, metric, ALL_ROWS, len(new.rows)), old, new, everything, pairing))
        for one in slices_new:
            draft = _empty_draft(rule, metric, one.name, len(one.rows))
            before = by_name.get(one.name)
            if before is None:
                draft.problem = "a new slice: the baseline has no such rows"
            elif len(one.rows) == 0:
                draft.problem, draft.empty = "no rows", True
            elif min(len(one.rows), len(before.rows)) < one.min_rows:
                draft.problem = f"{min(len(one.rows), len(before.rows))} rows, fewer than {one.min_rows}"
            else:
                draft = _draft(metric, draft, old, new, (before.rows, one.rows), pairing)
            found.append(draft)
    return found


def _slices(contract: Contract, part: _Part) -> list[SliceRows]:
    import pyarrow as pa

    return find_slices(contract.slices, part.scores.columns.take(pa.array(part.rows)))


def _empty_draft(rule: MetricRule, metric: Metric, name: str, rows: int) -> _Draft:
    if name == ALL_ROWS:
        severe = rule.severe or (rule.margin.scaled(2) if rule.margin else None)
        return _Draft(rule, metric, name, rule.role, rule.margin, severe, rows)
    role: Role = "report_only" if rule.role == "report_only" else rule.slices.role
    margin = rule.slices.margin or (rule.margin.scaled(3) if rule.margin else None)
    return _Draft(rule, metric, name, role, margin, margin.scaled(2) if margin else None, rows)


def _draft(metric: Metric, draft: _Draft, old: _Part, new: _Part, rows: tuple[Array, Array], pairing: str) -> _Draft:
    """Fill in values, harm, its uncertainty and its p-value."""
    before, after = old.outcomes.take(rows[0]), new.outcomes.take(rows[1])
    sign = 1.0 if metric.better == "lower" else -1.0
    try:
        one, two = metric.measure(before), metric.measure(after)
    except NotMeasurable as reason:
        draft.problem = str(reason)
        return draft
    draft.baseline, draft.candidate = one.value, two.value
    draft.harm = sign * (two.value - one.value)
    codes_old, codes_new = _codes(old, rows[0]), _codes(new, rows[1])
    draft.support = None if one.support is None or two.support is None else min(one.support, two.support)
    if pairing == "paired":
        influence = sign * (two.influence - one.influence)
        draft.changed = int(_differs(metric, before, after).sum())
        draft.uncertainty = supported(clustered(influence, codes_new), draft.support)
        draft.reach = 1.0 if metric.rowwise else float(np.abs(influence).max())
        draft.clusters = None if codes_new is None else draft.uncertainty.clusters
        if metric.name in {"accuracy", "error_rate"} and codes_new is None:
            right, still = before.prediction == before.label, after.prediction == after.label
            draft.discordant = (int((right & ~still).sum()), int((~right & still).sum()))
    else:
        present = supported(clustered(two.influence, codes_new), two.support)
        draft.uncertainty = independent_sum(supported(clustered(one.influence, codes_old), one.support), present)
        draft.clusters = None if codes_new is None else present.clusters
    _test(draft, min(len(before), len(after)))
    return draft


def _differs(metric: Metric, before: Outcomes, after: Outcomes) -> Array:
    """Rows that may contribute otherwise than before: by their label, or by what the metric reads."""
    relabelled = np.asarray(before.label != after.label)
    if metric.decisions or before.score is None or after.score is None:
        return np.asarray(relabelled | (before.prediction != after.prediction))
    gap = np.asarray(before.score != after.score)
    return np.asarray(relabelled | (gap if gap.ndim == 1 else gap.any(axis=1)))


def _codes(part: _Part, rows: Array) -> Array | None:
    return None if part.cluster is None else part.cluster[rows]


def _test(draft: _Draft, rows: int) -> None:
    """The one-sided p-value of no harm, where there is enough to go by."""
    uncertainty = draft.uncertainty
    if uncertainty is None or draft.harm is None:
        return
    if draft.changed == 0:
        return
    if draft.slice == ALL_ROWS and rows < MIN_ROWS:
        draft.problem = f"{rows} rows; {MIN_ROWS} are needed for a verdict"
    elif draft.support is not None and draft.support < MIN_SUPPORT:
        draft.problem = f"rests on {draft.support} rows of one class; {MIN_SUPPORT} are needed for a verdict"
    elif draft.changed is not None and draft.changed < MIN_CHANGED:
        draft.problem = f"{draft.changed} changed rows; {MIN_CHANGED} are needed for a verdict"
    elif not np.isfinite(uncertainty.error) or uncertainty.clusters < 5:  # noqa: PLR2004  # t with 3 degrees says nothing
        draft.problem = f"{uncertainty.clusters} clusters; 5 are needed for a verdict"
    elif uncertainty.error > 0:
        draft.p_value = _upper_tail(draft.harm / uncertainty.error, uncertainty.degrees)
    else:
        draft.p_value = 0.0 if draft.harm > 0 else 1.0
    if draft.discordant is not None and draft.p_value is not None:
        from baseline_pipeline.significance.tango import tango_z

        draft.p_value = _upper_tail(tango_z(*draft.discordant), float("inf"))


def _upper_tail(t: float, degrees: float) -> float:
    from scipy.special import ndtr, stdtr

    return float(ndtr(-t)) if np.isinf(degrees) else float(stdtr(degrees, -t))


def _cell(contract: Contract, draft: _Draft, adjusted: float | None, level: float) -> Cell:
    rates = contract.error_rates
    empty = _plain(draft)
    margin = None if draft.margin is None or draft.baseline is None else draft.margin.size(draft.baseline)
    severe = None if draft.severe is None or draft.baseline is None else draft.severe.size(draft.baseline)
    empty |= {"margin": margin, "severe": severe, "p_value": draft.p_value, "p_adjusted": adjusted}
    if draft.harm is None or draft.uncertainty is None:
        if draft.empty and contract.empty_slice == "fail" and draft.role != "report_only":
            return Cell(**empty, verdict="degraded", tier="moderate", note="no rows, and an empty slice fails")
        return Cell(**empty, verdict="not_evaluated", tier=None, note=draft.problem)
    error, degrees = draft.uncertainty.error, draft.uncertainty.degrees
    empty["gain"] = -draft.harm
    if draft.changed == 0:
        empty |= {"interval": (0.0, 0.0), "harm_bounds": (0.0, 0.0)}
        return _with_floor(draft, Cell(**empty, verdict="unchanged", tier=None, note="not a single row differs"))
    if np.isfinite(error):
        half = t_quantile(0.975, degrees) * error
        empty |= {
            "interval": (-draft.harm - half, -draft.harm + half),
            "minimum_detectable_effect": minimum_detectable_effect(error, level, rates.power),
        }
        if margin:
            empty["rows_required"] = rows_required(draft.rows, error, margin, rates.non_inferiority, rates.power)
    if draft.p_value is None or margin is None or severe is None:
        return _with_floor(draft, _untested(draft, empty, margin))
    harm = _harm(draft, level, rates.non_inferiority, margin, severe)
    empty["harm_bounds"] = (harm.lower, harm.upper)
    judge = primary_verdict if draft.role == "primary" else guardrail_verdict
    verdict, tier, note = judge(harm)
    gap = abs(margin - harm.estimate)
    if verdict == "inconclusive" and tier == "moderate" and gap:  # rows that would tell this harm from the margin
        needed = rows_required(draft.rows, error, gap, level, rates.power)
        empty["rows_required"] = needed if needed > draft.rows else None
    if draft.role == "report_only":
        tier, note = None, "reported only"
    return _with_floor(draft, Cell(**empty, verdict=verdict, tier=tier, note=note))


def _plain(draft: _Draft) -> dict[str, Any]:
    return {
        "metric": draft.metric.name,
        "slice": draft.slice,
        "role": draft.role,
        "unit": draft.metric.unit,
        "better": draft.metric.better,
        "rows": draft.rows,
        "clusters": draft.clusters,
        "changed_rows": draft.changed,
        "baseline": draft.baseline,
        "candidate": draft.candidate,
        "gain": None,
        "interval": None,
        "harm_bounds": None,
        "minimum_detectable_effect": None,
        "rows_required": None,
    }


def _harm(draft: _Draft, level: float, non_inferiority: float, margin: float, severe: float) -> Harm:
    assert draft.harm is not None and draft.uncertainty is not None  # noqa: S101, PT018  # the caller has checked
    if draft.discordant is not None:
        worse, better = draft.discordant
        return Harm(
            estimate=draft.harm,
            lower=-tango_bound(better, worse, draft.rows, _z(1 - level)),
            upper=tango_bound(worse, better, draft.rows, _z(1 - non_inferiority)),
            gain_lower=-tango_bound(worse, better, draft.rows, _z(1 - level)),
            margin=margin,
            severe=severe,
        )
    error, degrees = draft.uncertainty.error, draft.uncertainty.degrees
    reach = t_quantile(1 - level, degrees) * error
    return Harm(
        estimate=draft.harm,
        lower=draft.harm - reach,
        upper=draft.harm + t_quantile(1 - non_inferiority, degrees) * error,
        gain_lower=-draft.harm - reach,
        margin=margin,
        severe=severe,
    )


def _untested(draft: _Draft, values: dict[str, Any], margin: float | None) -> Cell:
    """Too little to test by; decisions that hardly changed can still be proven harmless."""
    if draft.metric.decisions and draft.changed is not None and margin is not None:
        upper = clopper_pearson_upper(draft.changed, draft.rows)
        if upper * draft.reach < margin:
            how = "proven without labels" if draft.metric.rowwise else "proven"
            note = f"{how}: at most {upper:.4f} of the decisions changed"
            return Cell(**values, verdict="unchanged", tier=None, note=note)
    if draft.role == "report_only":
        return Cell(**values, verdict="inconclusive", tier=None, note=draft.problem or "reported only")
    return Cell(**values, verdict="inconclusive", tier=None, note=draft.problem)


def _with_floor(draft: _Draft, cell: Cell) -> Cell:
    """A value worse than the contract's floor is degraded, whatever the baseline was."""
    floor = draft.rule.floor
    if floor is None or draft.slice != ALL_ROWS or draft.candidate is None:
        return cell
    worse = draft.candidate < floor if draft.metric.better == "higher" else draft.candidate > floor
    if not worse:
        return cell
    note = f"{draft.candidate:.4g} is worse than the floor {floor:.4g}"
    return cell.model_copy(update={"verdict": "degraded", "tier": cell.tier or "moderate", "note": note})


def _z(level: float) -> float:
    from statistics import NormalDist

    return NormalDist().inv_cdf(level)
