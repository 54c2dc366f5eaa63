"""Where aggregations run."""
