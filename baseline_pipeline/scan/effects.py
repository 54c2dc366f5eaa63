"""Every metric on every slice of two data sets, from their summaries."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from baseline_pipeline.comparison import ALL_ROWS
from baseline_pipeline.effects import Effect, demanded, shortage
from baseline_pipeline.metrics.outcomes import Metric, NotMeasurable
from baseline_pipeline.scan.cells import Cells
from baseline_pipeline.scan.leaves import leaf_slices
from baseline_pipeline.scan.measured import CellEstimate, Measured

if TYPE_CHECKING:
    from baseline_pipeline.contract import Contract
    from baseline_pipeline.scan.leaves import LeafSlice
    from baseline_pipeline.summaries.outcome import OutcomeSummary

OF_ROWS = frozenset({"mean_absolute_percentage_error", "symmetric_percentage_error", "top_k_accuracy"})
"""Metrics of ours that need more of a row than cells keep."""
OF_ROWS_OF_SEVERAL = frozenset({"roc_auc", "average_precision", "expected_calibration_error"})
"""Those that do so where there are more than two classes: each class ranks rows anew."""
OF_SCORES = frozenset({"log_loss", "brier"})
UNITS = 512
"""Parts that the cells of a side are dealt into: enough to tell how estimates go together to 3 %."""
SETTLED = 1.96
"""Standard errors between the middle of two values and their target, for its side to be settled."""


def summary_effects(contract: Contract, before: OutcomeSummary, after: OutcomeSummary, seed: int) -> list[Effect]:
    """What is known of every metric and slice; rows of the two sides are other ones, hence unpaired.

    Args:
        contract: Metrics, margins, slices.
        before: The baseline, counted.
        after: The present, counted under the same plan.
        seed: Of the dealing of cells into units.
    """
    classes = _classes(before, after)
    sides = [Measured(Cells(one, classes, seed + place, UNITS)) for place, one in enumerate((before, after))]
    slices = [leaf_slices(contract, one, side.cells.leaves) for one, side in zip((before, after), sides, strict=True)]
    names = [*slices[1], *(name for name in slices[0] if name not in slices[1])]
    rules = [rule for rule in contract.metrics if rule.measured.of_rows]
    rows = (before.rows, after.rows)
    found = [[_filled(demanded(rule, ALL_ROWS, after.rows), sides, (None, None), rows)] for rule in rules]
    for name in names:
        parts = [one.get(name) for one in slices]
        for mine, rule in zip(found, rules, strict=True):
            mine.append(_on_slice(demanded(rule, name, 0), sides, parts))
    return [effect for mine in found for effect in mine]


def _classes(before: OutcomeSummary, after: OutcomeSummary) -> list[str]:
    if before.plan.task != "multiclass_classification":
        return []
    return sorted({text for side in (before, after) for name in ("y", "h") for text in side.cells[name].to_pylist()})


def _on_slice(effect: Effect, sides: list[Measured], parts: list[LeafSlice | None]) -> Effect:
    old, new = parts
    effect.counted(
        None if old is None else old.rows, None if new is None else new.rows, 0 if new is None else new.min_rows
    )
    if old is None or new is None or effect.problem:
        return effect
    return _filled(effect, sides, (old, new), (old.rows, new.rows))


def _filled(
    effect: Effect, sides: list[Measured], parts: tuple[LeafSlice | None, LeafSlice | None], rows: tuple[int, int]
) -> Effect:
    """Fill in values, harm and its uncertainty."""
    plan = sides[0].cells.plan
    several = plan.task == "multiclass_classification"
    beyond = OF_ROWS | OF_ROWS_OF_SEVERAL if several else OF_ROWS
    if effect.rule.own is not None or effect.rule.metric in beyond:
        effect.problem = f"{effect.metric.title} needs the rows themselves: `baseline run MODEL` measures it"
        return effect
    if several and effect.rule.metric in OF_SCORES and not plan.scores:
        effect.problem = (
            "no probabilities: a scan reads a column for each class, named score.CLASS (`--score` names it)"
        )
        return effect
    try:
        one, two = (side.measure(effect.metric, part) for side, part in zip(sides, parts, strict=True))
    except NotMeasurable as reason:
        effect.problem = str(reason)
        return effect
    effect.baseline, effect.candidate = one.value, two.value
    effect.directed, sign = _direction(effect.metric, one, two)
    effect.harm = sign * (two.value - one.value)
    effect.support = None if one.support is None or two.support is None else min(one.support, two.support)
    effect.of_others((one.uncertainty, two.uncertainty), (one.apart, two.apart), sign)
    effect.clusters = None if sides[1].cells.clusters is None else two.uncertainty.clusters
    effect.lifted(one.lift * one.uncertainty.error, two.lift * two.uncertainty.error)
    effect.total = np.concatenate([-sign * one.noise, sign * two.noise])
    effect.bound = one.bound + two.bound
    effect.problem = shortage(effect, min(rows))
    return effect


def _direction(metric: Metric, one: CellEstimate, two: CellEstimate) -> tuple[bool, float]:
    """Whether it is settled which way is worse, and the sign of worse; as where rows are at hand."""
    if metric.target is None:
        return True, 1.0 if metric.better == "lower" else -1.0
    middle = one.value + two.value - 2 * metric.target
    if abs(middle) > SETTLED * np.hypot(one.uncertainty.error, two.uncertainty.error):
        return True, float(np.sign(middle))
    return False, 1.0 if two.value >= one.value else -1.0
