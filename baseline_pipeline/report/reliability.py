"""How often what was predicted came true, by predicted probability."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from baseline_pipeline.errors import EvidenceUnavailable
from baseline_pipeline.records import Record

if TYPE_CHECKING:
    from baseline_pipeline.metrics.outcomes import Array

_Z = 1.959963984540054  # two-sided 95 %


class CalibrationPoint(Record):
    """One bin of scores: their mean, the share of positives among its rows, and its 95 % interval."""

    score: float
    observed: float
    low: float
    high: float
    rows: int


def calibration_points(score: Array, label: Array, bins: int = 15) -> tuple[CalibrationPoint, ...]:
    """The points of a reliability diagram, by rising score, in bins of equal count.

    Equal scores share a bin (that of their middle rank), so the result does not depend on the rows'
    order; with many equal scores there are fewer bins than asked for. No rows give no points.

    Sources: DeGroot and Fienberg (1983) for the diagram, Wilson (1927) for the interval.

    Args:
        score: (n,) probability of the positive class, 0 to 1.
        label: (n,) 1 where the row is positive, else 0.
        bins: How many bins at most, 1 or more.

    Raises:
        EvidenceUnavailable: where lengths differ, a score is not a probability, or a label not 0 or 1.

    Example:
        >>> points = calibration_points(np.array([0.1, 0.1, 0.9, 0.9]), np.array([0, 0, 1, 0]), bins=2)
        >>> [(point.score, point.observed, point.rows) for point in points]
        [(0.1, 0.0, 2), (0.9, 0.5, 2)]
    """
    scores, labels = np.asarray(score, dtype=float), np.asarray(label, dtype=float)
    _check(scores, labels, bins)
    ordered = np.sort(scores)
    middle = (np.searchsorted(ordered, scores, "left") + np.searchsorted(ordered, scores, "right")) / 2
    bin_of = np.floor(middle * bins / max(len(scores), 1)).astype(int).clip(0, bins - 1)
    return tuple(_point(scores[bin_of == b], labels[bin_of == b]) for b in np.unique(bin_of))


def wilson_interval(successes: int, rows: int) -> tuple[float, float]:
    """The 95 % score interval of a share.

    Source: Wilson (1927), Probable inference, the law of succession, and statistical inference.

    Args:
        successes: 0 to `rows`.
        rows: At least 1.

    Example:
        >>> [round(end, 4) for end in wilson_interval(1, 10)]
        [0.0179, 0.4042]
    """
    share, spread = successes / rows, _Z**2 / rows
    centre = (share + spread / 2) / (1 + spread)
    half = math.sqrt(spread * (share * (1 - share) + spread / 4)) / (1 + spread)
    low = 0.0 if successes == 0 else max(centre - half, 0.0)
    high = 1.0 if successes == rows else min(centre + half, 1.0)
    return low, high


def _point(scores: Array, labels: Array) -> CalibrationPoint:
    rows, positives = len(scores), int(labels.sum())
    low, high = wilson_interval(positives, rows)
    return CalibrationPoint(score=float(scores.mean()), observed=positives / rows, low=low, high=high, rows=rows)


def _check(scores: Array, labels: Array, bins: int) -> None:
    if scores.ndim != 1 or scores.shape != labels.shape:
        message = (
            f"reliability: scores have shape {scores.shape} and labels {labels.shape}; accepted: one of each a row"
        )
        raise EvidenceUnavailable(message, next_step="hand over the positive class's score and the label of each row")
    if bins < 1:
        message = f"reliability: {bins} bins; accepted: 1 or more"
        raise EvidenceUnavailable(message, next_step="leave `bins` at 15")
    for name, bad in (
        ("score", ~(np.isfinite(scores) & (scores >= 0) & (scores <= 1))),
        ("label", ~np.isin(labels, (0.0, 1.0))),
    ):
        if bad.any():
            row = int(np.flatnonzero(bad)[0])
            value = (scores if name == "score" else labels)[row]
            accepted = "a probability, 0 to 1" if name == "score" else "0 or 1"
            message = f"reliability: {name} {value} in row {row}; accepted: {accepted}"
            raise EvidenceUnavailable(message, next_step="look at the model's output and at `positive_class`")
