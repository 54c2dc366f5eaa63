"""From scored rows to readings: every metric and slice of the contract in every window, and what needs no label."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from baseline_pipeline.metrics.outcomes import Metric, NotMeasurable, Outcomes
from baseline_pipeline.monitoring.estimated import Calibrator, calibrator, expected_outcomes
from baseline_pipeline.monitoring.inputs import feature_cells, feature_readings
from baseline_pipeline.monitoring.recorded_streams import RecordedReader
from baseline_pipeline.monitoring.streams import VOLUME, Harm, Reading, Readings, Stream, readings
from baseline_pipeline.significance.clustered import clustered, supported
from baseline_pipeline.slices import find_slices

if TYPE_CHECKING:
    from baseline_pipeline.contract import Contract
    from baseline_pipeline.monitoring.inputs import FeatureCells
    from baseline_pipeline.monitoring.scored_rows import ScoredRows
    from baseline_pipeline.monitoring.windows import Windowing

Array = np.ndarray[Any, Any]
ALL_ROWS = "all"
LEAST_ROWS = 50
"""Rows below which a slice of a window gives no reading..."""
LEAST_WHOLE = 10
"""...and all rows of it."""
LEAST_SUPPORT = 10
"""Rows of the rarer class below which a value that rests on it is none."""
LEAST_CLUSTERS = 10
"""Clusters below which a window's or an incident's rows are taken as independent: what they share is part of the spread
of windows, and a day or two have none of their own. Of a ranking, queries below which a window gives no reading."""


@dataclass(frozen=True)
class Part:
    """A slice's rows, ascending in time."""

    name: str
    rows: Array


class Reader:
    """Reads windows of one set of rows.

    Args:
        contract: Metrics, slices, features.
        rows: All rows, ascending in time.
        windowing: How time is cut.
        calm: (n,) rows of calm windows: features are cut at their quantiles, and scores are calibrated on them.
    """

    def __init__(self, contract: Contract, rows: ScoredRows, windowing: Windowing, calm: Array) -> None:
        self.contract = contract
        self.rows = rows
        self.windowing = windowing
        categorical = {one.name for one in contract.data.features if one.categorical}
        self.cells: list[FeatureCells] = feature_cells(
            rows.features, contract.data.feature_names, calm, categorical, rows.stands_for
        )
        self.parts = [Part(ALL_ROWS, np.arange(len(rows)))]
        before = rows.columns.filter(pa.array(calm)) if rows.columns.num_columns else rows.columns
        sliced = find_slices(contract.slices, rows.columns, quantiles_of=before)
        self.calm_parts = find_slices(contract.slices, before)
        self.parts += [Part(one.name, np.sort(one.rows)) for one in sliced]
        self.cluster = None if rows.cluster is None else np.unique(rows.cluster, return_inverse=True)[1]
        self.recorded = None if rows.recorded is None else RecordedReader(rows.recorded, calm)
        self.calibrator: Calibrator | None = calibrator(contract, rows.outcomes, calm & rows.labelled)

    def read(self, starts: Array) -> Readings:
        """The windows that begin at the instants given."""
        return readings(starts, [self.window(start) for start in starts])

    def window(self, start: np.datetime64) -> dict[Stream, Reading]:
        """All streams of one window; without rows there is only its volume."""
        where = self.windowing.rows_in(self.rows.at, start)
        count = where.stop - where.start
        volume = count if self.rows.stands_for is None else self.rows.stands_for[where].sum()
        found: dict[Stream, Reading] = {
            Stream(VOLUME, ALL_ROWS, "traffic"): Reading(float(np.log1p(volume)), float(1 / np.sqrt(count + 1)), count)
        }
        if count == 0:
            return found
        found |= self._traffic(where)
        found |= feature_readings(self.cells, where, self.rows.stands_for)
        if self.recorded is not None:
            found |= self.recorded.window(where)
        for part in self.parts:
            low, high = np.searchsorted(part.rows, [where.start, where.stop])
            chosen = part.rows[low:high]
            if len(chosen) >= _least(part.name):
                found |= self._outputs(part.name, chosen)
                found |= self._performance(part.name, chosen)
        return found

    def _traffic(self, where: slice) -> dict[Stream, Reading]:
        count = where.stop - where.start
        found = {}
        if self.rows.failed is not None:
            share = float(np.average(self.rows.failed[where], weights=self._weight(where)))
            found[Stream("failed", ALL_ROWS, "traffic", "up", share=True)] = Reading(share, 0.0, count)
        if self.rows.seconds is not None:
            taken, weight = self.rows.seconds[where], self._weight(where)
            known = np.isfinite(taken) & (taken > 0)
            if known.sum() >= LEAST_WHOLE:
                taken, weight = taken[known], None if weight is None else weight[known]
                middle = _mean(np.log(taken), weight)
                found[Stream("log latency", ALL_ROWS, "traffic", "up")] = middle
                tail = Reading(float(np.log(_tail(taken, weight))), 2.1 * middle.error, middle.rows)
                found[Stream("log latency p95", ALL_ROWS, "traffic", "up")] = tail
        return found

    def _weight(self, rows: slice | Array) -> Array | None:
        """Requests that each of the rows stands for; `None` where each is one."""
        return None if self.rows.stands_for is None else self.rows.stands_for[rows]

    def _outputs(self, name: str, rows: Array) -> dict[Stream, Reading]:
        outcomes = self.rows.outcomes.take(rows)
        numbers = outcomes.score if outcomes.score is not None and outcomes.score.ndim == 1 else None
        if numbers is None and self.contract.gives_numbers:
            numbers = outcomes.prediction
        found = {}
        if numbers is not None:
            found[Stream("mean score", name, "outputs")] = _mean(numbers, self._weight(rows))
        elif outcomes.classes is not None:
            counts = np.bincount(outcomes.prediction.astype(int), self._weight(rows), minlength=outcomes.classes)
            for number, share in enumerate(counts / counts.sum()):
                stream = Stream(f"predicted class {number}", name, "outputs", share=True)
                found[stream] = Reading(float(share), 0.0, len(rows))
        return found

    def _performance(self, name: str, rows: Array) -> dict[Stream, Reading]:
        known = rows[self.rows.labelled[rows]]
        found: dict[Stream, Reading] = {}
        if len(known) >= _least(name):
            outcomes = self.rows.outcomes.take(known)
            codes = None if self.cluster is None else self.cluster[known]
            for metric, weight in watched_metrics(self.contract, name):
                reading = measured(metric, outcomes, codes)
                if reading is not None:
                    found[Stream(metric.name, name, "performance", harm_of(metric), weight)] = reading
            found |= _levels(self.contract, name, outcomes, self._weight(known))
        elif self.calibrator is not None and len(rows) >= _least(name):
            guessed = expected_outcomes(self.calibrator, self.rows.outcomes.take(rows))
            for metric, weight in watched_metrics(self.contract, name):
                reading = measured(metric, guessed, None)
                if reading is not None:
                    stream = Stream(metric.name, name, "performance", harm_of(metric), weight, estimated=True)
                    found[stream] = replace(reading, rows=len(rows))
        return found


def watched_metrics(contract: Contract, name: str) -> list[tuple[Metric, float]]:
    """The metrics that a slice is watched by, with their weights."""
    return [
        (rule.measured, rule.business_weight)
        for rule in contract.metrics
        if rule.measured.of_rows
        and (rule.role if name == ALL_ROWS or rule.role == "report_only" else rule.slices.role) != "report_only"
    ]


def _least(name: str) -> int:
    return LEAST_WHOLE if name == ALL_ROWS else LEAST_ROWS


def harm_of(metric: Metric) -> Harm:
    """Which way a metric gets worse."""
    ways: dict[str, Harm] = {"higher": "down", "lower": "up", "nearer": "either"}
    return ways[metric.better]


def _levels(contract: Contract, name: str, outcomes: Outcomes, weight: Array | None) -> dict[Stream, Reading]:
    """What the truth was, and by how much the model missed it in the mean."""
    if contract.task in {"multiclass_classification", "question_answering"}:
        return {}
    label = outcomes.label.astype(float)
    expected = outcomes.prediction if contract.task == "regression" else outcomes.score
    found = {Stream("mean label", name, "performance"): _mean(label, weight)}
    if expected is not None and expected.ndim == 1:
        found[Stream("bias", name, "performance")] = _mean(expected - label, weight)
    return found


def _mean(values: Array, weight: Array | None) -> Reading:
    """The mean of values that are there, each counting as many times as it stands for.

    Example:
        >>> _mean(np.array([1.0, 3.0, np.nan]), None).value, _mean(np.array([1.0, 3.0]), np.array([3.0, 1.0])).value
        (2.0, 1.5)
    """
    known = np.isfinite(values)
    finite, rows = values[known], int(known.sum())
    if rows < 2:  # noqa: PLR2004  # no spread
        return Reading(float("nan"), float("nan"), rows)
    if weight is None:
        return Reading(float(finite.mean()), float(finite.std(ddof=1) / np.sqrt(rows)), rows)
    share = weight[known] / weight[known].sum()
    mean = float(share @ finite)
    return Reading(mean, float(np.sqrt(share**2 @ (finite - mean) ** 2 * rows / (rows - 1))), rows)


def _tail(values: Array, weight: Array | None) -> float:
    """The 95th percentile."""
    if weight is None:
        return float(np.quantile(values, 0.95))
    order = np.argsort(values)
    reached = np.cumsum(weight[order])
    return float(values[order][min(int(np.searchsorted(reached, 0.95 * reached[-1])), len(values) - 1)])


def measured(metric: Metric, outcomes: Outcomes, codes: Array | None) -> Reading | None:
    """A metric with its standard error; `None` where the rows do not give it.

    Args:
        metric: Which.
        outcomes: n rows.
        codes: (n,) clusters; `None` where rows are independent.
    """
    groups = None if codes is None else np.unique(codes, return_inverse=True)[1]
    queries = None if outcomes.query is None else np.unique(outcomes.query, return_inverse=True)[1]
    if queries is not None and queries.max(initial=0) + 1 < LEAST_CLUSTERS:
        return None
    if groups is not None and groups.max(initial=0) + 1 < LEAST_CLUSTERS:
        groups = queries
    try:
        estimate = metric.measure(replace(outcomes, cluster=groups))
    except NotMeasurable:
        return None
    if estimate.support is not None and estimate.support < LEAST_SUPPORT:
        return None
    error = supported(clustered(estimate.influence, groups), estimate.support).error
    if not np.isfinite(error) or not np.isfinite(estimate.value):
        return None
    if queries is not None and metric.unit == "share":
        error = max(error, 0.5 / (queries.max() + 2))  # a handful of queries that are all alike are not certain
    return Reading(float(estimate.value), float(error), len(outcomes))
