"""The past as scored rows: the champion's scores, and out of fold where it learned from the rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from baseline_pipeline.arrow_numbers import there
from baseline_pipeline.content import row_names
from baseline_pipeline.errors import ContractError, EvidenceUnavailable
from baseline_pipeline.figures import counted
from baseline_pipeline.labels import encode_labels
from baseline_pipeline.monitoring.scored_rows import ScoredRows
from baseline_pipeline.records import Digest, digest_of
from baseline_pipeline.snapshot import read
from baseline_pipeline.workbench.iteration.snapshotting import load_snapshot, quality_of, take_snapshot
from baseline_pipeline.workbench.over_time.clocks import instants, zone_of
from baseline_pipeline.workbench.over_time.past_scores import scores_of_past
from baseline_pipeline.workbench.replays.rows import RowSet

if TYPE_CHECKING:
    from baseline_pipeline.contract import Contract
    from baseline_pipeline.ports import ModelVersion
    from baseline_pipeline.snapshot import Snapshot
    from baseline_pipeline.workbench.workbench import Workbench

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Past:
    """Scored rows of the past.

    Attributes:
        rows: Ascending in time, as clocks of the zone show it.
        zone: Where the past is cut: the contract's time zone, or UTC for windows of hours.
        snapshot: Where they come from.
        version: The model's version.
        key: Names all this.
        learned: (n,) rows that the champion learned from; they are scored out of fold.
        left_out: Rows that the champion learned from and that could not be scored otherwise.
        table: The rows with all their columns.
        model: The exact version.
        classes: Names of the classes.
    """

    rows: ScoredRows
    zone: str
    snapshot: Digest
    version: str
    key: Digest
    learned: Array
    left_out: int
    table: pa.Table
    model: ModelVersion
    classes: tuple[str, ...]


def scored_past(
    bench: Workbench, contract: Contract, *, candidate: str | None = None, window: str | None = None
) -> Past:
    """Score every row of the model's data as the champion does, or would have without having seen it.

    Rows of the training window are scored by models that were trained on the other weeks of it (five folds of
    whole weeks), where the contract names a training entry; otherwise they are left out. Rows without a label are
    scored too. What was scored before is found again.

    Args:
        bench: The project.
        contract: The rules.
        candidate: The version that scores, in place of the champion.
        window: What a window spans, in place of the contract's; it decides which clocks cut the past.

    Raises:
        ContractError: when the contract names no time column.
        EvidenceUnavailable: when there is no champion, or nothing is left.
    """
    if contract.data.time is None:
        message = f"{contract.name}: windows of time need data.time, and the contract names none"
        raise ContractError(message, next_step="name the column that says when a prediction was due")
    snapshot = _snapshot(bench, contract)
    version = _version(bench, contract, candidate)
    everything, labelled = _everything(bench, contract, snapshot)
    zone = zone_of(contract, window)
    at = instants(everything.table, contract.data.time, zone)
    inside = _learned(version, at)
    scores, kept = scores_of_past(bench, contract, version, everything, snapshot, inside, labelled)
    rows = np.flatnonzero(kept)
    rows = rows[np.argsort(at[rows], kind="stable")]
    if len(rows) == 0:
        message = f"the champion of {contract.name} learned from every row, and the contract names no training entry"
        raise EvidenceUnavailable(message, next_step="bring rows it has not seen, or name model.training.entry")
    chosen = pa.array(rows)
    scored = ScoredRows(
        row_id=everything.names.take(chosen),
        at=at[rows],
        outcomes=scores.outcomes.take(rows),
        labelled=labelled[rows],
        cluster=None if scores.cluster is None else scores.cluster[rows],
        columns=everything.table.select(contract.kept_columns()).take(chosen),
        features=everything.table.select(contract.data.feature_names).take(chosen),
    )
    training = contract.model.training and contract.model.training.model_dump(mode="json")
    key = digest_of([snapshot.digest, version.digest, contract.definition(), zone, training])
    return Past(
        rows=scored,
        zone=zone,
        snapshot=snapshot.digest,
        version=version.version,
        key=key,
        learned=inside[rows],
        left_out=int((~kept).sum()),
        table=_true_labels(contract, everything.table, labelled).take(chosen),
        model=version,
        classes=everything.classes,
    )


def _snapshot(bench: Workbench, contract: Contract) -> Snapshot:
    """The present data, frozen; expectations that they break are told and hold nothing up."""
    taken = take_snapshot(bench, contract)
    report = quality_of(bench, taken)
    if report is not None and not report.success:
        broken = counted(len(report.failures()), "expectation")
        bench.progress(f"the snapshot breaks {broken}; the past is judged as it was")
    return load_snapshot(bench, contract.name, taken.snapshot)


def _version(bench: Workbench, contract: Contract, candidate: str | None) -> ModelVersion:
    """The version that scores.

    Raises:
        EvidenceUnavailable: when there is no champion.
    """
    catalogue = bench.catalogue(contract)
    version = catalogue.resolve("champion") if candidate is None else catalogue.candidate(candidate)
    if version is None:
        message = f"model {contract.name}: no champion"
        raise EvidenceUnavailable(message, next_step=f"set the alias {contract.model.champion!r} in the registry")
    return version


def _everything(bench: Workbench, contract: Contract, snapshot: Snapshot) -> tuple[RowSet, Array]:
    """All rows in the order of their names, with some label each, and (n,) whether it is a true one."""
    filled, labelled = _with_labels(contract, read(snapshot, bench.store))
    names = row_names(filled, contract.data.row_id)
    order = pc.sort_indices(names)
    filled, names, labelled = filled.take(order), names.take(order), labelled[order.to_numpy()]
    labels, classes = encode_labels(contract, filled)
    everything = RowSet(
        key=digest_of([snapshot.digest, "past"]),
        snapshot=snapshot.digest,
        table=filled,
        names=names,
        labels=labels,
        classes=classes,
        columns=(*contract.data.feature_names, contract.data.label),
        place=bench.settings.home / "cache" / "rows" / digest_of([snapshot.digest, "past", contract.definition()]),
    )
    return everything, labelled


def _with_labels(contract: Contract, table: pa.Table) -> tuple[pa.Table, Array]:
    """The rows with some label in the place of a missing one, and which of the labels are true.

    Raises:
        EvidenceUnavailable: when no row has a label.
    """
    column = table.column(contract.data.label)
    known = there(column).to_numpy()
    if not known.any():
        message = f"no row of {contract.name} has a label in {contract.data.label!r}"
        raise EvidenceUnavailable(message, next_step="wait for the labels, or check the label column")
    if known.all():
        return table, np.asarray(known)
    some = column.filter(pa.array(known))[0]
    place = table.column_names.index(contract.data.label)
    return table.set_column(place, contract.data.label, pc.if_else(pa.array(known), column, some)), np.asarray(known)


def _true_labels(contract: Contract, table: pa.Table, labelled: Array) -> pa.Table:
    """The rows with nothing in the place of a missing label."""
    if labelled.all():
        return table
    column = table.column(contract.data.label)
    place = table.column_names.index(contract.data.label)
    nothing = pa.scalar(None, column.type)
    return table.set_column(place, contract.data.label, pc.if_else(pa.array(labelled), column, nothing))


def _learned(version: ModelVersion, at: Array) -> Array:
    if version.training_window is None:
        return np.zeros(len(at), dtype=bool)
    first, last = (np.datetime64(day[:10], "D") for day in version.training_window)
    days = at.astype("datetime64[D]")
    return np.asarray((days >= first) & (days <= last))
