"""The second stage: a model version scored on a snapshot, and the evidence kept."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from baseline_pipeline import __version__
from baseline_pipeline.arrow_numbers import numeric
from baseline_pipeline.content import instants_of, row_contents
from baseline_pipeline.contract import Contract
from baseline_pipeline.errors import DataUnreadable
from baseline_pipeline.evaluation import EnvironmentState, Evaluation, MetricValue, Scores, ShapValues, Subject
from baseline_pipeline.explaining import explain, explain_by_shap
from baseline_pipeline.fingerprint import Fingerprint
from baseline_pipeline.labels import encode_labels, labelled_rows, refuse_misfits
from baseline_pipeline.metrics.outcomes import Outcomes
from baseline_pipeline.ports import Explainer, LoadedModel, ModelCatalogue, ModelVersion, Store
from baseline_pipeline.records import Digest, digest_of
from baseline_pipeline.scores_file import write_scores
from baseline_pipeline.scoring import Predicted, labels_for_scores, predict_all
from baseline_pipeline.snapshot import Snapshot
from baseline_pipeline.summaries.arrays import doubles

Measure = Callable[[Contract, Scores], "tuple[MetricValue, ...]"]


def evaluation_key(
    contract: Contract,
    fingerprint: Fingerprint,
    environment: EnvironmentState,
    *,
    repeat: int = 0,
    explainer: Explainer | None = None,
    known: tuple[str, ...] = (),
    training_window: tuple[str, str] | None = None,
) -> Digest:
    """Names an evaluation by everything its row-level results depend on; equal keys need no second run.

    The packages and machine facts that contradict what was declared belong to it: an interpreter
    that is repaired later gives another evaluation. So does what computes SHAP values, where they are asked for, and
    classes that are known from elsewhere than the rows and the contract, and the days that the model learned from:
    metrics are of the other rows.
    """
    shap = {} if explainer is None else {"shap": explainer.identity}
    return digest_of(
        {
            **({"classes": list(known)} if known else {}),
            **({"training_window": list(training_window)} if training_window else {}),
            "fingerprint": fingerprint.body(),
            "definition": contract.definition(),
            "slices": [spec.model_dump(mode="json") for spec in contract.slices],
            "metrics": [rule.measured.name for rule in contract.metrics],
            "differences": [one.body() for one in environment.differences],
            "contradictions": list(environment.contradictions),
            "explain": {**contract.explain.model_dump(mode="json", exclude={"shap"}), **shap},
            "repeat": repeat,
        }
    )


def evaluate(
    contract: Contract,
    snapshot: Snapshot,
    table: pa.Table,
    version: ModelVersion,
    catalogue: ModelCatalogue,
    *,
    fingerprint: Fingerprint,
    environment: EnvironmentState,
    store: Store,
    scratch: Path,
    measure: Measure,
    repeat: int = 0,
    explainer: Explainer | None = None,
    known: tuple[str, ...] = (),
) -> tuple[Evaluation, Scores]:
    """Score a model on a snapshot and keep the evidence: rows, metrics, timing, environment.

    Args:
        contract: What the columns mean.
        snapshot: The rows' record.
        table: The rows.
        version: The exact model.
        catalogue: Loads it.
        fingerprint: What the evaluation depends on.
        environment: Declared and observed environment.
        store: Keeps scores and record.
        scratch: Unfinished files, on the store's file system.
        measure: From rows to metrics.
        repeat: Above 0 for a repetition of an evaluation that exists.
        explainer: Computes SHAP values, where the contract asks for them; where it cannot, the evaluation says why.
        known: The model's classes, where the rows lack some of them and the contract does not say.

    Raises:
        ModelFailed: when the model does not load, does not predict, or gives no usable output.
        DataUnreadable: when a label is none that the contract knows, or there are no labels.
        ContractError: when a metric names a class that no label has, or lacks one.
    """
    labelled, names = labelled_rows(contract, table, snapshot.digest)
    labels, classes = encode_labels(contract, labelled, known)
    refuse_misfits(contract, classes)
    predicted, timing, model = predict_all(contract, labelled, names, version, catalogue, classes)
    replay, importances = explain(contract, labelled, labels, predicted, model, version, classes)
    shap = None
    if explainer is not None:
        shap = _shap(contract, labelled, model, version, classes, explainer=explainer, store=store, scratch=scratch)
    scores = scores_of(contract, labelled, names, labels, classes, predicted)
    file = store.put_file(write_scores(scores, classes, scratch))
    judged, learned = _unseen(scores, version)
    evaluation = Evaluation(
        key=evaluation_key(
            contract,
            fingerprint,
            environment,
            repeat=repeat,
            explainer=explainer,
            known=known,
            training_window=version.training_window,
        ),
        model=contract.name,
        subject=Subject(
            name=version.name,
            version=version.version,
            uri=version.uri,
            digest=version.digest,
            training_window=version.training_window,
        ),
        snapshot=snapshot.digest,
        fingerprint=fingerprint,
        definition=contract.definition(),
        environment=environment,
        timing=timing,
        rows=labelled.num_rows,
        classes=classes,
        metrics=measure(contract, judged),
        scores_file=file,
        engine=__version__,
        unlabelled=table.num_rows - labelled.num_rows,
        learned=learned,
        replay_difference=replay,
        importances=importances,
        doubt=labels_for_scores(predicted.score),
        shap=shap,
    )
    store.save("evaluations", contract.name, evaluation.key, evaluation)
    return evaluation, scores


def window_doubt(contract: Contract, version: ModelVersion) -> str:
    """That nobody said which days a registered model learned from, or by what a row is one of them; empty where known.

    Args:
        contract: Says when a prediction was due, if it does.
        version: Says what it learned from, if it does.
    """
    if version.training_window is not None and contract.data.time is None:
        days = " to ".join(version.training_window)
        return f"version {version.version} learned from {days}, and without data.time no row is left out for it"
    if version.training_window is None and contract.data.time is not None and contract.model.registered is not None:
        words = f"which days version {version.version} learned from is not known, so it is judged on all rows"
        return f"{words}; tag the version training_window=2026-01-01/2026-03-31"
    return ""


def _unseen(scores: Scores, version: ModelVersion) -> tuple[Scores, int]:
    """The rows that the model did not learn from, or all where there are no others; and how many it learned from."""
    unseen = scores.outside([version.training_window] if version.training_window else [])
    learned = int((~unseen).sum())
    return (scores.take(np.flatnonzero(unseen)) if 0 < learned < len(unseen) else scores), learned


def _shap(
    contract: Contract,
    table: pa.Table,
    model: LoadedModel,
    version: ModelVersion,
    classes: tuple[str, ...],
    *,
    explainer: Explainer,
    store: Store,
    scratch: Path,
) -> ShapValues:
    """SHAP values, their plots in the store."""
    scratch.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=scratch) as name:
        found = explain_by_shap(contract, table, model, version, classes, explainer, Path(name))
        plots = {plot.stem: store.put_file(plot) for plot in sorted(Path(name).glob("*.png"))}
    return found.model_copy(update={"plots": plots})


def scores_of(
    contract: Contract,
    labelled: pa.Table,
    names: pa.Array,
    labels: np.ndarray[Any, Any],
    classes: tuple[str, ...],
    predicted: Predicted,
) -> Scores:
    """Row-level results: what was predicted, beside labels, clusters, days and slice columns."""
    return Scores(
        row_id=names,
        outcomes=Outcomes(
            labels,
            predicted.prediction,
            predicted.score,
            weight=_weights(labelled, names, contract.data.weight),
            columns={name: metric_column(labelled, name) for name in contract.metric_columns()},
            classes=len(classes) if contract.task == "multiclass_classification" else None,
            query=queries_of(contract, labelled, names),
            class_names=classes,
        ),
        cluster=_texts(labelled, contract.data.cluster),
        day=days_of(labelled, contract.data.time),
        columns=labelled.select(contract.kept_columns()),
        content=row_contents(labelled, [*contract.data.feature_names, contract.data.label]),
    )


def queries_of(contract: Contract, table: pa.Table, names: pa.Array) -> np.ndarray[Any, Any] | None:
    """(n,) the query of each row, where items are ranked.

    Raises:
        DataUnreadable: when a row has none, or a query's rows lie in several clusters.
    """
    query, cluster = contract.data.query, contract.data.cluster
    if query is None:
        return None
    column = table.column(query)
    if column.null_count:
        row = column.is_null().index(pa.scalar(value=True)).as_py()
        message = f"column {query!r} (data.query) is missing in {column.null_count} rows, first in {names[row].as_py()}"
        raise DataUnreadable(message, next_step="every item is ranked for a query; leave the others out at the source")
    if cluster is not None and cluster != query:
        pairs = table.select([query, cluster]).group_by([query]).aggregate([(cluster, "count_distinct")])
        torn = pairs.filter(pc.greater(pairs.column(f"{cluster}_count_distinct"), 1)).column(query)
        if len(torn):
            message = f"query {torn[0].as_py()!r} lies in several clusters ({cluster!r}); {len(torn)} such queries"
            raise DataUnreadable(message, next_step="name a data.cluster that holds whole queries, or leave it out")
    return _values(table, query)


def _weights(table: pa.Table, names: pa.Array, column: str | None) -> np.ndarray[Any, Any] | None:
    if column is None:
        return None
    try:
        weights = doubles(table.column(column))
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        message = f"column {column!r} (data.weight) is {table.column(column).type}: {error}"
        raise DataUnreadable(message, next_step="weights are positive numbers") from error
    bad = ~(np.isfinite(weights) & (weights > 0))
    if bad.any():
        row = int(bad.argmax())
        message = (
            f"weight {weights[row]:g} in column {column!r} of row {names[row].as_py()} ({int(bad.sum())} such rows)"
        )
        raise DataUnreadable(message, next_step="weights are positive numbers; leave a row out to give it none")
    return np.asarray(weights)


def _texts(table: pa.Table, column: str | None) -> np.ndarray[Any, Any] | None:
    return None if column is None else _values(table, column)


def metric_column(table: pa.Table, column: str) -> np.ndarray[Any, Any]:
    """A column as metrics read it: numbers as numbers, missing ones as NaN; anything else as text."""
    kind = table.column(column).type
    if numeric(kind):
        return doubles(table.column(column))
    return _values(table, column)


def _values(table: pa.Table, column: str) -> np.ndarray[Any, Any]:
    """A column as text; a missing value is a value of its own."""
    texts = pc.fill_null(pc.cast(table.column(column), pa.string()), "(missing)")
    found: np.ndarray[Any, Any] = texts.to_numpy().astype(str)
    return found


def days_of(table: pa.Table, column: str | None) -> np.ndarray[Any, Any] | None:
    """UTC days of the time column; text is read as ISO 8601."""
    if column is None:
        return None
    days: np.ndarray[Any, Any] = instants_of(table.column(column)).to_numpy().astype("datetime64[D]")
    return days
