"""Independent units of a comparison: clusters, rows, or blocks of them where there are many."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

MAX_UNITS = 2048


def units_of(rows: int, cluster: Array | None, seed: int) -> Array:
    """(rows,) number of each row's unit, below `MAX_UNITS`.

    Rows of one cluster share a unit. Where there are more rows or clusters than `MAX_UNITS`, they are
    dealt out at random into that many blocks of like number: signs of whole blocks are as good as
    signs of rows under the null, and 2,048 squares estimate a variance to 3 %.

    Args:
        rows: How many rows there are.
        cluster: (rows,) cluster numbers from 0, or `None` where rows are independent.
        seed: Of the dealing.

    Example:
        >>> units_of(4, np.array([0, 1, 1, 0]), seed=1).tolist()
        [0, 1, 1, 0]
        >>> np.bincount(units_of(20480, None, seed=1)).tolist() == [10] * 2048
        True
    """
    number = np.arange(rows) if cluster is None else cluster
    count = rows if cluster is None else int(cluster.max(initial=-1)) + 1
    if count <= MAX_UNITS:
        return np.asarray(number)
    dealt = np.random.Generator(np.random.Philox(seed)).permutation(count) % MAX_UNITS
    return np.asarray(dealt[number])
