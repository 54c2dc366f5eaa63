"""Share of the rows whose class is among the likeliest."""

from __future__ import annotations

import numpy as np

from baseline_pipeline.metrics.domain import mean_of, probabilities
from baseline_pipeline.metrics.outcomes import Estimate, Metric, NotMeasurable, Outcomes
from baseline_pipeline.metrics.parameters import whole


def measure(outcomes: Outcomes, *, k: int = 5) -> Estimate:
    """Share of rows whose label is one of the k classes with the highest scores.

    Source: Russakovsky et al. (2015), ImageNet large scale visual recognition challenge, IJCV 115:211.

    Raises:
        NotMeasurable: without scores of every class, and where there are no more than k classes.

    Example:
        >>> score = np.array([[0.5, 0.3, 0.2], [0.2, 0.3, 0.5], [0.1, 0.7, 0.2]])
        >>> rows = Outcomes(np.array([1, 0, 1]), score.argmax(axis=1), score, classes=3)
        >>> round(measure(rows, k=2).value, 4)
        0.6667
    """
    score = probabilities(outcomes)
    if score.ndim == 1 or score.shape[1] <= k:
        message = f"top {k} of {2 if score.ndim == 1 else score.shape[1]} classes is always right"
        raise NotMeasurable(message)
    likeliest = np.argsort(score, axis=1, kind="stable")[:, ::-1][:, :k]
    return mean_of(outcomes, (likeliest == np.asarray(outcomes.label)[:, None]).any(axis=1).astype(float))


TOP_K_ACCURACY = Metric(
    name="top_k_accuracy",
    title="Top-k accuracy",
    better="higher",
    unit="share",
    bounds=(0.0, 1.0),
    tasks=frozenset({"multiclass_classification"}),
    measure=measure,
    parameters={"k": whole(1)},
)
