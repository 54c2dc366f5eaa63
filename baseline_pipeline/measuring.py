"""The metrics of one evaluation, overall and by slice, with their intervals."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from baseline_pipeline.evaluation import MetricValue
from baseline_pipeline.figures import counted
from baseline_pipeline.metrics.outcomes import Metric, NotMeasurable, Outcomes
from baseline_pipeline.significance.clopper_pearson import clopper_pearson
from baseline_pipeline.significance.clustered import clustered, supported
from baseline_pipeline.slices import find_slices

if TYPE_CHECKING:
    from baseline_pipeline.contract import Contract
    from baseline_pipeline.evaluation import Scores

Array = np.ndarray[Any, Any]
ALL_ROWS = "all"
CONFIDENCE = 0.95
ROUNDING = 1e-12
"""Errors below this are none."""


def measure(contract: Contract, scores: Scores) -> tuple[MetricValue, ...]:
    """Every metric of the contract on all rows and on every declared slice.

    What cannot be measured (one class, too few rows, scores that are no probabilities) has no value
    and says why.
    """
    codes = cluster_codes(scores.cluster)
    everything = np.arange(len(scores.row_id))
    parts = [(ALL_ROWS, everything, 1)]
    parts += [(one.name, one.rows, one.min_rows) for one in find_slices(contract.slices, scores.columns)]
    return tuple(
        _value(rule.measured, name, scores.outcomes.take(rows), None if codes is None else codes[rows], least)
        for rule in contract.metrics
        if rule.measured.of_rows
        for name, rows, least in parts
    )


def cluster_codes(cluster: np.ndarray[Any, Any] | None) -> np.ndarray[Any, Any] | None:
    """Cluster names as numbers from 0."""
    return None if cluster is None else np.unique(cluster, return_inverse=True)[1]


def _value(metric: Metric, name: str, outcomes: Outcomes, codes: Array | None, least: int) -> MetricValue:
    groups = None if codes is None else len(np.unique(codes))
    empty = {"metric": metric.name, "slice": name, "rows": len(outcomes), "clusters": groups}
    if len(outcomes) < least:
        note = "no rows" if len(outcomes) == 0 else f"{counted(len(outcomes), 'row')}, fewer than {least}"
        return MetricValue(**empty, value=None, low=None, high=None, note=note)
    try:
        estimate = metric.measure(replace(outcomes, cluster=codes))
    except NotMeasurable as reason:
        return MetricValue(**empty, value=None, low=None, high=None, note=str(reason))
    uncertainty = supported(clustered(estimate.influence, codes), estimate.support)
    bottom, top = metric.bounds
    single = len(outcomes) == 1 and not np.isfinite(top - bottom)
    if single or not np.isfinite(uncertainty.error):
        return MetricValue(**empty, value=estimate.value, low=None, high=None, note="one row or cluster has no spread")
    width = t_quantile(1 - (1 - CONFIDENCE) / 2, uncertainty.degrees) * uncertainty.error
    if uncertainty.error < ROUNDING and np.isfinite(top - bottom):  # all alike, which says little of few
        alike = min(groups or len(outcomes), estimate.support or len(outcomes))
        width = (top - bottom) * clopper_pearson(0, alike, CONFIDENCE)[1]
    low = estimate.value - width - estimate.lift * uncertainty.error  # luck lifts the sizes of gaps
    low, high = np.clip([low, estimate.value + width], bottom, top).tolist()
    return MetricValue(**empty, value=estimate.value, low=low, high=high)


def t_quantile(level: float, degrees: float) -> float:
    """Quantile of Student's t distribution."""
    from scipy.special import stdtrit

    return float(stdtrit(degrees, level))
