"""What expectations say of a snapshot."""

from __future__ import annotations

from baseline_pipeline.records import Digest, Record


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
