"""Which feature's changed values moved a metric: the same rows once more, with one column as it was."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow.compute as pc

from baseline_pipeline.content import row_contents
from baseline_pipeline.records import Record
from baseline_pipeline.replay.attribution import Factor, Replayed, share_along
from baseline_pipeline.workbench.replays.rows import RowSet, row_set

if TYPE_CHECKING:
    from collections.abc import Callable

    from baseline_pipeline.contract import Contract
    from baseline_pipeline.evaluation import Scores
    from baseline_pipeline.metrics.outcomes import Metric
    from baseline_pipeline.workbench.workbench import Workbench


class FeatureHarm(Record):
    """What the changed values of one feature made of a metric on the rows that both populations hold."""

    feature: str
    metric: str
    rows: int
    """Rows whose value of the feature changed."""
    harm: float
    interval: tuple[float, float]
    found: bool


def feature_harms(
    bench: Workbench,
    contract: Contract,
    metric: Metric,
    old: RowSet,
    new: RowSet,
    scores: Callable[[RowSet], Scores],
) -> tuple[FeatureHarm, ...]:
    """The harm that goes away when one feature's values are put back, the largest first.

    Args:
        bench: The project.
        contract: Names the features.
        metric: What is measured.
        old: Rows with their old values.
        new: Rows with their new values.
        scores: What the present state of the world says of rows.
    """
    position = pc.index_in(new.names, value_set=old.names)
    there = pc.is_valid(position)
    before = old.table.take(position.drop_null())
    after = new.table.filter(there)
    present = scores(row_set(bench, contract, after, new.snapshot, f"{new.key} shared with {old.key}"))
    found = []
    for feature in contract.data.feature_names:
        moved = row_contents(before, [feature]) != row_contents(after, [feature])
        if not moved.any():
            continue
        bench.progress(f"putting back {feature} ({int(moved.sum())} rows)")
        column = before.column(feature).cast(after.schema.field(feature).type)
        back = after.set_column(after.column_names.index(feature), feature, column)
        restored = scores(row_set(bench, contract, back, new.snapshot, f"{new.key}, {feature} as in {old.key}"))
        found.append(_harm(metric, feature, int(moved.sum()), restored, present))
    return tuple(sorted(found, key=lambda one: -one.harm))


def _harm(metric: Metric, feature: str, rows: int, restored: Scores, present: Scores) -> FeatureHarm:
    numbers = np.arange(len(present.row_id))
    cluster: np.ndarray[Any, Any] | None = None
    if present.cluster is not None:
        cluster = np.unique(present.cluster, return_inverse=True)[1]
    before, after = (Replayed(one.outcomes, numbers) for one in (restored, present))
    return harm_of(metric, feature, rows, before, after, cluster)


def harm_of(
    metric: Metric,
    feature: str,
    rows: int,
    restored: Replayed,
    present: Replayed,
    cluster: np.ndarray[Any, Any] | None,
    *,
    spread: float = 1.0,
) -> FeatureHarm:
    """What the values of one feature do to a metric.

    Args:
        metric: What is measured.
        feature: The feature's name.
        rows: How many of its values changed.
        restored: Rows with the values put back.
        present: The same rows as they are.
        cluster: Number of the cluster of every row of the universe; `None` where rows are independent.
        spread: See `share_along`.

    Raises:
        NotMeasurable: when the metric has no value on the rows.
    """
    cells = {"before": restored, "after": present}
    parts: dict[Factor, dict[str, float]] = {"data_values": {"after": 1.0, "before": -1.0}}
    (one,) = share_along(metric, cells, parts, ("before", "after"), cluster, spread=spread).contributions
    return FeatureHarm(
        feature=feature, metric=metric.name, rows=rows, harm=one.harm, interval=one.interval, found=one.found
    )
