"""Where the outside is spoken to: one vendor a file, by role."""
