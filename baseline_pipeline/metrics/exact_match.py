"""Share of answers that are an accepted one, word by word."""

from __future__ import annotations

from baseline_pipeline.metrics.answers import best_of, equal
from baseline_pipeline.metrics.domain import mean_of
from baseline_pipeline.metrics.outcomes import Estimate, Metric, Outcomes


def measure(outcomes: Outcomes) -> Estimate:
    """Share of answers that equal one of the accepted ones, both normalised.

    Source: Rajpurkar et al. (2016), SQuAD, EMNLP, section 6.1; `accepted` says what a label accepts.

    Raises:
        NotMeasurable: when there are no rows, or answers are no texts.

    Example:
        >>> import numpy as np
        >>> labels = np.array(['["in 1889", "1889"]', "Gustave Eiffel"], dtype=object)
        >>> rows = Outcomes(labels, np.array(["1889", "Eiffel"], dtype=object))
        >>> measure(rows).value
        0.5
    """
    return mean_of(outcomes, best_of(outcomes, equal))


EXACT_MATCH = Metric(
    name="exact_match",
    title="Exact match (SQuAD)",
    better="higher",
    unit="share",
    bounds=(0.0, 1.0),
    tasks=frozenset({"question_answering"}),
    measure=measure,
    rowwise=True,
    decisions=True,
)
