"""Performance where labels have not come yet: calm rows with labels, weighted to look like the rows without."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from baseline_pipeline.drift.joint import FEWEST, separation
from baseline_pipeline.monitoring.reading import ALL_ROWS, LEAST_CLUSTERS, measured, watched_metrics
from baseline_pipeline.shift import effective_rows, weighted

if TYPE_CHECKING:
    from baseline_pipeline.contract import Contract
    from baseline_pipeline.monitoring.scored_rows import ScoredRows
    from baseline_pipeline.monitoring.streams import Reading

Array = np.ndarray[Any, Any]
LEAST_EFFECTIVE = 100
"""Calm rows that the weighted ones must be worth."""
LEAST_COVERED = 0.65
"""Share of the rows that must have likes among the calm ones."""


@dataclass(frozen=True)
class Weighted:
    """What weighted calm rows let one expect.

    Attributes:
        readings: By metric; the error takes the weights as known.
        effective_rows: Calm rows that the weighted ones are worth; NaN where there are no weights.
        refused: Why there are no readings; empty where there are.
    """

    readings: dict[str, Reading] = field(default_factory=dict)
    effective_rows: float = float("nan")
    refused: str = ""


def weighted_performance(contract: Contract, rows: ScoredRows, calm: Array, now: Array) -> Weighted:
    """Every metric of the contract on calm rows, each counting as much more often as its like comes now.

    The ratio of densities is a two-sample classifier's, clipped, its mean brought to one. Right as long as equal
    features mean equal labels; blind to concept drift, so that it informs and never gates. Where the mean of the
    ratio over calm rows lies far below one, the rest of the present rows has no likes among them, and nothing is said.

    Source: Sugiyama, Krauledat and Mueller (2007), Covariate shift adaptation by importance weighted cross
    validation, J. Mach. Learn. Res. 8:985; effective size: Kish (1965), Survey Sampling.

    Args:
        contract: Its metrics and features.
        rows: All rows.
        calm: Positions of calm rows whose labels are known.
        now: Positions of the rows whose labels are not.
    """
    if min(len(calm), len(now)) < FEWEST:
        return Weighted(
            refused=f"{len(calm)} labelled calm rows and {len(now)} rows without labels; {FEWEST} of each are needed"
        )
    sides = [rows.features.take(pa.array(part)) for part in (calm, now)]
    known = [name for name in contract.data.feature_names if all(one[name].null_count < len(one) for one in sides)]
    if not known:
        return Weighted(refused="no feature has values on both sides, calm rows and rows without labels")
    together = rows.cluster if rows.cluster is not None and len(set(rows.cluster[now])) >= LEAST_CLUSTERS else None
    clusters = [None if together is None else together[part] for part in (calm, now)]
    told = separation(*(one.select(known) for one in sides), seed=0, clusters=clusters)
    if told is None:
        return Weighted(refused="halves of the calm rows and the rows without labels are too small to be told apart")
    covered, worth = float(told.likeness.mean()), effective_rows(told.likeness)
    if covered < LEAST_COVERED:
        return Weighted(
            effective_rows=worth,
            refused=f"only some {covered:.0%} of the rows look like calm ones (AUC {told.auc:.2f})",
        )
    if worth < LEAST_EFFECTIVE:
        return Weighted(
            effective_rows=worth,
            refused=f"weighted calm rows are worth {worth:.0f} rows; {LEAST_EFFECTIVE} are needed (AUC {told.auc:.2f})",
        )
    kept = calm[told.rows]
    alike = weighted(rows.outcomes.take(kept), told.likeness)
    codes = None if rows.cluster is None else np.unique(rows.cluster[kept], return_inverse=True)[1]
    readings = {metric.name: measured(metric, alike, codes) for metric, _ in watched_metrics(contract, ALL_ROWS)}
    return Weighted({name: one for name, one in readings.items() if one is not None}, worth)
