"""Where a Brier score comes from: promises that were not kept, and promises worth making."""

from __future__ import annotations

from dataclasses import replace

from baseline_pipeline.metrics.bins import binned
from baseline_pipeline.metrics.domain import centred, dot, in_errors
from baseline_pipeline.metrics.outcomes import Estimate, Metric, Outcomes
from baseline_pipeline.metrics.parameters import whole


def reliability(outcomes: Outcomes, *, bins: int = 15) -> Estimate:
    """Mean squared distance of promised and observed shares over bins; 0 is calibrated.

    Source: Murphy (1973), A new vector partition of the probability score, J. Appl. Meteor. 12:595.

    Example:
        >>> import numpy as np
        >>> rows = Outcomes(np.array([0, 1, 0, 1, 1]), np.array([0, 0, 0, 1, 1]), np.array([0.1, 0.2, 0.4, 0.6, 0.9]))
        >>> round(reliability(rows, bins=2).value, 4)
        0.031
    """
    found = binned(outcomes, bins, equal_rows=False)
    gap = found.mean_promised - found.mean_happened
    value = dot(found.share, gap**2)
    gradient = 2 * gap[found.place] * (found.promised - found.happened) - gap[found.place] ** 2
    estimate = centred(outcomes, value, gradient)
    lift = dot(found.share, found.gap_error**2)
    return replace(estimate, lift=in_errors(outcomes, lift, estimate.influence))


def resolution(outcomes: Outcomes, *, bins: int = 15) -> Estimate:
    """Variance of the observed shares between bins: how much the scores tell apart (Murphy 1973).

    Example:
        >>> import numpy as np
        >>> rows = Outcomes(np.array([0, 1, 0, 1, 1]), np.array([0, 0, 0, 1, 1]), np.array([0.1, 0.2, 0.4, 0.6, 0.9]))
        >>> round(resolution(rows, bins=2).value, 4)
        0.1067
    """
    found = binned(outcomes, bins, equal_rows=False)
    rate = dot(found.share, found.mean_happened)
    gap = found.mean_happened - rate
    value = dot(found.share, gap**2)
    mean = found.mean_happened[found.place]
    gradient = 2 * gap[found.place] * (found.happened - mean) + gap[found.place] ** 2
    estimate = centred(outcomes, value, gradient)
    lift = dot(found.share, found.gap_error**2)
    return replace(estimate, lift=in_errors(outcomes, lift, estimate.influence))


BRIER_RELIABILITY = Metric(
    name="brier_reliability",
    title="Reliability part of the Brier score",
    better="lower",
    unit="squared probability",
    bounds=(0.0, float("inf")),
    tasks=frozenset({"binary_classification"}),
    measure=reliability,
    family="calibration",
    parameters={"bins": whole(2)},
)
BRIER_RESOLUTION = Metric(
    name="brier_resolution",
    title="Resolution part of the Brier score",
    better="higher",
    unit="squared probability",
    bounds=(0.0, float("inf")),
    tasks=frozenset({"binary_classification"}),
    measure=resolution,
    parameters={"bins": whole(2)},
)
