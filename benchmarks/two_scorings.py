"""Two scorings of the same rows, compared as the gate compares them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from baseline_pipeline.comparison import Contrast, Side
from baseline_pipeline.contract import Contract
from baseline_pipeline.contrasting import contrast
from baseline_pipeline.evaluation import Scores
from baseline_pipeline.metrics.outcomes import Outcomes

HALF = 0.5
"""From here on scores are called positive, where nothing else is said."""


def decided(label: np.ndarray, score: np.ndarray, threshold: float = HALF) -> Outcomes:
    """(n,) labels and scores with the decisions that a threshold makes of them."""
    return Outcomes(label, (score >= threshold).astype(np.int64), score)


def scores_of(
    outcomes: Outcomes, *, cluster: np.ndarray | None = None, columns: pa.Table | None = None, first: int = 0
) -> Scores:
    """Rows that are numbered from `first`, in clusters or not, with or without columns to slice by."""
    rows = len(outcomes)
    return Scores(
        row_id=pa.array(np.char.zfill((first + np.arange(rows)).astype(str), 8)),
        outcomes=outcomes,
        cluster=None if cluster is None else cluster.astype(str),
        day=None,
        columns=pa.table({"nothing": pa.array(np.zeros(rows))}) if columns is None else columns,
        content=np.zeros(rows, dtype=np.uint64),
    )


def contrasted(contract: Contract, before: Scores, after: Scores, *, name: str = "f", **more: Any) -> Contrast:
    """The comparison of a new model with an old one, on the same rows unless `pairing` says otherwise.

    Args:
        contract: The rules.
        before: Scored by the old one.
        after: Scored by the new one.
        name: Of the evidence; the random signs that are drawn hang on it.
        more: What `contrast` takes besides.
    """
    side = Side(evaluation="e", scores_file=name, version="1", snapshot="s")
    given: dict[str, Any] = {"baseline": side, "candidate": side, "moved": "model", "pairing": "paired"} | more
    return contrast(
        contract,
        question="?",
        baseline_scores=before,
        candidate_scores=after,
        definitions=({}, {}),
        training_windows=[],
        **given,
    )
