"""Scored rows in the order of time: what every window is cut from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from baseline_pipeline.metrics.outcomes import Outcomes

if TYPE_CHECKING:
    from baseline_pipeline.monitoring.recorded import Recorded

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class ScoredRows:
    """n scored rows, ascending by time.

    Attributes:
        row_id: n texts.
        at: (n,) when each prediction was due, `datetime64[s]`, UTC.
        outcomes: Labels (anything where unknown), predictions, scores.
        labelled: (n,) whether the label is known.
        cluster: (n,) names, or `None` where rows are independent.
        columns: The slice columns.
        features: The features.
        failed: (n,) whether the request failed; `None` where that is not recorded.
        seconds: (n,) how long each request took; `None` where that is not recorded.
        recorded: Stage timings, importances and representations; `None` where the log has none.
        stands_for: (n,) requests that each row stands for, where they are a sample; `None` where each is one. The
            weights of the outcomes hold it, too.
        notes: What people should know of how they were read.
    """

    row_id: pa.Array
    at: Array
    outcomes: Outcomes
    labelled: Array
    cluster: Array | None
    columns: pa.Table
    features: pa.Table
    failed: Array | None = None
    seconds: Array | None = None
    recorded: Recorded | None = None
    stands_for: Array | None = None
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.at)

    def take(self, rows: Array) -> ScoredRows:
        """Some of the rows, by positions in ascending order."""
        chosen = pa.array(rows)

        def part(values: Array | None) -> Array | None:
            return None if values is None else values[rows]

        return ScoredRows(
            self.row_id.take(chosen),
            self.at[rows],
            self.outcomes.take(rows),
            self.labelled[rows],
            part(self.cluster),
            self.columns.take(chosen),
            self.features.take(chosen),
            part(self.failed),
            part(self.seconds),
            None if self.recorded is None else self.recorded.take(rows),
            part(self.stands_for),
            self.notes,
        )


def joined(one: ScoredRows, two: ScoredRows) -> ScoredRows:
    """Rows of both, the first ones first; columns that one lacks are null there.

    Args:
        one: Rows of which nothing was recorded beside scores.
        two: Rows of a log.
    """
    first, second = one.outcomes, two.outcomes

    def both(before: Array | None, after: Array | None) -> Array | None:
        return None if before is None or after is None else np.concatenate([before, after])

    outcomes = replace(
        first,
        label=np.concatenate([first.label, second.label]),
        prediction=np.concatenate([first.prediction, second.prediction]),
        score=both(first.score, second.score),
        weight=None if first.weight is None and second.weight is None else both(_weight(first), _weight(second)),
        query=both(first.query, second.query),
        columns={name: np.concatenate([values, second.columns[name]]) for name, values in first.columns.items()},
    )
    return ScoredRows(
        row_id=pa.concat_arrays([part.cast(pa.string()) for part in (_whole(one.row_id), _whole(two.row_id))]),
        at=np.concatenate([one.at, two.at]),
        outcomes=outcomes,
        labelled=np.concatenate([one.labelled, two.labelled]),
        cluster=both(one.cluster, two.cluster),
        columns=_stacked(one.columns, two.columns),
        features=_stacked(one.features, two.features),
        failed=_either(one, two, "failed", fill=False),
        seconds=_either(one, two, "seconds", fill=float("nan")),
        recorded=None if two.recorded is None else two.recorded.after(len(one)),
        stands_for=_either(one, two, "stands_for", fill=1.0),
        notes=one.notes + two.notes,
    )


def _weight(outcomes: Outcomes) -> Array:
    return np.ones(len(outcomes)) if outcomes.weight is None else outcomes.weight


def _either(one: ScoredRows, two: ScoredRows, name: str, *, fill: object) -> Array | None:
    parts = [getattr(one, name), getattr(two, name)]
    if all(part is None for part in parts):
        return None
    return np.concatenate(
        [np.full(len(rows), fill) if part is None else part for rows, part in zip((one, two), parts, strict=True)]
    )


def _whole(values: pa.Array | pa.ChunkedArray) -> pa.Array:
    return values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values


def _stacked(one: pa.Table, two: pa.Table) -> pa.Table:
    """Rows of both, in types that hold both."""
    return pa.concat_tables([one, two.select(one.column_names)], promote_options="permissive")
