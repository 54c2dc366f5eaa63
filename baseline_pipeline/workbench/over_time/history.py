"""The past as scored rows: the champion's scores, and out of fold where it learned from the rows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from baseline_pipeline.content import instants_of, row_names
from baseline_pipeline.errors import ContractError, EvidenceUnavailable
from baseline_pipeline.evaluating import scores_of
from baseline_pipeline.evaluation import Scores
from baseline_pipeline.figures import counted
from baseline_pipeline.labels import class_names, encode_labels
from baseline_pipeline.monitoring.scored_rows import ScoredRows
from baseline_pipeline.monitoring.windows import seconds_of
from baseline_pipeline.records import Digest, Record, digest_of
from baseline_pipeline.scores_file import read_scores, write_scores
from baseline_pipeline.scoring import predict_all
from baseline_pipeline.snapshot import read
from baseline_pipeline.workbench.iteration.elsewhere import in_declared_environment
from baseline_pipeline.workbench.iteration.environment import observe
from baseline_pipeline.workbench.iteration.snapshotting import load_snapshot, quality_of, take_snapshot
from baseline_pipeline.workbench.replays.replaying import Replaying
from baseline_pipeline.workbench.replays.rows import RowSet

if TYPE_CHECKING:
    from baseline_pipeline.contract import Contract
    from baseline_pipeline.ports import ModelVersion
    from baseline_pipeline.snapshot import Snapshot
    from baseline_pipeline.workbench.workbench import Workbench

Array = np.ndarray[Any, Any]
FOLDS = 5
DAY, WEEK = 86400, 7 * 86400


class ScoredPast(Record):
    """Where the scores of a past are kept."""

    version: str
    snapshot: Digest
    scores_file: Digest
    out_of_fold: int


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
    taken = take_snapshot(bench, contract)
    report = quality_of(bench, taken)
    if report is not None and not report.success:
        bench.progress(
            f"the snapshot breaks {counted(len(report.failures()), 'expectation')}; the past is judged as it was"
        )
    snapshot = load_snapshot(bench, contract.name, taken.snapshot)
    table = read(snapshot, bench.store)
    catalogue = bench.catalogue(contract)
    version = catalogue.resolve("champion") if candidate is None else catalogue.candidate(candidate)
    if version is None:
        message = f"model {contract.name}: no champion"
        raise EvidenceUnavailable(message, next_step=f"set the alias {contract.model.champion!r} in the registry")
    filled, labelled = _with_labels(contract, table)
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
    zone = zone_of(contract, window)
    at = instants(filled, contract.data.time, zone)
    inside = _learned(version, at)
    scores, kept = _scored(bench, contract, version, everything, snapshot, inside, labelled)
    rows = np.flatnonzero(kept)
    rows = rows[np.argsort(at[rows], kind="stable")]
    if len(rows) == 0:
        message = f"the champion of {contract.name} learned from every row, and the contract names no training entry"
        raise EvidenceUnavailable(message, next_step="bring rows it has not seen, or name model.training.entry")
    chosen = pa.array(rows)
    scored = ScoredRows(
        row_id=names.take(chosen),
        at=at[rows],
        outcomes=scores.outcomes.take(rows),
        labelled=labelled[rows],
        cluster=None if scores.cluster is None else scores.cluster[rows],
        columns=filled.select(contract.kept_columns()).take(chosen),
        features=filled.select(contract.data.feature_names).take(chosen),
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
        table=_true_labels(contract, filled, labelled).take(chosen),
        model=version,
        classes=classes,
    )


def instants(table: pa.Table, column: str, zone: str) -> Array:
    """(n,) times as clocks show them in a time zone, `datetime64[s]`; times without a zone are UTC.

    Raises:
        EvidenceUnavailable: when the column holds no times, naming the first value that is none.
    """
    try:
        times = instants_of(table.column(column))
    except pa.ArrowException as error:
        message = f"column {column!r} (data.time) holds something that is no time: {error}"
        raise EvidenceUnavailable(message, next_step="accepted: timestamps, dates, or ISO 8601 text") from error
    if times.null_count:
        message = f"column {column!r} (data.time) is missing in {times.null_count} rows"
        raise EvidenceUnavailable(message, next_step="every row needs a time to fall into a window")
    local = times.to_pandas().dt.tz_convert(zone).dt.tz_localize(None)
    found: Array = local.to_numpy().astype("datetime64[s]")
    return found


def zone_of(contract: Contract, window: str | None = None) -> str:
    """Where days begin at midnight; windows of hours are cut in UTC, where none comes twice or never."""
    return contract.monitoring.timezone if seconds_of(window or contract.monitoring.window) >= DAY else "UTC"


def _with_labels(contract: Contract, table: pa.Table) -> tuple[pa.Table, Array]:
    """The rows with some label in the place of a missing one, and which of the labels are true.

    Raises:
        EvidenceUnavailable: when no row has a label.
    """
    column = table.column(contract.data.label)
    known = pc.is_valid(column).to_numpy(zero_copy_only=False)
    if not known.any():
        message = f"no row of {contract.name} has a label in {contract.data.label!r}"
        raise EvidenceUnavailable(message, next_step="wait for the labels, or check the label column")
    if known.all():
        return table, np.asarray(known)
    some = column.filter(pa.array(known))[0]
    place = table.column_names.index(contract.data.label)
    return table.set_column(place, contract.data.label, pc.fill_null(column, some)), np.asarray(known)


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


def _scored(
    bench: Workbench,
    contract: Contract,
    version: ModelVersion,
    everything: RowSet,
    snapshot: Snapshot,
    inside: Array,
    labelled: Array,
) -> tuple[Scores, Array]:
    """Scores of all rows, and which of them are no reading of what was learned."""
    entry = contract.model.training.entry if contract.model.training else None
    folds = entry is not None and bool(inside.any())
    environment, catalogue = in_declared_environment(
        bench, contract, observe(contract, bench.settings.project), bench.catalogue(contract)
    )
    key = digest_of(
        {
            "model": version.digest,
            "snapshot": snapshot.digest,
            "definition": contract.definition(),
            "dependencies": environment.state.lockfile_digest,
            "kept": [contract.data.time, *contract.kept_columns()],
            "folds": [entry, FOLDS, *(version.training_window or ())] if folds else None,
        }
    )
    kept = ~inside if not folds else np.ones(len(inside), dtype=bool)
    body = bench.store.load("pasts", contract.name, key)
    if body is not None:
        return read_scores(bench.store.file(ScoredPast.stored(body).scores_file)), kept
    bench.progress(f"scoring {counted(len(everything), 'row')} of the past with version {version.version}")
    names = class_names(contract) if contract.task == "binary_classification" else everything.classes
    predicted, _, _ = predict_all(contract, everything.table, everything.names, version, catalogue, names)
    scores = scores_of(contract, everything.table, everything.names, everything.labels, everything.classes, predicted)
    if folds:
        scores = _out_of_fold(bench, contract, version, everything, inside, labelled, scores)
    file = bench.store.put_file(write_scores(scores, everything.classes, bench.settings.scratch))
    record = ScoredPast(
        version=version.version,
        snapshot=snapshot.digest,
        scores_file=file,
        out_of_fold=int(inside.sum()) if folds else 0,
    )
    bench.store.save("pasts", contract.name, key, record)
    return read_scores(bench.store.file(file)), kept


def _out_of_fold(
    bench: Workbench,
    contract: Contract,
    version: ModelVersion,
    everything: RowSet,
    inside: Array,
    labelled: Array,
    scores: Scores,
) -> Scores:
    """The same scores, and for rows of the training window those of models that did not see their weeks."""
    assert contract.data.time is not None  # noqa: S101  # the caller has asked
    at = instants(everything.table, contract.data.time, zone_of(contract))
    fold = (at.astype(np.int64) // WEEK) % FOLDS
    work = Replaying(bench, contract, version, bench.catalogue(contract).artifact(version))
    name, built = work.place(None)
    outcomes = scores.outcomes
    prediction = outcomes.prediction.copy()
    score = None if outcomes.score is None else outcomes.score.copy()
    folds = []
    for number in range(FOLDS):
        held, other = inside & (fold == number), inside & (fold != number) & labelled
        if held.any():
            rows = _part(bench, contract, everything, held, f"weeks {number} of {FOLDS}")
            train = _part(bench, contract, everything, other, f"all weeks but {number} of {FOLDS}")
            folds.append((number, held, (f"{name}, without weeks {number + 1} of {FOLDS}", rows, train)))
    work.jobs.prepare(built, work.knobs, [asked for *_, asked in folds])
    for number, held, (words, rows, train) in folds:
        run = work.jobs.run(words, built, rows, work.knobs, train=train)
        if run.failure is not None:
            message = f"training without weeks {number + 1} of {FOLDS} failed ({run.failure}): {run.words}"
            raise EvidenceUnavailable(
                message, next_step="mend model.training.entry, or leave it out to judge later rows only"
            )
        found = work.jobs.scores(run).outcomes
        prediction[held] = found.prediction
        if score is not None and found.score is not None:
            score[held] = found.score
    changed = replace(outcomes, prediction=prediction, score=score)
    return Scores(scores.row_id, changed, scores.cluster, scores.day, scores.columns, scores.content)


def _part(bench: Workbench, contract: Contract, rows: RowSet, chosen: Array, name: str) -> RowSet:
    mask = pa.array(chosen)
    key = digest_of([rows.key, name, list(rows.columns), contract.data.row_id])
    return RowSet(
        key=key,
        snapshot=rows.snapshot,
        table=rows.table.filter(mask),
        names=rows.names.filter(mask),
        labels=rows.labels[chosen],
        classes=rows.classes,
        columns=rows.columns,
        place=bench.settings.home / "cache" / "rows" / key,
    )
