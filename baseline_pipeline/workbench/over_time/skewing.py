"""What a service logged beside what the model's data have for the same rows: a side of a join that broke."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from baseline_pipeline.drift.skew import EQUAL, Skew, skews
from baseline_pipeline.replay.put_back import PutBack

if TYPE_CHECKING:
    from baseline_pipeline.contract import Contract
    from baseline_pipeline.monitoring.scored_rows import ScoredRows
    from baseline_pipeline.workbench.over_time.history import Past

Array = np.ndarray[Any, Any]


def skew_of(
    contract: Contract, rows: ScoredRows, past: Past, now: Array
) -> tuple[tuple[Skew, ...], dict[str, PutBack]]:
    """Columns whose logged values differ from the model's data for the same rows, and what these have there."""
    names = rows.row_id.take(pa.array(now))
    place = pc.index_in(names, value_set=past.rows.row_id)
    known = pc.is_valid(place)
    if not pc.any(known).as_py():
        return (), {}
    there = known.to_numpy(zero_copy_only=False)
    logged, own = now[there], place.filter(known)
    one, two = past.rows.features.take(own), rows.features.take(pa.array(logged))
    found, exact = list(skews(one, two, contract.data.feature_names)), {}
    for skew in found:
        here = rows.features.column(skew.column).take(pa.array(now))
        both = _either(known, past.rows.features.column(skew.column).take(place), here)
        words = f"{skew.different} of {len(logged)} logged values are not those of the model's data"
        if both is not None:
            exact[skew.column] = PutBack(skew.column, both, skew.different, words)
    place_of = own.to_numpy(zero_copy_only=False)
    if rows.outcomes.score is not None and past.rows.outcomes.score is not None and rows.outcomes.score.ndim == 1:
        moved = np.abs(rows.outcomes.score[logged] - past.rows.outcomes.score[place_of]) > EQUAL
        if moved.any():
            found.append(Skew(column="(score)", rows=len(logged), different=int(moved.sum())))
    return tuple(sorted(found, key=lambda one: (-one.different, one.column))), exact


def _either(known: pa.Array, own: pa.ChunkedArray, logged: pa.ChunkedArray) -> pa.Array | None:
    """The data's values where they are known, else the logged ones; `None` where the two are of different kinds."""
    kinds = {own.type, logged.type} - {pa.null()}
    kind = pa.float64() if len(kinds) > 1 and pa.types.is_floating(own.type) else logged.type
    kind = own.type if pa.types.is_null(logged.type) else kind
    try:
        return pc.if_else(known, own.cast(kind), logged.cast(kind)).combine_chunks()
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return None
