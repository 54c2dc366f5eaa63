"""Row-level results as Parquet, and back."""

from __future__ import annotations

import os
import uuid
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from baseline_pipeline.evaluation import Scores
from baseline_pipeline.metrics.outcomes import Array, Outcomes

SLICE = "slice."
_CLASS_SCORE = "score."
_METRIC = "metric."


def write_scores(scores: Scores, classes: tuple[str, ...], scratch: Path) -> Path:
    """Write a temporary Parquet file, synced to disk; the store names it by its digest.

    Columns: row_id, label, prediction, score (or score.0, score.1, ... by class), cluster, day,
    content, weight, query, `slice.<column>` for every column kept, and `metric.<column>` for those metrics read.
    """
    columns: dict[str, pa.Array | pa.ChunkedArray] = {
        "row_id": scores.row_id,
        "label": pa.array(scores.outcomes.label),
        "prediction": pa.array(scores.outcomes.prediction),
        "content": pa.array(scores.content),
    }
    score = scores.outcomes.score
    if score is not None and score.ndim == 1:
        columns["score"] = pa.array(score)
    elif score is not None:
        columns |= {f"{_CLASS_SCORE}{k}": pa.array(score[:, k]) for k in range(score.shape[1])}
    if scores.outcomes.weight is not None:
        columns["weight"] = pa.array(scores.outcomes.weight)
    if scores.outcomes.query is not None:
        columns["query"] = pa.array(scores.outcomes.query)
    columns |= {f"{_METRIC}{name}": pa.array(values) for name, values in scores.outcomes.columns.items()}
    if scores.cluster is not None:
        columns["cluster"] = pa.array(scores.cluster)
    if scores.day is not None:
        columns["day"] = pa.array(scores.day)
    columns |= {f"{SLICE}{name}": scores.columns.column(name) for name in scores.columns.column_names}
    metadata = {"classes": "\x1f".join(classes), "multiclass": str(scores.outcomes.classes or "")}
    table = pa.table(columns).replace_schema_metadata(metadata)
    path = scratch / f"scores-{uuid.uuid4().hex}.parquet"
    with path.open("wb") as file:
        pq.write_table(table, file, compression="zstd", write_page_checksum=True)
        file.flush()
        os.fsync(file.fileno())
    return path


def read_scores(path: Path) -> Scores:
    """The rows of a finished scores file; page checksums are verified."""
    table = pq.read_table(path, page_checksum_verification=True)
    names = table.column_names
    by_class = [name for name in names if name.startswith(_CLASS_SCORE)]
    score = _numbers(table, "score")
    if by_class:
        score = np.stack([table.column(f"{_CLASS_SCORE}{k}").to_numpy() for k in range(len(by_class))], axis=1)
    classes = (table.schema.metadata or {}).get(b"classes", b"").decode()
    slices = [name for name in names if name.startswith(SLICE)]
    return Scores(
        row_id=table.column("row_id").combine_chunks(),
        outcomes=Outcomes(
            table.column("label").to_numpy(),
            table.column("prediction").to_numpy(),
            score,
            _numbers(table, "weight"),
            {name.removeprefix(_METRIC): _read(table, name) for name in names if name.startswith(_METRIC)},
            int((table.schema.metadata or {}).get(b"multiclass", b"") or 0) or None,
            query=table.column("query").to_numpy().astype(str) if "query" in names else None,
            class_names=tuple(classes.split("\x1f")) if classes else (),
        ),
        cluster=table.column("cluster").to_numpy().astype(str) if "cluster" in names else None,
        day=_numbers(table, "day"),
        columns=table.select(slices).rename_columns([name.removeprefix(SLICE) for name in slices]),
        content=table.column("content").to_numpy(),
    )


def _read(table: pa.Table, name: str) -> Array:
    values: Array = table.column(name).to_numpy()
    return values if values.dtype.kind == "f" else values.astype(str)


def _numbers(table: pa.Table, name: str) -> Array | None:
    if name not in table.column_names:
        return None
    values: Array = table.column(name).to_numpy()
    return values.astype("datetime64[D]") if name == "day" else values
