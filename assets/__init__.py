"""What is watched: one folder of declarations per model, no Python."""
