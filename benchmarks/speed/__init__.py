"""How long two data sets take to compare: ours beside peers, each in an environment of its own."""
