"""One model version scored on one snapshot in one environment."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from pydantic import Field

from baseline_pipeline.fingerprint import Fingerprint
from baseline_pipeline.metrics.outcomes import Outcomes
from baseline_pipeline.records import Digest, Record


class PackageDifference(Record):
    """A package whose installed version is not the locked one; `None` where it is absent."""

    package: str
    locked: str | None
    installed: str | None


class EnvironmentState(Record):
    """What was declared, and where the interpreter at hand differs from it."""

    lockfile: str | None
    lockfile_digest: Digest | None
    differences: tuple[PackageDifference, ...] = ()
    manifest: str | None = None
    manifest_digest: Digest | None = None
    contradictions: tuple[str, ...] = ()
    """Where the declared machine differs from the observed one, in words."""
    facts: dict[str, str | int | float | None] = Field(default_factory=dict)
    """The observed machine: cpu_model, cores, memory_gb, os, python, blas, threads, gpu, image."""


class Timing(Record):
    """Where the time went, in seconds, and the latency of scoring one row, in milliseconds."""

    load: float
    preprocess: float
    predict: float
    postprocess: float
    batches: int
    batch_rows: int
    latency_ms: dict[str, float]
    """mean, p50, p95, p99 per row, over batches."""
    peak_memory_mb: float


class Subject(Record):
    """The model that was scored."""

    name: str
    version: str
    uri: str
    digest: Digest
    training_window: tuple[str, str] | None = None


class MetricValue(Record):
    """A metric on a slice, with its 95 % interval; `value` is `None` where it could not be measured."""

    metric: str
    slice: str
    rows: int
    clusters: int | None
    value: float | None
    low: float | None
    high: float | None
    note: str = ""


class Importance(Record):
    """How much a model leans on one feature: what permuting its values among the rows does, or its SHAP values."""

    feature: str
    loss: float | None
    """Squared error that permuting costs, on average, or F1 of answers in words; rankings and SHAP values have none."""
    loss_error: float | None
    """Standard error of that."""
    movement: float
    """How far scores (or predictions) move, on average: mean |SHAP value|, where it is that; no label is needed."""
    movement_error: float


class ShapValues(Record):
    """SHAP values of some rows, or why there are none."""

    importances: tuple[Importance, ...] = ()
    """Mean |SHAP value| of each feature, in the order of the features."""
    plots: dict[str, Digest] = Field(default_factory=dict)
    """MLflow's plots of them (PNG), by name."""
    rows: int = 0
    """Rows that were explained, each against all of them."""
    note: str = ""
    """Why there are none, in words."""


class Evaluation(Record):
    """The evidence of one scoring; row-level results are in the Parquet blob `scores_file`."""

    key: Digest
    """Digest of all inputs: an equal key means the evaluation need not be repeated."""
    model: str
    subject: Subject
    snapshot: Digest
    fingerprint: Fingerprint
    definition: dict[str, Any]
    environment: EnvironmentState
    timing: Timing
    rows: int
    classes: tuple[str, ...]
    metrics: tuple[MetricValue, ...]
    scores_file: Digest
    engine: str
    """Version of this package that scored."""
    unlabelled: int = 0
    """Rows of the snapshot without a label; they are not part of the scores."""
    learned: int = 0
    """Rows that the model learned from; metrics are of the others, and of these where there are no others."""
    replay_difference: float | None = None
    """Largest difference of scores when the same rows were scored twice; 0 where the model repeats itself."""
    importances: tuple[Importance, ...] = ()
    """What the model leans on, in the order of the features."""
    doubt: str = ""
    """Why the scores may be none, in words."""
    shap: ShapValues | None = None
    """The same by SHAP values; `None` where the contract does not ask for them."""

    @property
    def trustworthy(self) -> bool:
        """Whether the environment was the declared one."""
        return not self.environment.differences and not self.environment.contradictions


def asked_since(before: Evaluation, now: Evaluation) -> tuple[MetricValue, ...]:
    """Values of the later evaluation that the earlier one was not asked for, measured or not."""
    known = {(one.metric, one.slice) for one in before.metrics}
    return tuple(one for one in now.metrics if (one.metric, one.slice) not in known)


@dataclass(frozen=True)
class Scores:
    """Row-level results of one evaluation, ordered by row id.

    Attributes:
        row_id: n strings, unique, ascending by bytes.
        outcomes: labels, predictions and scores, n rows.
        cluster: n strings, or `None` where rows are independent.
        day: n dates as `datetime64[D]` (UTC day of the contract's time column), or `None`.
        columns: the slice columns, n rows.
        content: n digests (uint64) of each row's features and label, to tell changed rows apart.
    """

    row_id: pa.Array
    outcomes: Outcomes
    cluster: np.ndarray[Any, Any] | None
    day: np.ndarray[Any, Any] | None
    columns: pa.Table
    content: np.ndarray[Any, Any]

    def outside(self, windows: Iterable[tuple[str, str]]) -> np.ndarray[Any, Any]:
        """(n,) rows whose day lies in none of the windows; without a time column nothing can be said to lie there.

        Args:
            windows: First and last day, ISO, both included.
        """
        found = np.ones(len(self.row_id), dtype=bool)
        if self.day is None:
            return found
        for first, last in windows:
            found &= (self.day < np.datetime64(first, "D")) | (self.day > np.datetime64(last, "D"))
        return found

    def take(self, rows: np.ndarray[Any, Any]) -> Scores:
        """Some of its rows, by their positions."""
        return Scores(
            self.row_id.take(pa.array(rows)),
            self.outcomes.take(rows),
            None if self.cluster is None else self.cluster[rows],
            None if self.day is None else self.day[rows],
            self.columns.take(pa.array(rows)),
            self.content[rows],
        )
