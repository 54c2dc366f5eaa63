"""A model over time: its past, its present, its incidents."""
