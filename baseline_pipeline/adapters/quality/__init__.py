"""Expectations about data."""
