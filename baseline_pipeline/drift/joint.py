"""Whether two data sets differ jointly, in ways that no single column shows: can a classifier tell their rows apart?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from baseline_pipeline.arrow_numbers import measurable, on_a_line, timed
from baseline_pipeline.drift.kinds import is_free_text
from baseline_pipeline.metrics.outcomes import Outcomes
from baseline_pipeline.metrics.roc_auc import ROC_AUC
from baseline_pipeline.significance.clustered import clustered
from baseline_pipeline.summaries.arrays import doubles

if TYPE_CHECKING:
    from collections.abc import Sequence

Array = np.ndarray[Any, Any]
MOST_ROWS = 10_000
"""Rows of a side that the classifier sees."""
FOLDS = 2
FEWEST = 200
"""Rows of the smaller side below which nothing is said."""
CATEGORIES = 30
"""Most frequent values of a text column that are told apart."""
BOUND = 20.0
"""No row counts more than so many times as much as another to make up for the shift."""


@dataclass(frozen=True)
class Separation:
    """How well rows of two data sets can be told apart.

    Attributes:
        auc: Chance that a present row looks more like the present than one of the baseline; 0.5 where nothing moved.
        error: Its standard error, rows (or clusters) being independent.
        p_value: Of no difference at all.
        likeness: (b,) how much more often each row of the baseline would be seen now: the ratio of densities.
        rows: (b,) which rows of the baseline those are.
    """

    auc: float
    error: float
    p_value: float
    likeness: Array
    rows: Array


def separation(
    before: pa.Table, after: pa.Table, *, seed: int, clusters: Sequence[Array | None] = (None, None)
) -> Separation | None:
    """Train a classifier on one half of the rows to tell the sides apart, and ask it about the other half.

    Rows of one cluster stay in one half: else it would know days by their neighbours. Columns of days and times are
    left out: any two periods can be told apart by those, and nothing else would be seen.

    Source: Lopez-Paz and Oquab (2017), Revisiting classifier two-sample tests, ICLR; Bickel, Brueckner and
    Scheffer (2009), Discriminative learning under covariate shift, J. Mach. Learn. Res. 10:2137.

    Args:
        before: Features of the baseline's rows.
        after: The same features of the present rows.
        seed: Of the halves and the samples.
        clusters: Of either side, where rows move together.

    Example:
        >>> values = np.random.default_rng(1).normal(size=1000)
        >>> before, after = (pa.table({"x": values, "y": sign * values}) for sign in (1, -1))
        >>> found = separation(before, after, seed=1)
        >>> round(found.auc, 2), found.p_value < 1e-9
        (1.0, True)
    """
    told = [field.name for field in before.schema if not timed(field.type)]
    before, after = before.select(told), after.select(told)
    rng = np.random.Generator(np.random.Philox(seed))
    picked = [np.sort(rng.permutation(side.num_rows)[:MOST_ROWS]) for side in (before, after)]
    if not told or min(map(len, picked)) < FEWEST:
        return None
    features = _encoded(before.take(pa.array(picked[0])), after.take(pa.array(picked[1])))
    label = np.repeat([0, 1], [len(one) for one in picked])
    groups = _groups(picked, clusters)
    half = rng.permutation(int(groups.max()) + 1)[groups] % FOLDS
    said = np.empty(len(label))
    for fold in range(FOLDS):
        train, asked = half != fold, half == fold
        if min(np.bincount(label[train], minlength=2)) < FEWEST // 4 or not asked.any():
            return None
        said[asked] = _asked(features[train], label[train], features[asked], seed)
    estimate = ROC_AUC.measure(Outcomes(label, label, said))
    error = clustered(estimate.influence, None if clusters[0] is None else groups).error
    ratio = said[label == 0] / (1 - said[label == 0])
    likeness = np.clip(ratio * len(picked[0]) / len(picked[1]), 1 / BOUND, BOUND)
    return Separation(estimate.value, error, _upper_tail(estimate.value, error), likeness, picked[0])


def _asked(features: Array, label: Array, others: Array, seed: int) -> Array:
    """(n,) probability that each of the other rows is a present one."""
    from sklearn.ensemble import HistGradientBoostingClassifier
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1):
        model = HistGradientBoostingClassifier(
            max_iter=60,
            max_leaf_nodes=15,
            min_samples_leaf=50,
            learning_rate=0.1,
            early_stopping=False,
            random_state=seed,
        )
        found = model.fit(features, label).predict_proba(others)[:, 1]
    return np.asarray(np.clip(found, 1e-3, 1 - 1e-3))


def _encoded(before: pa.Table, after: pa.Table) -> Array:
    """(n, k) numbers as they are, and the rank by frequency of every other value; what is missing is NaN."""
    columns = []
    for name in before.column_names:
        sides = [side.column(name) for side in (before, after)]
        kind = sides[0].type
        if pa.types.is_boolean(kind) or measurable(kind):
            columns.append(np.concatenate([doubles(on_a_line(one)) for one in sides]))
        else:
            columns.append(_ranked(pa.chunked_array([c for one in sides for c in one.cast(pa.string()).chunks])))
    return np.stack(columns, axis=1)


def _ranked(texts: pa.ChunkedArray) -> Array:
    """(n,) rank of every value by frequency; of free text, its length."""
    if is_free_text(texts):
        return np.asarray(pc.utf8_length(texts).cast(pa.float64()).to_numpy())
    encoded = texts.combine_chunks().dictionary_encode()
    place = pc.fill_null(encoded.indices, len(encoded.dictionary)).to_numpy(zero_copy_only=False)
    values = np.array(encoded.dictionary.to_pylist(), dtype=object)
    counts = np.bincount(place, minlength=len(values) + 1)[: len(values)]
    rank = np.full(len(values) + 1, np.nan)
    rank[np.lexsort((values, -counts))] = np.minimum(np.arange(len(values)), CATEGORIES)
    return np.asarray(rank[place])


def _groups(picked: list[Array], clusters: Sequence[Array | None]) -> Array:
    if clusters[0] is None or clusters[1] is None:
        return np.arange(sum(map(len, picked)))
    names = np.concatenate(
        [cluster[rows] for cluster, rows in zip(clusters, picked, strict=True) if cluster is not None]
    )
    return np.asarray(np.unique(names, return_inverse=True)[1])


def _upper_tail(auc: float, error: float) -> float:
    from scipy.special import ndtr

    return float(ndtr(-(auc - 0.5) / error)) if error > 0 else float(auc <= 0.5)  # noqa: PLR2004  # a coin's
