"""How differently a model treats groups: the widest gap of a rate between any two of them.

Groups are the values of a column, a missing one among them; of a number with more than twenty values, its quarters.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from baseline_pipeline.metrics.domain import (
    LEFT_OPEN,
    combined,
    in_errors,
    lone_error,
    probabilities,
    ratio_of,
    rows_needed,
)
from baseline_pipeline.metrics.outcomes import Array, Estimate, Metric, NotMeasurable, Outcomes
from baseline_pipeline.metrics.parameters import column

LEAST = 30
"""Rows of its denominator below which a group is left out: its rate would be luck."""
VALUES, PARTS = 20, 4
REACH, STEPS = 6.0, 241
"""Standard errors, and steps, over which the largest of several is averaged."""


def demographic_parity(outcomes: Outcomes, *, column: str) -> Estimate:
    """Gap of the shares predicted positive (Calders, Kamiran and Pechenizkiy 2009).

    Example:
        >>> label, calls = np.tile([0, 1], 80), np.repeat([1, 0, 1], [80, 40, 40])
        >>> columns = {"group": np.repeat(["a", "b"], 80)}
        >>> rows = Outcomes(label, calls, calls * 0.5, columns=columns)
        >>> demographic_parity(rows, column="group").value
        0.5
    """
    called = (outcomes.prediction == 1).astype(float)
    return _widest(outcomes, column, lambda group: _rate(outcomes, called, group))


def equal_opportunity(outcomes: Outcomes, *, column: str) -> Estimate:
    """Gap of the groups' recalls (Hardt, Price and Srebro 2016).

    Example:
        >>> label, calls = np.tile([0, 1], 80), np.repeat([1, 0, 1], [80, 40, 40])
        >>> columns = {"group": np.repeat(["a", "b"], 80)}
        >>> rows = Outcomes(label, calls, calls * 0.5, columns=columns)
        >>> equal_opportunity(rows, column="group").value
        0.5
    """
    called, positive = (outcomes.prediction == 1).astype(float), outcomes.label == 1
    return _widest(outcomes, column, lambda group: _rate(outcomes, called, group & positive))


def equalized_odds(outcomes: Outcomes, *, column: str) -> Estimate:
    """The wider of the gaps of recall and of false positive rate (Hardt, Price and Srebro 2016).

    Example:
        >>> label, calls = np.tile([0, 1], 80), np.repeat([1, 0, 1], [80, 40, 40])
        >>> columns = {"group": np.repeat(["a", "b"], 80)}
        >>> rows = Outcomes(label, calls, calls * 0.5, columns=columns)
        >>> equalized_odds(rows, column="group").value
        0.5
    """
    called, positive = (outcomes.prediction == 1).astype(float), outcomes.label == 1
    gaps = [
        _widest(outcomes, column, lambda group, side=side: _rate(outcomes, called, group & side))  # type: ignore[misc]  # mypy cannot type a default
        for side in (positive, ~positive)
    ]
    return max(gaps, key=lambda gap: gap.value)


def group_calibration(outcomes: Outcomes, *, column: str) -> Estimate:
    """Gap of the groups' mean score minus share that came about (Kleinberg, Mullainathan and Raghavan 2017).

    Example:
        >>> label, calls = np.tile([0, 1], 80), np.repeat([1, 0, 1], [80, 40, 40])
        >>> columns = {"group": np.repeat(["a", "b"], 80)}
        >>> rows = Outcomes(label, calls, calls * 0.5, columns=columns)
        >>> group_calibration(rows, column="group").value
        0.25
    """
    over = probabilities(outcomes) - (outcomes.label == 1)
    return _widest(outcomes, column, lambda group: _rate(outcomes, over, group))


def _rate(outcomes: Outcomes, values: Array, rows: Array) -> Estimate | None:
    if outcomes.rows_in(rows) < LEAST:
        return None
    return ratio_of(outcomes, values * rows, rows.astype(float), "no rows")


def _widest(outcomes: Outcomes, column: str, rate: Callable[[Array], Estimate | None]) -> Estimate:
    rows_needed(outcomes)
    groups = _groups(outcomes.columns[column])
    found = [one for one in (rate(groups == level) for level in np.unique(groups)) if one is not None]
    if len(found) < 2:  # noqa: PLR2004  # a gap needs two sides
        message = f"fewer than two groups of {column} have {LEAST} rows to go by"
        raise NotMeasurable(message)
    highest, lowest = (choose(found, key=lambda one: one.value) for choose in (max, min))
    gap = combined([(1.0, highest), (-1.0, lowest)])
    lift = sum(_extreme_of_luck(outcomes, found, one) for one in (highest, lowest))
    return replace(gap, lift=in_errors(outcomes, lift, gap.influence))


def _extreme_of_luck(outcomes: Outcomes, groups: list[Estimate], outermost: Estimate) -> float:
    """How far out luck alone puts the outermost of those groups that could as well be where it is, on average."""
    from scipy.special import ndtr

    value = np.array([one.value for one in groups])
    error = np.array([lone_error(outcomes, one.influence) for one in groups])
    own = lone_error(outcomes, outermost.influence)
    close = error[(np.abs(value - outermost.value) <= LEFT_OPEN * np.hypot(error, own)) & (error > 0)]
    if len(close) < 2:  # noqa: PLR2004  # nobody contends
        return 0.0
    place = np.linspace(-REACH, REACH, STEPS) * close.max()
    below = ndtr(place[:, None] / close).prod(axis=1)  # no group is higher
    return float(((place[1:] + place[:-1]) / 2 * np.diff(below)).sum())


def _groups(values: Array) -> Array:
    """(n,) which group each row is in; a number that is missing is in one of its own."""
    if values.dtype.kind != "f":
        return values
    there = np.isfinite(values)
    distinct = np.unique(values[there])
    edges = distinct if len(distinct) <= VALUES else np.quantile(values[there], np.arange(1, PARTS) / PARTS)
    return np.where(there, np.searchsorted(edges, values, side="left"), -1)


def _gap(name: str, title: str, measure: Callable[..., Estimate], *, decisions: bool = True) -> Metric:
    return Metric(
        name=name,
        title=title,
        better="lower",
        unit="share",
        bounds=(0.0, 1.0),
        tasks=frozenset({"binary_classification"}),
        measure=measure,
        decisions=decisions,
        parameters={"column": column()},
    )


DEMOGRAPHIC_PARITY_GAP = _gap("demographic_parity_gap", "Demographic parity gap", demographic_parity)
EQUAL_OPPORTUNITY_GAP = _gap("equal_opportunity_gap", "Equal opportunity gap", equal_opportunity)
EQUALIZED_ODDS_GAP = _gap("equalized_odds_gap", "Equalized odds gap", equalized_odds)
GROUP_CALIBRATION_GAP = _gap(
    "group_calibration_gap", "Gap of calibration between groups", group_calibration, decisions=False
)
