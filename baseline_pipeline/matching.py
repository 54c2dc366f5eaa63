"""Which rows of two evaluations are compared, and which are left out and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pyarrow.compute as pc

from baseline_pipeline.evaluation import Scores

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Matched:
    """Rows to compare.

    Attributes:
        baseline: positions in the baseline's scores.
        candidate: positions in the candidate's scores; row i belongs to baseline row i where paired.
        left_out: rows of the candidate that are not compared.
        because: why, in words.
    """

    baseline: Array
    candidate: Array
    left_out: int
    because: str


def match(
    baseline: Scores,
    candidate: Scores,
    *,
    kind: Literal["same_rows", "changed_rows", "new_rows"],
    windows: Sequence[tuple[str, str]] = (),
) -> Matched:
    """Choose the rows of a comparison; rows that a model learned from are never among them.

    Args:
        baseline: One side.
        candidate: The other side.
        kind: `same_rows` pairs by row id; `changed_rows` pairs those whose content differs;
            `new_rows` sets the candidate's rows that the baseline lacks against all the baseline's.
        windows: Training windows of both models, first and last day, ISO, both included.
    """
    position = pc.index_in(candidate.row_id, value_set=baseline.row_id)
    shared = pc.is_valid(position).to_numpy(zero_copy_only=False)
    partner = position.drop_null().to_numpy(zero_copy_only=False)
    if kind == "new_rows":
        chosen_old, chosen_new = np.arange(len(baseline.row_id)), np.flatnonzero(~shared)
    else:
        chosen_old, chosen_new = partner, np.flatnonzero(shared)
        if kind == "changed_rows":
            moved = baseline.content[chosen_old] != candidate.content[chosen_new]
            chosen_old, chosen_new = chosen_old[moved], chosen_new[moved]
    kept_old, kept_new = chosen_old, chosen_new
    if windows:
        outside_old = baseline.outside(windows)[chosen_old]
        outside_new = candidate.outside(windows)[chosen_new]
        if kind == "new_rows":
            kept_old, kept_new = chosen_old[outside_old], chosen_new[outside_new]
        else:
            both = outside_old & outside_new
            kept_old, kept_new = chosen_old[both], chosen_new[both]
    learned = len(chosen_new) - len(kept_new)
    other = len(candidate.row_id) - len(chosen_new)
    words = {
        "same_rows": "the other side does not hold them",
        "changed_rows": "they are as before, or new",
        "new_rows": "the baseline holds them already",
    }
    reasons = {"they lie in a training window": learned, words[kind]: other}
    there = {why: count for why, count in reasons.items() if count}
    because = "; ".join(f"{count} because {why}" if len(there) > 1 else why for why, count in there.items())
    return Matched(kept_old, kept_new, learned + other, because)
