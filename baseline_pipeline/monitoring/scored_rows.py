"""Scored rows in the order of time: what every window is cut from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from baseline_pipeline.metrics.outcomes import Outcomes

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
        )
