"""Mean of the classes' recalls."""

from __future__ import annotations

from baseline_pipeline.metrics import recall
from baseline_pipeline.metrics.domain import both_classes, combined, rarer, ratio_of
from baseline_pipeline.metrics.outcomes import CLASSIFICATION, Estimate, Metric, Outcomes


def measure(outcomes: Outcomes) -> Estimate:
    """Half the sum of the two classes' shares predicted right; of several classes the mean.

    Source: Brodersen et al. (2010), The balanced accuracy and its posterior distribution, ICPR.

    Example:
        >>> import numpy as np
        >>> rows = Outcomes(np.array([0, 0, 0, 0, 1, 1, 1, 1]), np.array([0, 0, 0, 1, 0, 0, 1, 1]))
        >>> round(measure(rows).value, 4)
        0.625
    """
    if outcomes.classes is not None:
        return recall.measure(outcomes, average="macro")
    positive = both_classes(outcomes)
    right = outcomes.prediction == outcomes.label
    hit = ratio_of(outcomes, right & positive, positive, "no positives")
    kept = ratio_of(outcomes, right & ~positive, ~positive, "no negatives")
    found = combined([(0.5, hit), (0.5, kept)])
    return Estimate(found.value, found.influence, rarer(outcomes, positive))


BALANCED_ACCURACY = Metric(
    name="balanced_accuracy",
    title="Balanced accuracy",
    better="higher",
    unit="share",
    bounds=(0.0, 1.0),
    tasks=CLASSIFICATION,
    measure=measure,
    decisions=True,
)
