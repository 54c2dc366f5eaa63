"""The same model on the same rows under other circumstances: environments, machines, combinations of changes."""
