"""p-values that hold the share of false finds among all finds."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def false_discovery(p_values: Array) -> Array:
    """(m,) adjusted p-values: those up to q are finds of which at most a share q is false on average.

    The same as scipy's `false_discovery_control`, without the second that importing scipy.stats takes.

    Source: Benjamini and Hochberg (1995), J. R. Stat. Soc. B 57:289.

    Example:
        >>> false_discovery(np.array([0.01, 0.5, 0.02])).round(3).tolist()
        [0.03, 0.5, 0.03]
    """
    count = len(p_values)
    order = np.argsort(-p_values, kind="stable")
    found = np.empty(count)
    found[order] = np.minimum.accumulate(p_values[order] * count / np.arange(count, 0, -1))
    return np.minimum(found, 1.0)
