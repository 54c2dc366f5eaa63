"""How much of the relevance stands at the top of a ranking."""

from __future__ import annotations

import numpy as np

from baseline_pipeline.metrics.outcomes import Array, Estimate, Metric, Outcomes
from baseline_pipeline.metrics.parameters import Parameter, whole
from baseline_pipeline.metrics.queries import Ranked, mean_over_queries, ranked

K = whole(1)


def measure(outcomes: Outcomes, *, k: int | None = None) -> Estimate:
    """Mean over queries of the normalised discounted cumulative gain of the first k items, of all without a k.

    The gain is the label itself, the discount 1 / log2(place + 1). Items of equal score share their gains evenly, which
    is the mean over all orders they could stand in. A query without a relevant item counts 0, as in scikit-learn: it
    is the same for every model, and dilutes what differs. A query with one item counts 1 where that is relevant.

    Source: Jarvelin and Kekalainen (2002), Cumulated gain-based evaluation of IR techniques, ACM TOIS 20:422; ties:
    McSherry and Najork (2008), Computing information retrieval performance measures efficiently in the presence of
    tied scores, ECIR.

    Raises:
        NotMeasurable: without rows or queries, with scores that are not finite or relevance below 0.

    Example:
        >>> queries = np.array([7, 7, 7, 8, 8])
        >>> rows = Outcomes(np.array([0, 2, 1, 1, 0]), np.array([0.9, 0.5, 0.1, 0.3, 0.2]), query=queries)
        >>> round(measure(rows).value, 4)
        0.8348
    """
    rows = ranked(outcomes)
    return mean_over_queries(outcomes, rows, gains(rows, k))


def gains(rows: Ranked, k: int | None = None) -> Array:
    """(q,) the normalised discounted cumulative gain of every query."""
    discount = 1 / np.log2(rows.place + 2.0)
    if k is not None:
        discount = np.where(rows.place < k, discount, 0.0)
    alike = np.bincount(rows.tie)
    shared = (np.bincount(rows.tie, discount) / alike)[rows.tie]
    gained = np.bincount(rows.of, rows.relevance * shared)
    ideal = rows.relevance[np.lexsort((-rows.relevance, rows.of))]
    best = np.bincount(rows.of, ideal * discount)
    return np.divide(gained, best, out=np.zeros_like(best), where=best > 0)


NDCG = Metric(
    name="ndcg",
    title="Normalised discounted cumulative gain",
    better="higher",
    unit="share",
    bounds=(0.0, 1.0),
    tasks=frozenset({"ranking"}),
    measure=measure,
    parameters={"k": Parameter(f"{K.accepts}, or null for all items", lambda value: value is None or K.holds(value))},
)
