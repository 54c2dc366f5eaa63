"""Intervals, tests and multiplicity: how sure a difference is."""
