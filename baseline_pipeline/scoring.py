"""A model run over a snapshot in batches: outputs checked, every stage timed."""

from __future__ import annotations

import time
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from baseline_pipeline.errors import BaselineError, ModelFailed, foreign
from baseline_pipeline.evaluation import Timing
from baseline_pipeline.metrics.classes import class_name

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from baseline_pipeline.contract import Contract
    from baseline_pipeline.ports import LoadedModel, ModelCatalogue, ModelVersion

Array = np.ndarray[Any, Any]
BATCH_ROWS = 10_000
CHECK = "check the model, or model.output and positive_class in the contract"
GIVES_CLASSES = "it gives classes: declare `model: {output: prediction}`, or let it give a probability of each"
FEWEST = 20
"""Rows from which on scores are said to be labels."""
TOLERANCE = 1e-6
"""How far a row's class probabilities may be from summing to one."""


@dataclass(frozen=True)
class Predicted:
    """Outputs of n rows.

    Attributes:
        prediction: (n,) class numbers, targets, what items are ranked by, or answers as text.
        score: (n,) or (n, k) probabilities; `None` where the model gives finished predictions.
    """

    prediction: Array
    score: Array | None


def predict_all(
    contract: Contract,
    table: pa.Table,
    names: pa.Array,
    version: ModelVersion,
    catalogue: ModelCatalogue,
    classes: tuple[str, ...],
) -> tuple[Predicted, Timing, LoadedModel]:
    """Outputs for all rows in order, where the time went, and the model itself.

    Raises:
        ModelFailed: naming the version and the cause, or the first row whose output is no output.
    """
    clock = time.perf_counter
    preprocess = predict = postprocess = 0.0
    outputs: list[Array] = []
    per_row: list[float] = []
    started = clock()
    model = catalogue.load(version)
    load = clock() - started
    features = table.select(contract.data.feature_names)
    peak = _resident()
    with threads(contract.environment.threads):
        for start in range(0, table.num_rows, BATCH_ROWS):
            before = clock()
            frame = features.slice(start, BATCH_ROWS).to_pandas()
            ready = clock()
            try:
                raw = model.predict(frame)
            except (Exception, SystemExit) as error:  # a model that ends the process would end it with its own code
                message = f"version {version.version} of {version.name} does not predict: {_words(error)}"
                raise ModelFailed(message, next_step="compare its signature with the contract's features") from error
            done = clock()
            outputs.append(_array(raw, len(frame), names, start, version))
            preprocess += ready - before
            predict += done - ready
            per_row.append((done - ready) / len(frame))
            peak = max(peak, _resident())
            postprocess += clock() - done
    after = clock()
    predicted = interpret(contract, np.concatenate(outputs), names, version, classes)
    postprocess += clock() - after
    timing = Timing(
        load=load,
        preprocess=preprocess,
        predict=predict,
        postprocess=postprocess,
        batches=len(per_row),
        batch_rows=BATCH_ROWS,
        latency_ms=_latency(per_row),
        peak_memory_mb=peak,
    )
    return predicted, timing, model


def outputs_of(
    contract: Contract, frame: pd.DataFrame, model: LoadedModel, version: ModelVersion, classes: tuple[str, ...]
) -> Predicted:
    """Outputs for a batch that was scored before, as it was or changed.

    Raises:
        ModelFailed: naming the version and the cause.
    """
    import pyarrow as pa

    try:
        raw = model.predict(frame)
    except (Exception, SystemExit) as error:
        message = f"version {version.version} of {version.name} does not predict a second time: {_words(error)}"
        raise ModelFailed(message) from error
    names = pa.array([f"replayed {number}" for number in range(len(frame))])
    return interpret(contract, _array(raw, len(frame), names, 0, version), names, version, classes)


def _latency(per_row: list[float]) -> dict[str, float]:
    milliseconds = 1000 * np.array(per_row)
    return {
        "mean": float(milliseconds.mean()),
        **{f"p{level}": float(np.percentile(milliseconds, level)) for level in (50, 95, 99)},
    }


def threads(limit: int | None) -> AbstractContextManager[object]:
    """Numerical libraries held to so many threads, where the contract says so."""
    if limit is None:
        return nullcontext()
    from threadpoolctl import threadpool_limits

    return threadpool_limits(limits=limit)  # type: ignore[no-any-return]  # untyped


def _resident() -> float:
    """Resident memory of this process, in MB."""
    import psutil

    return float(psutil.Process().memory_info().rss) / 1e6


def _words(error: BaseException) -> str:
    if isinstance(error, BaselineError):  # a worker's words, not the model's
        return error.message
    return foreign(error)


def _array(raw: object, rows: int, names: pa.Array, start: int, version: ModelVersion) -> Array:
    texts = isinstance(raw, list | tuple) and any(isinstance(one, str) for one in raw)
    try:
        values = np.asarray(raw, dtype=object if texts else None)  # numpy makes every text as wide as the widest
    except ValueError as error:
        message = (
            f"version {version.version} gave rows of unequal length (from row {names[start].as_py()} on); "
            "accepted: one value, or one row of class probabilities, per row"
        )
        raise ModelFailed(message) from error
    if values.ndim == 2 and values.shape[1] == 1:  # noqa: PLR2004  # one column is a vector
        values = values[:, 0]
    if values.ndim not in {1, 2} or len(values) != rows:
        message = (
            f"version {version.version} gave output of shape {values.shape} for {rows} rows "
            f"(from row {names[start].as_py()} on); accepted: one value, or one row of class probabilities, per row"
        )
        raise ModelFailed(message)
    return values


def interpret(
    contract: Contract, values: Array, names: pa.Array, version: ModelVersion, classes: tuple[str, ...]
) -> Predicted:
    """A model's raw outputs as what the contract takes them for.

    Args:
        contract: Task, threshold, whether outputs are scores.
        values: (n,) or (n, k) outputs.
        names: The rows, for messages.
        version: The model, for messages.
        classes: Names of the classes.

    Raises:
        ModelFailed: naming the first row whose output is none.
    """
    if contract.task == "question_answering":
        return Predicted(_answers(values, names, version), None)
    if contract.gives_numbers or contract.model.output == "prediction":
        _one_each(values, version, "one prediction per row")
    if contract.gives_numbers:
        return Predicted(_finite(_numbers(values, names, version), names, version), None)
    if contract.model.output == "prediction":
        known = {name: number for number, name in enumerate(classes)}
        texts = [class_name(value) for value in values.tolist()]
        return Predicted(np.array([known.get(text, -1) for text in texts]), None)
    score = _finite(_numbers(values, names, version, classes), names, version)
    if contract.task != "binary_classification":
        _one_column_each(contract, score, version, classes)
    score = _probabilities(score, names, version)
    if contract.task == "binary_classification":
        if score.ndim == 2:  # noqa: PLR2004  # both classes' columns: the second is the positive one
            if score.shape[1] != 2:  # noqa: PLR2004
                _one_each(score, version, "the positive class's probability, or both classes'")
            score = score[:, 1]
        return Predicted((score >= contract.model.threshold).astype(np.int64), score)
    score = np.pad(score, ((0, 0), (0, len(classes) - score.shape[1])))  # a class that the model does not know
    return Predicted(score.argmax(axis=1), score)


def labels_for_scores(score: Array | None) -> str:
    """Why scores look like labels; empty where they do not, or where that may be chance.

    Args:
        score: (n,) or (n, k) probabilities.

    Example:
        >>> labels_for_scores(np.array([0.0, 1.0] * 20))[:31]
        'all 40 scores are exactly 0 or '
        >>> labels_for_scores(np.array([0.0, 1.0])), labels_for_scores(np.zeros(40)), labels_for_scores(None)
        ('', '', '')
    """
    if score is None or len(score) < FEWEST or not ((score == 0) | (score == 1)).all() or (score == score[0]).all():
        return ""
    return (
        f"all {len(score)} scores are exactly 0 or 1, as labels are: ranking, log loss, Brier score and calibration "
        "are not what they seem then; give probabilities, or declare `model: {output: prediction}`"
    )


def _one_each(values: Array, version: ModelVersion, accepted: str) -> None:
    if values.ndim > 1:
        message = f"version {version.version} gave {values.shape[1]} columns; accepted: {accepted}"
        raise ModelFailed(message, next_step="wrap it in a function that gives what the label is (model.function)")


def _one_column_each(contract: Contract, score: Array, version: ModelVersion, classes: tuple[str, ...]) -> None:
    """Let only scores through that have a column for each class that the model knows."""
    declared = contract.model.class_names
    known = declared if declared and classes[: len(declared)] == declared else classes
    columns = score.shape[1] if score.ndim == 2 else 1  # noqa: PLR2004  # one column per class
    if columns != len(known):
        whose = "model.classes" if known == declared else "the labels of these rows"
        message = (
            f"version {version.version} gave {columns} columns for {len(known)} classes ({', '.join(known)}: {whose})"
        )
        raise ModelFailed(message, next_step="name all the model's classes, in the order of its columns: model.classes")


def _answers(values: Array, names: pa.Array, version: ModelVersion) -> Array:
    """(n,) texts; an empty one is no answer, and anything else is none of the model's."""
    found = values.astype(object)
    if found.ndim != 1:
        message = f"version {version.version} gave output of shape {values.shape}; accepted: one text per row"
        raise ModelFailed(message)
    bad = np.array([not isinstance(one, str) for one in found.tolist()], dtype=bool)
    _first_bad(bad, found, names, version, "a text ('' for no answer)")
    return found


def _numbers(values: Array, names: pa.Array, version: ModelVersion, classes: tuple[str, ...] = ()) -> Array:
    try:
        return np.asarray(values.astype(float))
    except (TypeError, ValueError):
        rows = values.reshape(len(values), -1).tolist()
        bad = np.array([not all(_is_number(one) for one in row) for row in rows], dtype=bool)
        labels = all(class_name(one) in classes for row in rows for one in row)
        _first_bad(bad, values, names, version, "a number", GIVES_CLASSES if labels else CHECK)
        raise


def _is_number(value: object) -> bool:
    try:
        np.asarray(value).astype(float)
    except (TypeError, ValueError):
        return False
    return True


def _finite(values: Array, names: pa.Array, version: ModelVersion) -> Array:
    good: Array = np.isfinite(values)
    good = good if good.ndim == 1 else np.asarray(good.all(axis=1))
    _first_bad(~good, values, names, version, "a finite number")
    return values


def _probabilities(values: Array, names: pa.Array, version: ModelVersion) -> Array:
    bad: Array = (values < 0) | (values > 1)
    bad = bad if bad.ndim == 1 else np.asarray(bad.any(axis=1)) | (np.abs(values.sum(axis=1) - 1) > TOLERANCE)
    _first_bad(bad, values, names, version, "a probability between 0 and 1 (classes summing to 1)")
    return values


def _first_bad(
    bad: Array, values: Array, names: pa.Array, version: ModelVersion, accepted: str, step: str = CHECK
) -> None:
    if bad.any():
        row = int(bad.argmax())
        message = (
            f"version {version.version} gave {values.tolist()[row]!r} for row {names[row].as_py()} "
            f"({int(bad.sum())} such rows); accepted: {accepted}"
        )
        raise ModelFailed(message, next_step=step)
