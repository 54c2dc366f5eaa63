"""How far promised shares lie from observed ones, bin by bin."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from baseline_pipeline.metrics.bins import binned, kept_promises
from baseline_pipeline.metrics.domain import centred, dot, in_errors, lifted
from baseline_pipeline.metrics.outcomes import CLASSIFICATION, Array, Estimate, Metric, Outcomes
from baseline_pipeline.metrics.parameters import one_of, whole


def measure(outcomes: Outcomes, *, bins: int = 15, binning: str = "equal_width") -> Estimate:
    """Mean over bins, by their rows, of |mean score - share that came about|.

    It is never negative, so that a perfect model of few rows has an error too, and the more the fewer they are. Bounds
    leave room for that (`lift`): report it, and gate by the calibration slope, which needs a twentieth of the rows.

    Source: Naeini, Cooper and Hauskrecht (2015), AAAI; adaptive bins: Nguyen and O'Connor (2015).

    Raises:
        NotMeasurable: when there are no rows or no probabilities.

    Example:
        >>> rows = Outcomes(np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1]), np.array([0.1, 0.6, 0.4, 0.8]))
        >>> round(measure(rows, bins=2).value, 4)
        0.225
    """
    found = binned(outcomes, bins, equal_rows=binning == "equal_rows")
    gap = found.mean_promised - found.mean_happened
    value = dot(found.share, np.abs(gap))
    estimate = centred(outcomes, value, np.sign(gap)[found.place] * (found.promised - found.happened))
    lift = dot(found.share, lifted(gap, found.gap_error))
    return replace(estimate, lift=in_errors(outcomes, lift, estimate.influence))


def moved(before: Outcomes, after: Outcomes) -> Array:
    """(n,) how far each row moved the gap of its bin, whichever way that gap is open."""
    off = [promised - happened for promised, happened in map(kept_promises, (before, after))]
    return np.asarray(np.abs(off[1] - off[0]))


EXPECTED_CALIBRATION_ERROR = Metric(
    name="expected_calibration_error",
    title="Expected calibration error",
    better="lower",
    unit="probability",
    bounds=(0.0, 1.0),
    tasks=CLASSIFICATION,
    measure=measure,
    moved=moved,
    family="calibration",
    parameters={"bins": whole(2), "binning": one_of("equal_width", "equal_rows")},
)
