"""Items ranked for a query: which rows belong together, in which order, and how a value per query becomes a metric."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from baseline_pipeline.figures import counted
from baseline_pipeline.metrics.domain import rows_needed
from baseline_pipeline.metrics.outcomes import Array, Estimate, NotMeasurable, Outcomes


@dataclass(frozen=True)
class Ranked:
    """The rows query by query, those with the highest scores first.

    Attributes:
        query: (n,) number of each row's query, from 0, in the order of the outcomes.
        items: (q,) rows of every query.
        order: (n,) positions of the rows, query by query, best first.
        place: (n,) how many rows of the query stand before, in that order; ties in the order of the outcomes.
        tie: (n,) number of the group of equal scores of one query, in that order.
        relevance: (n,) labels, in that order.
    """

    query: Array
    items: Array
    order: Array
    place: Array
    tie: Array
    relevance: Array

    @property
    def of(self) -> Array:
        """(n,) number of the query, in the ranked order."""
        return np.repeat(np.arange(len(self.items)), self.items)


def ranked(outcomes: Outcomes) -> Ranked:
    """The rows in the order that the scores give them.

    Raises:
        NotMeasurable: when there are no rows, no queries, a score that is not finite or a relevance below 0.
    """
    rows_needed(outcomes)
    if outcomes.query is None:
        message = "the rows belong to no queries"
        raise NotMeasurable(message)
    score, relevance = (np.asarray(values, dtype=float) for values in (outcomes.prediction, outcomes.label))
    if not np.isfinite(score).all() or not np.isfinite(relevance).all():
        bad = int((~np.isfinite(score) | ~np.isfinite(relevance)).sum())
        message = f"scores or labels are not finite in {counted(bad, 'row')}"
        raise NotMeasurable(message)
    if relevance.min() < 0:
        message = f"{int((relevance < 0).sum())} labels are below 0, and relevance is 0 or more"
        raise NotMeasurable(message)
    query = np.unique(outcomes.query, return_inverse=True)[1]
    order = np.lexsort((-score, query))
    items = np.bincount(query)
    of, score = query[order], score[order]
    place = np.arange(len(order)) - (np.cumsum(items) - items)[of]
    fresh = np.concatenate([[True], (of[1:] != of[:-1]) | (score[1:] != score[:-1])])
    return Ranked(query, items, order, place, np.cumsum(fresh) - 1, relevance[order])


def mean_over_queries(outcomes: Outcomes, rows: Ranked, values: Array) -> Estimate:
    """The mean of a value per query, each query weighing as much as its rows do on average.

    A query's influence is spread evenly over its rows, so that sums over queries, or over anything that holds whole
    queries, have the variance of the mean over queries: they are what is independent.

    Args:
        outcomes: The rows, with their weights.
        rows: Which query each belongs to.
        values: (q,) one a query.
    """
    weight = np.bincount(rows.query, outcomes.weights) / rows.items
    weight = weight / weight.mean()
    value = float(np.mean(weight * values))
    spread = weight * (values - value) * len(outcomes) / (len(values) * rows.items)
    return Estimate(value, spread[rows.query])
