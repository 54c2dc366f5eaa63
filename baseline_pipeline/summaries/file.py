"""Summaries on disk: a zip of JSON and Parquet, a few megabytes whatever the rows."""

from __future__ import annotations

import json
import zipfile
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from baseline_pipeline.errors import EvidenceUnavailable
from baseline_pipeline.summaries.arrays import integers
from baseline_pipeline.summaries.column import CategorySummary, NumberSummary
from baseline_pipeline.summaries.data import DataPlan, DataSummary
from baseline_pipeline.summaries.grid import CELLS
from baseline_pipeline.summaries.outcome import OutcomeSummary

if TYPE_CHECKING:
    import pyarrow as pa

    from baseline_pipeline.summaries.column import Summary

VERSION = 2
SUFFIX = ".summary"


def write_summary(summary: DataSummary, path: Path) -> None:
    """Write it beside its final place and move it there, so that no half of it is ever seen."""
    import pyarrow as pa

    numbers = {name: one for name, one in summary.columns.items() if isinstance(one, NumberSummary)}
    facts = {
        "version": VERSION,
        "plan": summary.plan.body(),
        "silent": dict(summary.silent),
        "unlabelled": summary.outcomes.unlabelled,
        "numbers": {name: _facts(one) for name, one in numbers.items()},
        "categories": {
            name: {"counts": one.counts, "nulls": one.nulls}
            for name, one in summary.columns.items()
            if isinstance(one, CategorySummary)
        },
    }
    counts = np.concatenate([np.zeros(0, dtype=np.int64), *(one.counts for one in numbers.values())])
    unfinished = path.with_name(path.name + ".unfinished")
    try:
        with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_STORED) as archive:
            archive.writestr("facts.json", json.dumps(facts, ensure_ascii=False))
            archive.writestr("numbers.parquet", _parquet(pa.table({"counts": counts})))
            archive.writestr("cells.parquet", _parquet(summary.outcomes.cells))
            if summary.outcomes.clusters is not None:
                archive.writestr("clusters.parquet", _parquet(summary.outcomes.clusters))
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def read_summary(path: Path) -> DataSummary:
    """What `write_summary` wrote.

    Raises:
        EvidenceUnavailable: when the file is absent, torn, or of another version.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            facts = json.loads(archive.read("facts.json"))
            tables = {name: _table(archive.read(name)) for name in archive.namelist() if name.endswith(".parquet")}
    except (OSError, zipfile.BadZipFile, KeyError, ValueError) as error:
        message = f"{path}: not a readable summary ({error})"
        raise EvidenceUnavailable(message, next_step="make it again: `baseline scan MODEL DATA --save FILE`") from error
    if facts.get("version") != VERSION:
        message = f"{path}: written as version {facts.get('version')}; this package reads {VERSION}"
        raise EvidenceUnavailable(message, next_step="make it again: `baseline scan MODEL DATA --save FILE`")
    plan = DataPlan.stored(facts["plan"])
    columns: dict[str, Summary] = {
        name: CategorySummary(one["counts"], one["nulls"]) for name, one in facts["categories"].items()
    }
    for place, (name, one) in enumerate(facts["numbers"].items()):
        counts = integers(tables["numbers.parquet"]["counts"].slice(place * CELLS, CELLS))
        low, high = (np.inf if one["low"] is None else one["low"], -np.inf if one["high"] is None else one["high"])
        atoms = np.array(one["atoms"], dtype=np.int64)
        gaps = (one["nulls"], one["infinite"])
        columns[name] = NumberSummary(plan.numbers[name], counts, one["total"], atoms, *gaps, low, high)
    outcomes = OutcomeSummary(
        plan.outcomes, tables["cells.parquet"], tables.get("clusters.parquet"), facts["unlabelled"]
    )
    return DataSummary(plan, columns, outcomes, facts["silent"])


def _facts(one: NumberSummary) -> dict[str, Any]:
    low, high = (None if np.isinf(value) else value for value in (one.low, one.high))
    return {
        "total": one.total,
        "nulls": one.nulls,
        "infinite": one.infinite,
        "low": low,
        "high": high,
        "atoms": one.atoms.tolist(),
    }


def _parquet(table: pa.Table) -> bytes:
    import pyarrow.parquet as pq

    written = BytesIO()
    pq.write_table(table, written, compression="zstd")
    return written.getvalue()


def _table(content: bytes) -> pa.Table:
    import pyarrow.parquet as pq

    return pq.ParquetFile(BytesIO(content)).read()  # `read_table` would import pandas
