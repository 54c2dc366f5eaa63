"""Versioned performance baselines for ML models in production.

snapshot -> evaluation -> comparison -> decision; imports run only that way.
"""

__version__ = "0.1.0"
