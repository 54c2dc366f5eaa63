"""The same model on the same rows in other circumstances: what differs, whether it matters, and what made it so."""
