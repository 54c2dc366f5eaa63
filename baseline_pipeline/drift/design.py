"""How much less rows say of a distribution where rows of one cluster are alike."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from baseline_pipeline.arrow_numbers import measurable, on_a_line
from baseline_pipeline.summaries.arrays import doubles

Array = np.ndarray[Any, Any]
CATEGORIES = 20
"""Most frequent values that a design effect is averaged over."""


def design_effect(column: pa.ChunkedArray, cluster: Array | None) -> float:
    """The variance of a column's distribution over that of as many independent rows; at least one.

    Of numbers, days and times it is that of their mean rank; of categories the mean over the frequent ones, weighted
    as a chi-square statistic weighs them.

    Source: Kish (1965), Survey Sampling; Rao and Scott (1981), The analysis of categorical data from complex sample
    surveys, J. Am. Stat. Assoc. 76:221.

    Args:
        column: (n,) values.
        cluster: (n,) name of the cluster of each row; `None` where rows are independent.

    Example:
        >>> day = np.repeat(["mon", "tue", "wed", "thu"], 100)
        >>> round(design_effect(pa.chunked_array([np.repeat([1.0, 4.0, 2.0, 3.0], 100)]), day)), \
design_effect(pa.chunked_array([np.tile([1.0, 2.0], 200)]), day)
        (100, 1.0)
    """
    if cluster is None or not len(column):
        return 1.0
    code = np.unique(cluster, return_inverse=True)[1]
    if measurable(column.type):
        return _effect(_centred_ranks(doubles(on_a_line(column))), code)
    encoded = pc.fill_null(column.cast(pa.string()), "None").combine_chunks().dictionary_encode()
    value = encoded.indices.to_numpy(zero_copy_only=False)
    names, counts = np.array(encoded.dictionary.to_pylist(), dtype=object), np.bincount(value)
    effects, weights = [], []
    for frequent in np.lexsort((names, -counts))[:CATEGORIES]:
        share = counts[frequent] / len(value)
        effects.append(_effect((value == frequent) - share, code))
        weights.append(1 - share)
    return float(np.average(effects, weights=weights)) if sum(weights) else 1.0


def _centred_ranks(values: Array) -> Array:
    """(n,) mid-ranks less their mean; 0 where there is no value."""
    from scipy.stats import rankdata

    found = np.zeros(len(values))
    known = ~np.isnan(values)
    ranks = rankdata(values[known])
    found[known] = ranks - ranks.mean() if len(ranks) else 0.0
    return found


def _effect(centred: Array, code: Array) -> float:
    alone = float((centred**2).sum())
    together = float((np.bincount(code, centred) ** 2).sum())
    return max(1.0, together / alone) if alone > 0 else 1.0
