"""How many words an answer shares with an accepted one."""

from __future__ import annotations

from baseline_pipeline.metrics.answers import best_of, overlap
from baseline_pipeline.metrics.domain import mean_of
from baseline_pipeline.metrics.outcomes import Estimate, Metric, Outcomes


def measure(outcomes: Outcomes) -> Estimate:
    """Mean over the answers of the F1 of words shared with the accepted answer that is nearest, both normalised.

    Source: Rajpurkar et al. (2016), SQuAD, EMNLP, section 6.1; `accepted` says what a label accepts.

    Raises:
        NotMeasurable: when there are no rows, or answers are no texts.

    Example:
        >>> import numpy as np
        >>> labels = np.array(['["in 1889", "1889"]', "Gustave Eiffel"], dtype=object)
        >>> rows = Outcomes(labels, np.array(["1889", "Eiffel"], dtype=object))
        >>> round(measure(rows).value, 4)
        0.8333
    """
    return mean_of(outcomes, best_of(outcomes, overlap))


TOKEN_F1 = Metric(
    name="token_f1",
    title="F1 of words (SQuAD)",
    better="higher",
    unit="share",
    bounds=(0.0, 1.0),
    tasks=frozenset({"question_answering"}),
    measure=measure,
    rowwise=True,
)
