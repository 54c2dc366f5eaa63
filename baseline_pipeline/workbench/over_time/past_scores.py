"""Scores of a past that are kept: the model's own, and out of fold where it learned from the rows."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from baseline_pipeline.errors import EvidenceUnavailable
from baseline_pipeline.evaluating import scores_of
from baseline_pipeline.evaluation import Scores
from baseline_pipeline.figures import counted
from baseline_pipeline.labels import class_names
from baseline_pipeline.records import Digest, Record, digest_of
from baseline_pipeline.scores_file import read_scores, write_scores
from baseline_pipeline.scoring import predict_all
from baseline_pipeline.workbench.iteration.elsewhere import in_declared_environment
from baseline_pipeline.workbench.iteration.environment import observe
from baseline_pipeline.workbench.over_time.clocks import instants, zone_of
from baseline_pipeline.workbench.replays.replaying import Replaying
from baseline_pipeline.workbench.replays.rows import RowSet

if TYPE_CHECKING:
    from baseline_pipeline.contract import Contract
    from baseline_pipeline.ports import ModelVersion
    from baseline_pipeline.snapshot import Snapshot
    from baseline_pipeline.workbench.workbench import Workbench

Array = np.ndarray[Any, Any]
FOLDS = 5
WEEK = 7 * 86400


class ScoredPast(Record):
    """Where the scores of a past are kept."""

    version: str
    snapshot: Digest
    scores_file: Digest
    out_of_fold: int


def scores_of_past(
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
            rows = _part(bench, contract, everything, held)
            train = _part(bench, contract, everything, other)
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


def _part(bench: Workbench, contract: Contract, rows: RowSet, chosen: Array) -> RowSet:
    """Some of the rows, named by which they are: another training window cuts other folds from the same past."""
    mask = pa.array(chosen)
    which = hashlib.sha256(np.packbits(chosen).tobytes()).hexdigest()
    key = digest_of([rows.key, which, list(rows.columns), contract.data.row_id])
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
