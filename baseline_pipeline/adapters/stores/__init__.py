"""Where snapshots, scores and records are kept."""
