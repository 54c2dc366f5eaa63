"""Summaries on disk: a zip of JSON and Parquet, a few megabytes whatever the rows."""

from __future__ import annotations

import json
import zipfile
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import NonNegativeInt, ValidationError

from baseline_pipeline.errors import EvidenceUnavailable
from baseline_pipeline.records import Record
from baseline_pipeline.summaries.arrays import integers
from baseline_pipeline.summaries.column import CategorySummary, NumberSummary
from baseline_pipeline.summaries.data import DataPlan, DataSummary
from baseline_pipeline.summaries.grid import CELLS
from baseline_pipeline.summaries.outcome import OutcomeSummary

if TYPE_CHECKING:
    from collections.abc import Mapping

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


class _Number(Record):
    """What a summary's JSON holds of a column of numbers; `None` where there is no such number."""

    total: float | None
    nulls: NonNegativeInt
    infinite: NonNegativeInt
    low: float | None
    high: float | None
    atoms: tuple[NonNegativeInt, ...]


class _Category(Record):
    counts: dict[str, NonNegativeInt]
    nulls: NonNegativeInt


class _Facts(Record):
    version: int
    plan: DataPlan
    silent: dict[str, str]
    unlabelled: NonNegativeInt
    numbers: dict[str, _Number]
    categories: dict[str, _Category]


def read_summary(path: Path) -> DataSummary:
    """What `write_summary` wrote.

    Raises:
        EvidenceUnavailable: when the file is absent, torn, of another version, or holds what no summary does.
    """
    step = "make it again: `baseline scan MODEL DATA --save FILE`"
    try:
        with zipfile.ZipFile(path) as archive:
            body = json.loads(archive.read("facts.json"))
            tables = {name: _table(archive.read(name)) for name in archive.namelist() if name.endswith(".parquet")}
        version = body["version"]
        if version == VERSION:
            return _summary(_Facts.model_validate(body), tables)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        message = f"{path}: not a readable summary ({'.'.join(map(str, first['loc']))}: {first['msg']})"
        raise EvidenceUnavailable(message, next_step=step) from error
    except (OSError, zipfile.BadZipFile, KeyError, TypeError, ValueError, RecursionError) as error:
        message = f"{path}: not a readable summary ({error})"
        raise EvidenceUnavailable(message, next_step=step) from error
    message = f"{path}: written as version {version}; this package reads {VERSION}"
    raise EvidenceUnavailable(message, next_step=step)


def _summary(facts: _Facts, tables: Mapping[str, pa.Table]) -> DataSummary:
    """What the parts of a file come to.

    Raises:
        KeyError: where a part or a column of it is absent.
        ValueError: where one is not what the plan says.
    """
    plan = facts.plan
    columns: dict[str, Summary] = {
        name: CategorySummary(dict(one.counts), one.nulls) for name, one in facts.categories.items()
    }
    counts = integers(tables["numbers.parquet"]["counts"])
    _require(len(counts) == CELLS * len(facts.numbers) and bool((counts >= 0).all()), "numbers.parquet")
    for place, (name, one) in enumerate(facts.numbers.items()):
        grid = plan.numbers[name]
        _require(len(one.atoms) == len(grid.atoms), f"atoms of {name!r}")
        total, low, high = (
            missing if value is None else value
            for value, missing in ((one.total, np.nan), (one.low, np.inf), (one.high, -np.inf))
        )
        mine, atoms = counts[place * CELLS : (place + 1) * CELLS], np.array(one.atoms, dtype=np.int64)
        columns[name] = NumberSummary(grid, mine, total, atoms, one.nulls, one.infinite, low, high)
    clusters = tables.get("clusters.parquet")
    _require((clusters is None) == (plan.outcomes.cluster is None), "clusters.parquet")
    for table in (tables["cells.parquet"], *([] if clusters is None else [clusters])):
        names = [f"leaf{place}" for place in range(len(plan.outcomes.leaf_columns))]
        _require(set(names) <= set(table.column_names) and bool((integers(table["n"]) > 0).all()), "cells")
    outcomes = OutcomeSummary(plan.outcomes, tables["cells.parquet"], clusters, facts.unlabelled)
    return DataSummary(plan, columns, outcomes, facts.silent)


def _require(fits: bool, part: str) -> None:  # a check
    if not fits:
        message = f"{part}: not what its plan says"
        raise ValueError(message)


def _facts(one: NumberSummary) -> dict[str, Any]:
    total, low, high = (value if np.isfinite(value) else None for value in (one.total, one.low, one.high))
    return {
        "total": total,
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
