"""Rows as content: one canonical form, one order, names, and digests that any machine agrees on."""

from baseline_pipeline.content.canonical import canonical, refuse_twins
from baseline_pipeline.content.digests import content_digest, row_contents, rows_digest
from baseline_pipeline.content.row_names import row_names, sort_by_row_id
from baseline_pipeline.content.times import instants_of, iso_times

__all__ = [
    "canonical",
    "content_digest",
    "instants_of",
    "iso_times",
    "refuse_twins",
    "row_contents",
    "row_names",
    "rows_digest",
    "sort_by_row_id",
]
