"""How often the truth lies within the interval that was promised."""

from __future__ import annotations

import numpy as np

from baseline_pipeline.metrics.domain import mean_of, rows_needed
from baseline_pipeline.metrics.outcomes import Estimate, Metric, NotMeasurable, Outcomes
from baseline_pipeline.metrics.parameters import column, number


def measure(outcomes: Outcomes, *, lower: str, upper: str, level: float) -> Estimate:  # noqa: ARG001  # the level is its target
    """Share of labels between two columns, ends included; nearest to the promised level is best.

    Source: Gneiting and Raftery (2007), Strictly proper scoring rules, J. Am. Stat. Assoc. 102:359.

    Raises:
        NotMeasurable: when there are no rows, or a bound that is no number.

    Example:
        >>> ends = {"low": np.array([0.0, 1.0, 5.0]), "high": np.array([2.0, 3.0, 6.0])}
        >>> rows = Outcomes(np.array([1.0, 2.0, 4.0]), np.array([1.5, 2.0, 3.0]), columns=ends)
        >>> round(measure(rows, lower="low", upper="high", level=0.9).value, 4)
        0.6667
    """
    rows_needed(outcomes)
    low, high = (np.asarray(outcomes.columns[name], dtype=float) for name in (lower, upper))
    wrong = int((np.isnan(low) | np.isnan(high)).sum())
    if wrong:
        message = f"{wrong} rows have no bound in {lower} or {upper}"
        raise NotMeasurable(message)
    label = np.asarray(outcomes.label, dtype=float)
    return mean_of(outcomes, ((low <= label) & (label <= high)).astype(float))


INTERVAL_COVERAGE = Metric(
    name="interval_coverage",
    title="Coverage of intervals",
    better="nearer",
    unit="share",
    bounds=(0.0, 1.0),
    tasks=frozenset({"regression"}),
    measure=measure,
    family="calibration",
    parameters={"lower": column(), "upper": column(), "level": number(above=0, below=1)},
    target_from="level",
)
