"""Mean negative log-likelihood of what happened."""

from __future__ import annotations

import numpy as np

from baseline_pipeline.metrics.domain import mean_of, probabilities
from baseline_pipeline.metrics.outcomes import CLASSIFICATION, Estimate, Metric, Outcomes


def measure(outcomes: Outcomes) -> Estimate:
    """Mean of -log p(label), with p clipped to the type's smallest step, as scikit-learn does.

    One certain and wrong row costs 36 nats: a finite number that any mean will show.

    Source: Good (1952), Rational decisions, J. Royal Statistical Society B 14:107.

    Example:
        >>> rows = Outcomes(np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1]), np.array([0.1, 0.6, 0.4, 0.8]))
        >>> round(measure(rows).value, 4)
        0.5403
    """
    score = probabilities(outcomes)
    step = np.finfo(score.dtype).eps
    if score.ndim == 1:
        happened = np.where(outcomes.label == 1, score, 1 - score)
    else:
        total = score.sum(axis=1)
        happened = score[np.arange(len(score)), np.asarray(outcomes.label, dtype=int)] / total
    return mean_of(outcomes, -np.log(np.clip(happened, step, 1 - step)))


LOG_LOSS = Metric(
    name="log_loss",
    title="Log loss",
    better="lower",
    unit="nats",
    bounds=(0.0, float("inf")),
    tasks=CLASSIFICATION,
    measure=measure,
    rowwise=True,
)
