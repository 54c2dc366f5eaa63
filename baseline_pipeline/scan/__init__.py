"""Performance from summaries alone: slices as sums of leaves, metrics and errors as sums over cells."""
