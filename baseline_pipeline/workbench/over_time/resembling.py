"""Which shipped scenario makes calm rows look, and hurt, as an incident's rows do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from baseline_pipeline.content import canonical
from baseline_pipeline.contract.scenarios import ScenarioName
from baseline_pipeline.errors import ModelFailed
from baseline_pipeline.metrics.outcomes import NotMeasurable
from baseline_pipeline.records import Record
from baseline_pipeline.scenarios import SCENARIOS, About, NotApplicable

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from baseline_pipeline.contract import Contract
    from baseline_pipeline.metrics.outcomes import Metric
    from baseline_pipeline.replay.attribution import Shared
    from baseline_pipeline.workbench.over_time.causes import Causes
    from baseline_pipeline.workbench.over_time.sides import Scorer, Sides

Array = np.ndarray[Any, Any]
TRIED: tuple[ScenarioName, ...] = ("unit_error", "missing_values")
"""Scenarios that leave a trace of their own in the distribution of one feature."""
MOST_ROWS = 5_000
FEATURES = 2
"""Features that are tried, those that did most harm."""
ALIKE = 0.05
"""Distance of distributions, beyond what samples of their size have, from which two columns do not look alike."""
LUCK = 1.358
"""95 % quantile of the Kolmogorov distribution."""
AS_BAD = 0.5
"""Of the harm seen, by which the scenario's may be off."""


class Resembles(Record):
    """A scenario that calm rows, spoilt by it, look like the incident's."""

    scenario: ScenarioName
    feature: str
    dose: float
    harm: float
    """What it does to calm rows, in the unit of the metric."""
    seen: float
    """What was seen."""
    distance: float
    """Of the feature's two distributions: 0 where they are alike, 1 where they share nothing."""

    def words(self) -> str:
        """The same for people."""
        return (
            f"it looks like {self.scenario} on {self.feature}, dose {self.dose:.2g} "
            f"{SCENARIOS[self.scenario].unit}: calm rows spoilt so lose {self.harm:.3g}, these lost {self.seen:.3g}"
        )


def resembling(contract: Contract, sides: Sides, scorer: Scorer, found: Causes, metric: Metric) -> Resembles | None:
    """The scenario that comes nearest, among those that look alike and do about as much harm.

    Only features whose values did harm are tried, so that nothing is named where values are not the cause.

    Args:
        contract: What columns mean.
        sides: Calm rows and the incident's.
        scorer: The registered model.
        found: What did harm.
        metric: What the harm is measured by.

    Returns:
        `None` where none looks alike and does half to one and a half times the harm.
    """
    chosen = np.arange(len(sides.calm))[:: -(-len(sides.calm) // MOST_ROWS)]
    calm = sides.calm.take(chosen)
    frame = calm.features.to_pandas()
    harm = next((one for one in found.shared[0].contributions if one.factor == "data_values"), None)
    if harm is None or harm.harm <= 0:
        return None
    before = metric.measure(scorer.outcomes(calm, calm.features)).value
    tries = []
    for feature, name, dose in _doses(found, len(sides.now)):
        spoilt = _spoilt(contract, frame, name, feature, dose)
        distance = None if spoilt is None else _alike(spoilt.column(feature), sides.now.features.column(feature))
        if spoilt is None or distance is None:
            continue
        try:
            after = metric.measure(scorer.outcomes(calm, spoilt)).value
        except (ModelFailed, NotMeasurable):
            continue
        loss = _loss(found.shared[0], after - before)
        if abs(loss - harm.harm) <= AS_BAD * harm.harm:
            tried = Resembles(scenario=name, feature=feature, dose=dose, harm=loss, seen=harm.harm, distance=distance)
            tries.append(tried)
    return min(tries, key=lambda one: one.distance, default=None)


def _doses(found: Causes, rows: int) -> Iterator[tuple[str, ScenarioName, float]]:
    """Feature, scenario and dose of every try; the share of an incident's rows that a feature spoilt is one dose."""
    for feature in [one for one in found.features if one.feature in found.wrong][:FEATURES]:
        for name in TRIED:
            for dose in sorted({*SCENARIOS[name].doses, feature.rows / rows}):
                yield feature.feature, name, dose


def _alike(spoilt: pa.ChunkedArray, now: pa.ChunkedArray) -> float | None:
    """The distance of two columns, where samples of their size may have it."""
    one, two = _column(spoilt), _column(now)
    distance = _apart(one, two)
    return distance if distance <= ALIKE + LUCK * np.sqrt(1 / _there(one) + 1 / _there(two)) else None


def _spoilt(contract: Contract, frame: pd.DataFrame, name: ScenarioName, feature: str, dose: float) -> pa.Table | None:
    about = About(features=(feature,), label=contract.data.label)
    try:
        spoilt = SCENARIOS[name].spoil(frame, about, dose, np.random.default_rng(0))
    except NotApplicable:
        return None
    return canonical(pa.Table.from_pandas(spoilt, preserve_index=False))


def _loss(shared: Shared, change: float) -> float:
    """A change of the metric as harm, by the way in which the incident's was harm."""
    return change if shared.after >= shared.before else -change


def _column(column: pa.ChunkedArray) -> Array:
    """(n,) numbers; NaN for what is missing or no number."""
    if not (pa.types.is_integer(column.type) or pa.types.is_floating(column.type)):
        return np.where(column.is_null().to_numpy(), np.nan, 0.0)
    found: Array = column.cast(pa.float64()).to_numpy()
    return found


def _there(column: Array) -> int:
    """How many values are there; at least one."""
    return max(int((~np.isnan(column)).sum()), 1)


def _apart(one: Array, two: Array) -> float:
    """The larger of the difference of missing shares and the Kolmogorov-Smirnov distance of what is there."""
    empty = abs(float(np.isnan(one).mean() - np.isnan(two).mean()))
    left, right = (np.sort(part[~np.isnan(part)]) for part in (one, two))
    if not len(left) or not len(right):
        return max(empty, float(len(left) != len(right)))
    places = np.concatenate([left, right])
    shares = [np.searchsorted(part, places, side="right") / len(part) for part in (left, right)]
    return max(empty, float(np.abs(shares[0] - shares[1]).max()))
