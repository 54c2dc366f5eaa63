"""Mergeable summaries of columns: what drift is computed from, without a row in sight."""
