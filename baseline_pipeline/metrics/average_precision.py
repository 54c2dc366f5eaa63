"""Precision averaged over the recall it buys."""

from __future__ import annotations

import numpy as np

from baseline_pipeline.metrics.averaging import AVERAGE, averaged_scores
from baseline_pipeline.metrics.domain import both_classes, dot, probabilities, rarer
from baseline_pipeline.metrics.outcomes import CLASSIFICATION, Estimate, Metric, Outcomes


def measure(outcomes: Outcomes, *, average: str = "macro") -> Estimate:
    """Mean over the positives of the precision at their own score, ties called together.

    Several classes: each against the rest, averaged.

    Source: Manning, Raghavan and Schuetze (2008), Introduction to Information Retrieval, section 8.4.

    Raises:
        NotMeasurable: for a single class, and without probabilities.

    Example:
        >>> rows = Outcomes(np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1]), np.array([0.1, 0.6, 0.4, 0.8]))
        >>> round(measure(rows).value, 4)
        0.8333
    """
    return averaged_scores(outcomes, _of_two, average)


def _of_two(outcomes: Outcomes) -> Estimate:
    """Influences are those of the statistic itself: a row moves the precision at every score up to its own."""
    score = probabilities(outcomes)
    positive = both_classes(outcomes)
    share = outcomes.weights / len(score)
    place = np.unique(score, return_inverse=True)[1]
    called = np.bincount(place, share)[::-1].cumsum()[::-1]
    hits = np.bincount(place, share * positive)
    precision = hits[::-1].cumsum()[::-1] / called
    base = float(hits.sum())
    value = dot(hits, precision) / base
    lifted, spent = (np.cumsum(hits / called), np.cumsum(hits * precision / called))
    gradient = positive * (precision[place] - value) + positive * lifted[place] - spent[place]
    influence = outcomes.weights * gradient / base
    return Estimate(value, influence - influence.mean(), rarer(outcomes, positive))


AVERAGE_PRECISION = Metric(
    name="average_precision",
    title="Average precision",
    better="higher",
    unit="share",
    bounds=(0.0, 1.0),
    tasks=CLASSIFICATION,
    measure=measure,
    parameters={"average": AVERAGE},
)
