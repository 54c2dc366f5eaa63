"""Mean of recall and specificity (Brodersen et al. 2010)."""

from __future__ import annotations

import numpy as np

from baseline_pipeline.metrics.domain import both_classes, rarer
from baseline_pipeline.metrics.outcomes import Estimate, Metric, Outcomes


def measure(outcomes: Outcomes) -> Estimate:
    """Half the sum of the two classes' shares predicted right."""
    positive = both_classes(outcomes)
    right = (outcomes.prediction == outcomes.label).astype(float)
    share = positive.mean()
    recall, specificity = right[positive].mean(), right[~positive].mean()
    influence = np.where(positive, (right - recall) / share, (right - specificity) / (1 - share)) / 2
    return Estimate(float((recall + specificity) / 2), influence, rarer(positive))


BALANCED_ACCURACY = Metric(
    name="balanced_accuracy",
    title="Balanced accuracy",
    better="higher",
    unit="share",
    tasks=frozenset({"binary_classification"}),
    measure=measure,
    decisions=True,
)
