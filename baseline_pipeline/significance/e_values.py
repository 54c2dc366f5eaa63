"""Evidence put together: e-values of several models."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def e_bh(log_e_values: Array) -> Array:
    """(m,) the rate q from which on each is a find: of those up to q at most a share q is false on average.

    The k largest are finds where the k-th largest e-value is at least m / (k q). Holds however the e-values depend on
    one another, which Benjamini and Hochberg's procedure on p-values does not; and at any time they are looked at.

    Source: Wang and Ramdas (2022), False discovery rate control with e-values, J. R. Stat. Soc. B 84:822.

    Args:
        log_e_values: (m,) natural logarithms, of models.

    Raises:
        ValueError: for no e-values, or a NaN among them.

    Example:
        >>> e_bh(np.log([300.0, 1.0, 60.0])).round(3).tolist()
        [0.01, 1.0, 0.025]
    """
    logs = _sound(log_e_values)
    count = len(logs)
    order = np.argsort(-logs, kind="stable")
    needed = np.log(count / np.arange(1, count + 1)) - logs[order]
    found = np.empty(count)
    found[order] = np.exp(np.minimum(np.minimum.accumulate(needed[::-1])[::-1], 0.0))
    return found


def _sound(log_e_values: Array) -> Array:
    logs = np.asarray(log_e_values, dtype=float)
    if logs.ndim != 1 or len(logs) == 0 or np.isnan(logs).any():
        message = f"{logs.tolist()} stood here; accepted: one logarithm of an e-value or more, none NaN"
        raise ValueError(message)
    return logs
