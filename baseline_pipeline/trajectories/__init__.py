"""A metric over time: when it changed, and which values are unlike all before."""
