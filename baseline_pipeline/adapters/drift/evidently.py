"""Evidently: its own page on drift, kept for people."""

from __future__ import annotations

import os
import uuid
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from baseline_pipeline.arrow_numbers import nearest_doubles, numeric, on_a_line
from baseline_pipeline.records import Digest

if TYPE_CHECKING:
    from baseline_pipeline.drift.kinds import Kinds

SAMPLE_ROWS = 30_000
NUMERIC, CATEGORICAL = "wasserstein", "jensenshannon"
THRESHOLD = 0.1


class EvidentlyPage:
    """Evidently's own page on the drift of some columns, kept beside our figures.

    At most 30,000 rows a side, drawn evenly, are looked at.

    Args:
        keep: Takes a finished file into the store.
        scratch: Unfinished files, on the store's file system.
    """

    def __init__(self, keep: Callable[[Path], Digest], scratch: Path) -> None:
        self._keep = keep
        self._scratch = scratch

    def make(self, kinds: Kinds, reference: pa.Table, current: pa.Table) -> Digest | None:
        """The page's blob; `None` where there is no column to compare."""
        columns = [*kinds.numeric, *kinds.categorical]
        if not columns:
            return None
        frames = [_sampled(table.select(columns), kinds) for table in (reference, current)]
        path = self._scratch / f"drift-{uuid.uuid4().hex}.html"
        with path.open("w", encoding="utf-8") as file:
            file.write(_page(frames[0], frames[1], kinds))
            file.flush()
            os.fsync(file.fileno())
        return self._keep(path)


def _sampled(table: pa.Table, kinds: Kinds) -> Any:
    """Some rows as Evidently takes them: decimals, days and times as doubles, categories as texts."""
    rows = np.linspace(0, table.num_rows - 1, min(table.num_rows, SAMPLE_ROWS)).astype(np.int64)
    some = table.take(pa.array(rows))
    types = {name: some.schema.field(name).type for name in kinds.numeric}
    others = [name for name, kind in types.items() if pa.types.is_decimal(kind) or not numeric(kind)]
    numbers = {name: nearest_doubles(on_a_line(some.column(name))).to_numpy() for name in others}
    frame = some.to_pandas().assign(**numbers)
    for name in kinds.categorical:
        frame[name] = frame[name].astype("object").where(frame[name].notna(), "(missing)").astype(str)
    return frame


def _page(reference: Any, current: Any, kinds: Kinds) -> str:
    os.environ.setdefault("DO_NOT_TRACK", "1")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the library's own deprecations
        from evidently import DataDefinition, Dataset, Report
        from evidently.metrics import ValueDrift

        numeric, categorical = list(kinds.numeric), list(kinds.categorical)
        definition = DataDefinition(numerical_columns=numeric, categorical_columns=categorical)
        metrics = [ValueDrift(column=name, method=NUMERIC, threshold=THRESHOLD) for name in numeric]
        metrics += [ValueDrift(column=name, method=CATEGORICAL, threshold=THRESHOLD) for name in categorical]
        with np.errstate(all="ignore"):
            snapshot = Report(metrics).run(
                Dataset.from_pandas(current, data_definition=definition),
                Dataset.from_pandas(reference, data_definition=definition),
            )
        return str(snapshot.get_html_str(as_iframe=False))
