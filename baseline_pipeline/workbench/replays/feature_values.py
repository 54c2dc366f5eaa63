"""Which feature's changed values moved a metric: the same rows once more, with one column as it was or as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow.compute as pc

from baseline_pipeline.content import row_contents
from baseline_pipeline.figures import bracketed, counted, fixed, places
from baseline_pipeline.records import Record
from baseline_pipeline.replay.attribution import Factor, Replayed, share_along
from baseline_pipeline.workbench.replays.rows import RowSet, row_set

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    import pyarrow as pa

    from baseline_pipeline.contract import Contract
    from baseline_pipeline.evaluation import Scores
    from baseline_pipeline.metrics.outcomes import Metric
    from baseline_pipeline.workbench.workbench import Workbench


Array = np.ndarray[Any, Any]


class FeatureHarm(Record):
    """What the changed values of one feature, or of the label, made of a metric on the rows that both sides hold."""

    feature: str
    metric: str
    rows: int
    """Rows whose value of the feature changed."""
    harm: float
    interval: tuple[float, float]
    found: bool


def harm_texts(harms: Sequence[FeatureHarm]) -> list[str]:
    """Each share and its interval, those of one metric with the decimals that the largest of them asks for.

    Example:
        >>> heat = FeatureHarm(feature="heat", metric="brier", rows=9, harm=0.03, interval=(0.02, 0.04), found=True)
        >>> harm_texts([heat, heat.model_copy(update={"harm": 1e-9, "interval": (-1e-9, 2e-9)})])
        ['+0.0300 [+0.0200, +0.0400]', '0.0000 [0.0000, 0.0000]']
    """
    texts = []
    for one in harms:
        alike = [each for each in harms if each.metric == one.metric]
        decimals = places(max(abs(number) for each in alike for number in (each.harm, *each.interval)) or None, 3)
        texts.append(f"{fixed(one.harm, decimals, signed=True)} {bracketed(one.interval, decimals, signed=True)}")
    return texts


def feature_harms(
    bench: Workbench,
    contract: Contract,
    metric: Metric,
    old: RowSet,
    new: RowSet,
    worlds: Sequence[Callable[[RowSet], Scores]],
    part: Callable[[pa.Table], Array] | None = None,
) -> tuple[FeatureHarm, ...]:
    """The share of each feature whose values changed, and of the label, in what that did to a metric.

    Where several changed, one may hide what another does: a share is the mean of the harm that goes when the values of
    one are put back, and of the harm that they do alone; and so over what else moved: the mean of the harm that they do
    where nothing else is new, and where everything is. That is the Shapley value where no more than two of these act
    upon each other (Grabisch and Roubens 1999, Int. J. Game Theory 28:547).

    Args:
        bench: The project.
        contract: Names the features and the label.
        metric: What is measured.
        old: Rows with their old values.
        new: Rows with their new values.
        worlds: What the state of the world says of rows: the one before and the present one, or one that is both.
        part: From rows with their old values to the positions of those that count; all by default.
    """
    position = pc.index_in(new.names, value_set=old.names)
    before, after = old.table.take(position.drop_null()), new.table.filter(pc.is_valid(position))
    moved = {}
    for name in (*contract.data.feature_names, contract.data.label):
        rows = int((row_contents(before, [name]) != row_contents(after, [name])).sum())
        if rows:
            moved[name] = rows

    def scored(world: Callable[[RowSet], Scores], words: str, earlier: Iterable[str]) -> Scores:
        table = after
        for name in earlier:
            table = table.set_column(table.column_names.index(name), name, before.column(name))
        classes = new.classes if set(old.classes) <= set(new.classes) else old.classes
        return world(row_set(bench, contract, table, new.snapshot, f"{new.key}, {words} {old.key}", classes))

    if not moved:
        return ()
    ends = [(scored(world, "all as in", moved), scored(world, "shared with", [])) for world in worlds]
    chosen = np.arange(len(before)) if part is None else part(before)
    found = []
    for name, rows in moved.items():
        bench.progress(f"putting back {name} ({counted(rows, 'row')})")
        pairs = list(ends)
        if len(moved) > 1:
            pairs = []
            for world, (past, present) in zip(worlds, ends, strict=True):
                others = [one for one in moved if one != name]
                back = scored(world, f"{name} as in", [name])
                alone = scored(world, f"{' and '.join(others)} as in", others)
                pairs += [(back, present), (past, alone)]
        found.append(_harm(metric, name, rows, pairs, chosen))
    return tuple(sorted(found, key=lambda one: -one.harm))


def _harm(
    metric: Metric,
    feature: str,
    rows: int,
    pairs: Sequence[tuple[Scores, Scores]],
    chosen: Array,
) -> FeatureHarm:
    present = pairs[0][1]
    cluster = None if present.cluster is None else np.unique(present.cluster[chosen], return_inverse=True)[1]
    numbers = np.arange(len(chosen))
    replayed = [tuple(Replayed(one.outcomes.take(chosen), numbers) for one in pair) for pair in pairs]
    return harm_of(metric, feature, rows, replayed, cluster)


def harm_of(
    metric: Metric,
    feature: str,
    rows: int,
    pairs: Sequence[tuple[Replayed, ...]],
    cluster: Array | None,
    *,
    spread: float = 1.0,
) -> FeatureHarm:
    """What the values of one feature do to a metric, on average over what the other values may be.

    Args:
        metric: What is measured.
        feature: The feature's name.
        rows: How many of its values changed.
        pairs: Rows with its values put back, and the same rows with them as they are.
        cluster: Number of the cluster of every row of the universe; `None` where rows are independent.
        spread: See `share_along`.

    Raises:
        NotMeasurable: when the metric has no value on the rows.
    """
    cells = {f"{number} {side}": one for number, pair in enumerate(pairs) for side, one in zip("-+", pair, strict=True)}
    weights = {name: (1.0 if name[-1] == "+" else -1.0) / len(pairs) for name in cells}
    parts: dict[Factor, dict[str, float]] = {"data_values": weights}
    (one,) = share_along(metric, cells, parts, ("0 -", "0 +"), cluster, spread=spread).contributions
    return FeatureHarm(
        feature=feature, metric=metric.name, rows=rows, harm=one.harm, interval=one.interval, found=one.found
    )
