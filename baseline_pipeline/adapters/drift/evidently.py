"""Drift by Evidently: effect sizes per column, and its own report kept for people."""

from __future__ import annotations

import os
import uuid
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from baseline_pipeline.records import Digest
from baseline_pipeline.snapshot import ColumnDrift, DriftReport

if TYPE_CHECKING:
    from baseline_pipeline.contract import Contract

SAMPLE_ROWS = 30_000
NUMERIC, CATEGORICAL = "wasserstein", "jensenshannon"
THRESHOLD = 0.1
TITLES = {NUMERIC: "Wasserstein distance, in reference standard deviations", CATEGORICAL: "Jensen-Shannon distance"}


class EvidentlyDrift:
    """Evidently behind the drift port.

    Numbers are compared by the Wasserstein distance over the reference's standard deviation,
    categories (text, booleans, declared categories, class labels) by the Jensen-Shannon distance;
    both count as drift from 0.1 on. The same measures are taken at every size: a p-value, which
    Evidently takes by default below 1,000 rows, calls any difference drift once rows are many and
    none while they are few. At most 30,000 rows a side, drawn evenly, are looked at.

    Args:
        keep: Takes a finished file into the store.
        scratch: Unfinished files, on the store's file system.
    """

    def __init__(self, keep: Callable[[Path], Digest], scratch: Path) -> None:
        self._keep = keep
        self._scratch = scratch

    def compare(
        self,
        contract: Contract,
        reference: pa.Table,
        current: pa.Table,
        *,
        reference_digest: Digest,
        current_digest: Digest,
    ) -> DriftReport:
        """Drift of features, `prediction` and label, largest first.

        A column that is constant, all null or of another type on the two sides has no score and says why.
        """
        numeric, categorical, silent = _kinds(contract, reference, current)
        scores: dict[str, float] = {}
        html = None
        if numeric or categorical:
            columns = [*numeric, *categorical]
            frames = [_sampled(table.select(columns), categorical) for table in (reference, current)]
            scores, page = _run(frames[0], frames[1], numeric, categorical)
            html = self._kept(page)
        found = [
            _column(contract, name, NUMERIC if name in numeric else CATEGORICAL, scores.get(name), reference, current)
            for name in [*numeric, *categorical]
        ]
        found += [
            _column(contract, name, method, None, reference, current, why) for name, (method, why) in silent.items()
        ]
        found.sort(key=lambda one: (one.score is None, -(one.score or 0.0), one.column))
        return DriftReport(
            reference=reference_digest,
            current=current_digest,
            reference_rows=reference.num_rows,
            current_rows=current.num_rows,
            columns=tuple(found),
            html=html,
        )

    def _kept(self, page: str) -> Digest:
        path = self._scratch / f"drift-{uuid.uuid4().hex}.html"
        with path.open("w", encoding="utf-8") as file:
            file.write(page)
            file.flush()
            os.fsync(file.fileno())
        return self._keep(path)


def _kinds(
    contract: Contract, reference: pa.Table, current: pa.Table
) -> tuple[list[str], list[str], dict[str, tuple[str, str]]]:
    """Columns to compare as numbers, as categories, and not at all with the reason."""
    declared = {feature.name for feature in contract.data.features if feature.categorical}
    numeric: list[str] = []
    categorical: list[str] = []
    silent: dict[str, tuple[str, str]] = {}
    for name in reference.column_names:
        kind = reference.schema.field(name).type
        number = (pa.types.is_integer(kind) or pa.types.is_floating(kind)) and name not in declared
        if name == contract.data.label and contract.task != "regression":
            number = False
        if name == "prediction" and contract.task == "multiclass_classification":
            number = False
        method = NUMERIC if number else CATEGORICAL
        if current.schema.field(name).type != kind:
            silent[name] = (method, f"the type moved: {kind} -> {current.schema.field(name).type}")
        elif any(table.column(name).null_count == table.num_rows for table in (reference, current)):
            silent[name] = (method, "all values are null on one side")
        else:
            (numeric if number else categorical).append(name)
    return numeric, categorical, silent


def _sampled(table: pa.Table, categorical: list[str]) -> Any:
    rows = np.linspace(0, table.num_rows - 1, min(table.num_rows, SAMPLE_ROWS)).astype(np.int64)
    frame = table.take(pa.array(rows)).to_pandas()
    for name in categorical:
        frame[name] = frame[name].astype("object").where(frame[name].notna(), "(missing)").astype(str)
    return frame


def _run(reference: Any, current: Any, numeric: list[str], categorical: list[str]) -> tuple[dict[str, float], str]:
    """Scores by column, and the library's page."""
    os.environ.setdefault("DO_NOT_TRACK", "1")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the library's own deprecations
        from evidently import DataDefinition, Dataset, Report
        from evidently.metrics import ValueDrift

        definition = DataDefinition(numerical_columns=numeric, categorical_columns=categorical)
        metrics = [ValueDrift(column=name, method=NUMERIC, threshold=THRESHOLD) for name in numeric]
        metrics += [ValueDrift(column=name, method=CATEGORICAL, threshold=THRESHOLD) for name in categorical]
        report = Report(metrics)
        with np.errstate(all="ignore"):
            snapshot = report.run(
                Dataset.from_pandas(current, data_definition=definition),
                Dataset.from_pandas(reference, data_definition=definition),
            )
        results = snapshot.dict()["metrics"]
        page = snapshot.get_html_str(as_iframe=False)
    values = [result["value"] for result in results]
    named = zip([*numeric, *categorical], values, strict=True)
    return {name: float(value) for name, value in named if np.isfinite(float(value))}, page


def _column(
    contract: Contract,
    name: str,
    method: str,
    score: float | None,
    reference: pa.Table,
    current: pa.Table,
    why: str = "",
) -> ColumnDrift:
    before, after = (table.column(name).null_count / max(table.num_rows, 1) for table in (reference, current))
    notes = [why] if why else ([] if score is not None else ["no finite distance"])
    if abs(after - before) >= 0.001:  # noqa: PLR2004  # a tenth of a percent is worth a word
        notes.append(f"nulls {before:.1%} -> {after:.1%}")
    kind = "target" if name == contract.data.label else "prediction" if name == "prediction" else "feature"
    return ColumnDrift(
        column=name,
        kind=kind,
        method=TITLES[method],
        score=score,
        threshold=THRESHOLD,
        drifted=score is not None and score >= THRESHOLD,
        note="; ".join(notes),
    )
