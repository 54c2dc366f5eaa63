"""Scores in bins, for what compares promised with observed shares."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from baseline_pipeline.metrics.domain import probabilities
from baseline_pipeline.metrics.outcomes import Array, Outcomes


@dataclass(frozen=True)
class Binned:
    """Rows in bins of their score.

    Attributes:
        place: (n,) bin of each row.
        promised: (n,) probability of what is compared: the positive class, or the class predicted.
        happened: (n,) 1 where it came about.
        share: (b,) weighted share of each bin.
        mean_promised: (b,) weighted mean of what was promised in each bin; 0 where it is empty.
        mean_happened: (b,) weighted share that came about; 0 where it is empty.
        gap_error: (b,) standard error of the difference of the two, rows being independent; 0 where it is empty.
    """

    place: Array
    promised: Array
    happened: Array
    share: Array
    mean_promised: Array
    mean_happened: Array
    gap_error: Array


def kept_promises(outcomes: Outcomes) -> tuple[Array, Array]:
    """(n,) what was promised and (n,) whether it came about: of the positive class, or of the class predicted.

    Raises:
        NotMeasurable: when there are no rows or no probabilities.
    """
    score = probabilities(outcomes)
    if score.ndim == 1:
        return score, (outcomes.label == 1).astype(float)
    return score.max(axis=1), (outcomes.prediction == outcomes.label).astype(float)


def binned(outcomes: Outcomes, bins: int, *, equal_rows: bool) -> Binned:
    """Bins of equal width over 0 to 1, or of equal numbers of rows.

    Raises:
        NotMeasurable: when there are no rows or no probabilities.
    """
    promised, happened = kept_promises(outcomes)
    if equal_rows:
        edges = np.quantile(promised, np.arange(1, bins) / bins)
    else:
        edges = np.arange(1, bins) / bins
    place = np.searchsorted(edges, promised, side="left")
    weights = outcomes.weights / len(outcomes)
    share = np.bincount(place, weights, bins)
    filled = np.where(share > 0, share, 1.0)
    means = [np.bincount(place, weights * values, bins) / filled for values in (promised, happened)]
    off = means[0] - means[1]
    spread = np.maximum(
        (promised - happened - off[place]) ** 2, promised * (1 - promised)
    )  # a single row has no spread
    square = np.bincount(place, spread * weights**2 / (1 if outcomes.count is None else outcomes.count), bins)
    return Binned(place, promised, happened, share, means[0], means[1], np.sqrt(square) / filled)
