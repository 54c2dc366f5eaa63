"""How far down the first relevant item stands."""

from __future__ import annotations

import numpy as np

from baseline_pipeline.metrics.outcomes import Array, Estimate, Metric, Outcomes
from baseline_pipeline.metrics.queries import Ranked, mean_over_queries, ranked


def measure(outcomes: Outcomes) -> Estimate:
    """Mean over queries of 1 / place of the first relevant item, one whose label is above 0.

    Where items of equal score hold the first relevant one, it is the mean over all orders they could stand in. A query
    without a relevant item counts 0.

    Source: Voorhees (1999), The TREC-8 question answering track report; ties: McSherry and Najork (2008), ECIR.

    Raises:
        NotMeasurable: without rows or queries, with scores that are not finite or relevance below 0.

    Example:
        >>> queries = np.array([7, 7, 7, 8, 8])
        >>> rows = Outcomes(np.array([0, 2, 1, 1, 0]), np.array([0.9, 0.5, 0.1, 0.3, 0.2]), query=queries)
        >>> measure(rows).value
        0.75
    """
    rows = ranked(outcomes)
    return mean_over_queries(outcomes, rows, _reciprocal(rows))


def _reciprocal(rows: Ranked) -> Array:
    """(q,) mean of 1 / place of the first relevant item over the orders of its ties."""
    relevant = rows.relevance > 0
    found = np.zeros(len(rows.items))
    of, first = np.unique(rows.of[relevant], return_index=True)
    tie = rows.tie[relevant][first]
    alike = np.bincount(rows.tie)[tie].astype(float)
    wanted = np.bincount(rows.tie, relevant)[tie]
    before = rows.place[np.searchsorted(rows.tie, tie)]
    chance = wanted / alike  # that the first of the ties is relevant, then that the second is the first one that is
    for step in range(int((alike - wanted).max(initial=-1)) + 1):
        found[of] += chance / (before + step + 1)
        left = alike - step - 1
        chance = np.divide(chance * (left - wanted + 1), left, out=np.zeros_like(chance), where=left > 0)
    return found


MEAN_RECIPROCAL_RANK = Metric(
    name="mrr",
    title="Mean reciprocal rank",
    better="higher",
    unit="share",
    bounds=(0.0, 1.0),
    tasks=frozenset({"ranking"}),
    measure=measure,
)
