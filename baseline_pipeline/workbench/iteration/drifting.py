"""Drift between the rows of two evaluations: of those that are new, and of those whose values changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from baseline_pipeline.content import row_names
from baseline_pipeline.drift.design import design_effect
from baseline_pipeline.drift.kinds import by_length, column_kinds
from baseline_pipeline.drift.looking import look_within
from baseline_pipeline.drift.reporting import drift_report
from baseline_pipeline.figures import counted
from baseline_pipeline.metrics.classes import names_of
from baseline_pipeline.metrics.outcomes import Array, Outcomes
from baseline_pipeline.records import Digest, digest_of
from baseline_pipeline.snapshot import DriftReport, read
from baseline_pipeline.summaries.engine import grids_of
from baseline_pipeline.workbench.iteration.snapshotting import load_snapshot

if TYPE_CHECKING:
    from baseline_pipeline.contract import Contract
    from baseline_pipeline.evaluation import Evaluation, Scores
    from baseline_pipeline.workbench.workbench import Workbench


def drift_between(
    bench: Workbench,
    contract: Contract,
    rows: Literal["changed", "new"],
    earlier: tuple[Evaluation, Scores],
    present: tuple[Evaluation, Scores],
) -> Digest | None:
    """The key of the stored drift report, made where it is not there yet; `None` where there are no such rows.

    Args:
        bench: The project.
        contract: The model's contract.
        rows: Those that both evaluations hold with other values are compared with themselves; those that are new with
            all earlier ones.
        earlier: An evaluation and its scores.
        present: The evaluation that is held against it.
    """
    (before, old), (after, new) = earlier, present
    key = digest_of(["drift", rows, before.key, after.key, contract.data.feature_names])
    if bench.store.load("drift", contract.name, key) is not None:
        return key
    rows_before, rows_after = _changed(old, new) if rows == "changed" else _fresh(old, new)
    if not len(rows_after):
        return None
    bench.progress(f"looking for drift of {counted(len(rows_after), f'{rows} row')}")
    reference = _features(bench, contract, before, old, rows_before)
    current = _features(bench, contract, after, new, rows_after)
    reference, current = of_both(reference, current)
    clusters = (_clusters(old, rows_before), _clusters(new, rows_after))
    report = _report(bench, contract, reference, current, (before.snapshot, after.snapshot), clusters)
    bench.store.save("drift", contract.name, key, report)
    return key


def _report(
    bench: Workbench,
    contract: Contract,
    reference: pa.Table,
    current: pa.Table,
    sides: tuple[Digest, Digest],
    clusters: tuple[np.ndarray | None, np.ndarray | None],
) -> DriftReport:
    """Our figures from summaries, and Evidently's page beside them."""
    from baseline_pipeline.adapters.drift.evidently import EvidentlyPage
    from baseline_pipeline.adapters.engines.duckdb import duckdb_engine

    reference, current, texts = by_length(contract, reference, current)
    kinds = column_kinds(contract, reference, current)
    with duckdb_engine(contract.environment.threads) as engine:
        grids = grids_of(engine, reference, list(kinds.numeric)) | dict.fromkeys(kinds.categorical)
        earlier, present = (engine.summaries(rows, grids) for rows in (reference, current))
        within = look_within(engine, (reference, current), earlier, present)
    page = EvidentlyPage(bench.store.put_file, bench.settings.scratch).make(kinds, reference, current)
    return drift_report(
        contract,
        earlier,
        present,
        kinds.silent | texts,
        sides=sides,
        rows=(reference.num_rows, current.num_rows),
        html=page,
        within=within,
        designs={
            name: (design_effect(reference[name], clusters[0]), design_effect(current[name], clusters[1]))
            for name in grids
        },
    )


def _changed(old: Scores, new: Scores) -> tuple[np.ndarray, np.ndarray]:
    """Positions of the rows that both hold with other values, on either side."""
    position = pc.index_in(new.row_id, value_set=old.row_id)
    shared = np.flatnonzero(pc.is_valid(position).to_numpy(zero_copy_only=False))
    where = position.drop_null().to_numpy(zero_copy_only=False)
    changed = old.content[where] != new.content[shared]
    return where[changed], shared[changed]


def _fresh(old: Scores, new: Scores) -> tuple[np.ndarray, np.ndarray]:
    """Positions of all earlier rows, and of those that are new."""
    known = pc.is_in(new.row_id, value_set=old.row_id).to_numpy(zero_copy_only=False)
    return np.arange(len(old.row_id)), np.flatnonzero(~known)


def _clusters(scores: Scores, rows: np.ndarray) -> np.ndarray | None:
    return None if scores.cluster is None else scores.cluster[rows]


def features_of(
    bench: Workbench, contract: Contract, evaluation: Evaluation, scores: Scores, rows: np.ndarray
) -> pa.Table:
    """Features of the rows selected, in the scores' order; without those that the contract came to name since."""
    snapshot = load_snapshot(bench, contract.name, evaluation.snapshot)
    there = {column.name for column in snapshot.columns}
    features = [name for name in contract.data.feature_names if name in there]
    table = read(snapshot, bench.store, [*dict.fromkeys([*contract.data.row_id, *features])])
    chosen = scores.row_id.take(pa.array(rows))
    place = pc.index_in(chosen, value_set=row_names(table, contract.data.row_id))
    return table.take(place).select(features)


def of_both(one: pa.Table, other: pa.Table) -> tuple[pa.Table, pa.Table]:
    """Both tables with the columns that both have, in the first one's order."""
    shared = [name for name in one.column_names if name in other.column_names]
    return one.select(shared), other.select(shared)


def _features(
    bench: Workbench, contract: Contract, evaluation: Evaluation, scores: Scores, rows: np.ndarray
) -> pa.Table:
    """Features, prediction and label of the rows selected, in the scores' order."""
    features = features_of(bench, contract, evaluation, scores, rows)
    outcomes = scores.outcomes.take(rows)
    binary = outcomes.score is not None and outcomes.score.ndim == 1
    prediction = outcomes.score if binary else _named(outcomes, outcomes.prediction)
    return features.append_column("prediction", pa.array(prediction)).append_column(
        contract.data.label, pa.array(_named(outcomes, outcomes.label))
    )


def _named(outcomes: Outcomes, numbers: Array) -> Array:
    """Classes of several by their names: the same number may be another class on the other side."""
    if outcomes.classes is None:
        return numbers
    return np.array([*names_of(outcomes), None], dtype=object)[numbers]  # -1 is no class
