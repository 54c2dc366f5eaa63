"""Frozen data: immutable, named by the digest of its content."""

from __future__ import annotations

from typing import Any, Literal

from baseline_pipeline.records import Digest, Record


class Column(Record):
    """A column's name and Arrow type."""

    name: str
    type: str


class Provenance(Record):
    """Where the rows came from; secrets are left out."""

    source: str
    """Which kind of source: csv, parquet, sql, delta, iceberg, callable."""
    origin: dict[str, Any]
    source_digest: Digest | None
    taken_at: str
    """UTC, ISO 8601."""
    engine: str


class Snapshot(Record):
    """Immutable rows, sorted by row id, in the Parquet blob `file`.

    `digest` names the content: it does not depend on row order, column order, file names, the
    Parquet writer, or the day it was taken.
    """

    model: str
    digest: Digest
    file: Digest
    rows: int
    columns: tuple[Column, ...]
    row_id: tuple[str, ...]
    time_range: tuple[str, str] | None
    provenance: Provenance


class ExpectationResult(Record):
    """One expectation against all rows."""

    column: str | None
    rule: str
    """For example `expect_column_values_to_be_between(min_value=0, max_value=100)`."""
    success: bool
    observed: str
    """The observed value or the share of unexpected rows, in words."""
    unexpected_rows: int | None
    row_ids: tuple[str, ...]
    """Some of the rows that break the rule, at most ten."""


class QualityReport(Record):
    """All expectations of a suite against one snapshot."""

    suite: Digest
    success: bool
    results: tuple[ExpectationResult, ...]

    def failures(self) -> tuple[ExpectationResult, ...]:
        """The expectations that do not hold."""
        return tuple(result for result in self.results if not result.success)


class ColumnDrift(Record):
    """How far one column's distribution moved."""

    column: str
    kind: Literal["feature", "prediction", "target"]
    method: str
    score: float | None
    """Effect size; `None` where it could not be computed."""
    threshold: float
    drifted: bool
    note: str = ""


class DriftReport(Record):
    """Drift between two data sets, largest first."""

    reference: Digest
    current: Digest
    reference_rows: int
    current_rows: int
    columns: tuple[ColumnDrift, ...]
    html: Digest | None
    """Blob of the vendor's own report."""
