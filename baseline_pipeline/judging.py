"""From an effect and what was found of it to a cell with a verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from baseline_pipeline.comparison import ALL_ROWS, Cell
from baseline_pipeline.effects import MIN_SUPPORT
from baseline_pipeline.significance.clopper_pearson import clopper_pearson_upper
from baseline_pipeline.significance.power import minimum_detectable_effect, new_rows_required, normal_quantile
from baseline_pipeline.significance.skewed_t import below, reach
from baseline_pipeline.significance.tango import tango_bound
from baseline_pipeline.verdicts import Harm, guardrail_verdict, primary_verdict

if TYPE_CHECKING:
    from baseline_pipeline.contract import Contract
    from baseline_pipeline.detecting import Found
    from baseline_pipeline.effects import Effect
    from baseline_pipeline.metrics.outcomes import Metric

NEVER = (
    "no number of requests is enough: two pairs of processes of the same models differ by too much",
    "no number of new rows is enough beside so few of the baseline",
)
"""Why no count is enough: of requests, and of rows."""


def judge(contract: Contract, effect: Effect, found: Found | None, look: int = 1) -> Cell:
    """The verdict on one metric and slice.

    Args:
        contract: Error rates, and what an empty slice means.
        effect: What is known.
        found: What the gate-wide test says; `None` where nothing could be tested.
        look: How often the question was asked, this time included.
    """
    rates = contract.error_rates
    margin = None if effect.margin is None or effect.baseline is None else effect.margin.size(effect.baseline)
    severe = None if effect.severe is None or effect.baseline is None else effect.severe.size(effect.baseline)
    values = _plain(effect) | {"margin": margin, "severe": severe}
    if not rates.level(look) and not effect.problem:
        effect.problem = f"look {look} of {rates.looks} planned: the false-alarm rate is spent; revise the baseline"
    if effect.harm is None or effect.uncertainty is None:
        if effect.empty and contract.empty_slice == "fail" and effect.role != "report_only":
            return Cell(
                **values, verdict="degraded", tier="moderate", note=f"{effect.problem}, and an empty slice fails"
            )
        return Cell(**values, verdict="not_evaluated", tier=None, note=effect.problem)
    if effect.identical:
        values |= {"interval": (0.0, 0.0), "harm_bounds": (0.0, 0.0)}
        note = "no row differs by more than rounding"
        return _with_floor(effect, Cell(**values, verdict="unchanged", tier=None, note=note))
    error = effect.uncertainty.error
    if np.isfinite(error) and error > 0:
        critical = normal_quantile(1 - rates.false_alarm) if found is None else found.critical
        values["minimum_detectable_effect"] = _detectable(effect, critical, rates.power)
        if margin:
            values["rows_required"] = _to_pass(effect, margin, rates.passing(look), rates.power)
    if np.isfinite(error):
        values["interval"] = _interval(effect)
    if found is not None:
        values |= {"p_value": found.p_value, "p_adjusted": found.p_adjusted}
    if found is None or margin is None or severe is None:
        return _with_floor(effect, _untested(contract, effect, values, margin))
    return _with_floor(effect, _tested(contract, effect, found, values, margin, severe, look))


def _detectable(effect: Effect, critical: float, power: float) -> float | None:
    """The harm that is found with the power given; of other rows one that leaves how far losses spread as it is."""
    assert effect.uncertainty is not None  # noqa: S101  # the caller has looked
    error = effect.uncertainty.error
    if effect.size is None:
        critical = below(effect.uncertainty, critical) / error
    found = effect.luck[0] + minimum_detectable_effect(error, critical, power, effect.even)
    return found if np.isfinite(found) else None


def _tested(
    contract: Contract, effect: Effect, found: Found, values: dict[str, Any], margin: float, severe: float, look: int
) -> Cell:
    assert effect.harm is not None and effect.uncertainty is not None  # noqa: S101, PT018  # the caller has checked
    rates = contract.error_rates
    level = rates.passing(look)
    harm = Harm(
        estimate=effect.harm,
        lower=found.harm_lower,
        upper=upper_beside_margin(effect, level),
        shown=found.harm_shown,
        gain_shown=found.gain_shown,
        margin=margin,
        severe=severe,
        directed=effect.directed,
    )
    values["harm_bounds"] = (harm.lower if np.isfinite(harm.lower) else None, harm.upper)
    verdict, tier, note = (primary_verdict if effect.role == "primary" else guardrail_verdict)(harm)
    if harm.shown and harm.lower <= 0:
        note = "; ".join(word for word in (note, "seen on the rows whose scores moved most") if word)
    if verdict == "inconclusive" and tier is None and harm.upper >= margin > _upper_of_rows(effect, level):
        note += "; few labels decide, and others could have shown it"
    error, gap, planned = effect.uncertainty.error, margin - harm.estimate, values["rows_required"]
    if verdict == "inconclusive" and tier == "moderate" and gap:  # rows that would tell this harm from the margin
        needed = _needed(effect, abs(gap), error, rates.false_alarm, rates.power, effect.luck[0])
        values["rows_required"] = needed if needed is not None and needed > effect.rows else None
    elif verdict == "inconclusive" and planned is None and effect.fixed and margin:
        note += f"; {NEVER[effect.counts == 'rows']}"
    elif (
        verdict == "inconclusive" and planned is not None and planned <= effect.rows
    ):  # enough if it were as good, but it looks worse
        values["rows_required"] = _to_pass(effect, gap, level, rates.power)
    if verdict == "inconclusive" and effect.ended:
        note += f"; {effect.ended}"
    if effect.role == "report_only":
        tier, note = None, "reported only"
    return Cell(**values, verdict=verdict, tier=tier, note=note)


def _to_pass(effect: Effect, gap: float, level: float, power: float) -> int | None:
    """Rows that would show the harm to be smaller than one that is so much larger, by bounds as wide as now."""
    assert effect.harm is not None  # noqa: S101  # the caller has checked
    error = effect.unsure(level)
    beside = upper_beside_margin(effect, level) - effect.harm - normal_quantile(1 - level) * error
    return _needed(effect, gap, error, level, power, max(beside, effect.room[0]))


def _needed(effect: Effect, gap: float, error: float, alpha: float, power: float, room: float) -> int | None:
    """Rows that would show so much, in new rows where the baseline's are others; `None` where no number would."""
    if gap <= 0:
        return None
    needed = new_rows_required(effect.rows, error, effect.fixed, gap, alpha, power, room)
    return None if needed is None else max(needed, effect.fewest)


def _plain(effect: Effect) -> dict[str, Any]:
    return {
        "metric": effect.metric.name,
        "slice": effect.slice,
        "role": effect.role,
        "unit": effect.metric.unit,
        "better": effect.metric.better,
        "rows": effect.rows,
        "clusters": effect.clusters,
        "changed_rows": effect.changed,
        "baseline": effect.baseline,
        "candidate": effect.candidate,
        "gain": None if effect.harm is None else -effect.harm,
        "interval": None,
        "harm_bounds": None,
        "p_value": None,
        "p_adjusted": None,
        "minimum_detectable_effect": None,
        "rows_required": None,
        "counts": effect.counts,
    }


def _interval(effect: Effect) -> tuple[float, float] | None:
    """Two-sided 95 % interval of the gain; nothing where too few rows of a class would make it up, or none changed."""
    thin = effect.support is not None and effect.support < MIN_SUPPORT
    if effect.discordant is None and (thin or effect.changed == 0):
        return None
    return -_upper(effect, 0.025), _upper(effect, 0.025, of_gain=True)


def _upper(effect: Effect, level: float, *, of_gain: bool = False) -> float:
    """An upper bound of the harm, or of the gain, at a one-sided level.

    Shares of right decisions have Tango's, which holds for a handful of changed decisions; where rows
    move together it is the higher of that and the t quantile over clusters.
    """
    assert effect.harm is not None and effect.uncertainty is not None  # noqa: S101, PT018  # the caller has checked
    harm, beyond = (-effect.harm, effect.uncertainty.times(-1)) if of_gain else (effect.harm, effect.uncertainty)
    if effect.discordant is None:
        harm += effect.room[of_gain]
        return harm + reach(beyond, level)
    worse, better, decisions = effect.discordant
    if of_gain:
        worse, better = better, worse
    bound = tango_bound(worse, better, decisions, normal_quantile(1 - level))
    if effect.clusters is None:
        return bound
    return max(bound, harm + reach(beyond, level))


def upper_beside_margin(effect: Effect, level: float) -> float:
    """The upper bound of the harm that lies below the margin only where the harm does, at the level.

    Where few labels decide, it is no lower than they allow if drawn anew.
    """
    assert effect.harm is not None  # noqa: S101  # the caller has checked
    return max(_upper_of_rows(effect, level), effect.harm + effect.room[0] + effect.beyond(level))


def _upper_of_rows(effect: Effect, level: float) -> float:
    """The same from the rows as they are labelled.

    A margin that is a share of the baseline's value is estimated with it; the wider of both errors counts.
    """
    assert effect.harm is not None and effect.uncertainty is not None  # noqa: S101, PT018  # the caller has checked
    upper = _upper(effect, level)
    if effect.less_margin is None:
        return upper
    return max(upper, effect.harm + effect.room[0] + reach(effect.less_margin, level))


def _untested(contract: Contract, effect: Effect, values: dict[str, Any], margin: float | None) -> Cell:
    """Too little to test by; decisions that hardly changed can still be proven harmless, and a few runs settle much."""
    if effect.proven:
        values["harm_bounds"] = (None, _upper(effect, contract.error_rates.non_inferiority))
        return Cell(**values, verdict="unchanged", tier=None, note=effect.proven)
    if effect.metric.decisions and effect.changed is not None and margin is not None:
        upper = clopper_pearson_upper(effect.changed, effect.rows)
        if upper * effect.reach < margin:
            how = "proven without labels" if effect.metric.rowwise else "proven"
            of = "" if effect.metric.rowwise or effect.discordant else " in what it counts"
            note = f"{how}: at most {upper:.4f} of the decisions changed{of}"
            return Cell(**values, verdict="unchanged", tier=None, note=note)
    note = effect.problem or ("reported only" if effect.role == "report_only" else "")
    if (values.get("rows_required") or 0) <= effect.rows:
        values["rows_required"] = None  # not what is missing
    return Cell(**values, verdict="inconclusive", tier=None, note=note)


def _with_floor(effect: Effect, cell: Cell) -> Cell:
    """A value worse than the contract's floor is degraded, whatever the baseline was."""
    floor = effect.rule.floor
    if floor is None or effect.slice != ALL_ROWS or effect.candidate is None:
        return cell
    if not _worse(effect.metric, effect.candidate, floor):
        return cell
    note = f"{effect.candidate:.4g} is worse than the floor {floor:.4g}"
    return cell.model_copy(update={"verdict": "degraded", "tier": cell.tier or "moderate", "note": note})


def _worse(metric: Metric, value: float, floor: float) -> bool:
    """Whether a value is on the bad side of a floor: of values with a target, further away from it."""
    if metric.target is not None:
        return abs(value - metric.target) > abs(floor - metric.target)
    return value < floor if metric.better == "higher" else value > floor
