"""What a model leans on, and how far it repeats itself: some rows scored again, as they are and permuted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from baseline_pipeline.errors import EvidenceUnavailable
from baseline_pipeline.evaluation import Importance, ShapValues
from baseline_pipeline.metrics.answers import best_of, overlap
from baseline_pipeline.metrics.outcomes import Outcomes
from baseline_pipeline.scoring import outputs_of, threads

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pandas as pd
    import pyarrow as pa

    from baseline_pipeline.contract import Contract
    from baseline_pipeline.ports import Explainer, LoadedModel, ModelVersion
    from baseline_pipeline.scoring import Predicted

Array = np.ndarray[Any, Any]
REPLAYED = 2000
"""Rows that are scored a second time as they are."""
SHAP_ROWS = 50
"""Rows whose SHAP values are taken; the model scores them, values exchanged, up to 1.3 million times."""


def explain(
    contract: Contract,
    table: pa.Table,
    labels: Array,
    first: Predicted,
    model: LoadedModel,
    version: ModelVersion,
    classes: tuple[str, ...],
) -> tuple[float, tuple[Importance, ...]]:
    """The largest difference of two scorings of the same rows, and the importance of every feature.

    Rows and permutations are drawn from the number of rows alone: two models on one snapshot see the same ones,
    and their importances differ by what the models do.

    Source: Breiman (2001), Random forests, Mach. Learn. 45:5; Fisher, Rudin and Dominici (2019), All models are
    wrong, but many are useful, J. Mach. Learn. Res. 20:177.

    Args:
        contract: How many rows and permutations, and the features.
        table: The rows that were scored, n of them.
        labels: (n,) their labels.
        first: What the model gave.
        model: The model, in memory.
        version: Which one it is.
        classes: Names of the classes.

    Raises:
        ModelFailed: when it gives no usable output the second time.
    """

    def again(frame: pd.DataFrame) -> Array:
        return _position(outputs_of(contract, frame, model, version, classes))

    features = table.select(contract.data.feature_names)
    known = _position(first)
    with threads(contract.environment.threads):
        replay = _apart(again(features.slice(0, REPLAYED).to_pandas()), known[:REPLAYED]).max(initial=0.0)
        rng = np.random.Generator(np.random.Philox(table.num_rows))
        rows = np.sort(rng.permutation(table.num_rows)[: contract.explain.rows])
        frame = features.take(rows).to_pandas() if len(rows) > 1 else None
        found = [] if frame is None else _importances(contract, frame, labels[rows], known[rows], again, rng)
    return float(replay), tuple(found)


def explain_by_shap(
    contract: Contract,
    table: pa.Table,
    model: LoadedModel,
    version: ModelVersion,
    classes: tuple[str, ...],
    explainer: Explainer,
    folder: Path,
) -> ShapValues:
    """Mean |SHAP value| of every feature on rows drawn from the number of rows alone, or why there is none.

    Args:
        contract: The features.
        table: The rows that were scored, n of them.
        model: The model, in memory.
        version: Which one it is.
        classes: Names of the classes.
        explainer: Computes the values.
        folder: Where it leaves its plots.
    """
    if contract.task == "question_answering" or (classes[2:] and not contract.wants_scores):
        return ShapValues(note="SHAP values take numbers apart, and this model answers with texts or classes")
    rng = np.random.Generator(np.random.Philox(table.num_rows))
    rows = np.sort(rng.permutation(table.num_rows)[:SHAP_ROWS])
    if len(rows) < 2:  # noqa: PLR2004  # one row has nothing to be held against
        return ShapValues(note="SHAP values need two rows")
    frame = table.select(contract.data.feature_names).take(rows).to_pandas()
    try:
        with threads(contract.environment.threads):
            found = explainer.values(
                frame, lambda changed: _position(outputs_of(contract, changed, model, version, classes)), folder
            )
    except EvidenceUnavailable as failure:
        return ShapValues(note=failure.message)
    sizes = np.abs(found)
    sizes = sizes if sizes.ndim == 2 else sizes.sum(axis=2) / 2  # noqa: PLR2004  # rows and features
    if not np.isfinite(sizes).all():
        return ShapValues(note="SHAP values are not finite")
    errors = sizes.std(axis=0, ddof=1) / np.sqrt(len(rows))
    importances = tuple(
        Importance(feature=name, loss=None, loss_error=None, movement=float(size), movement_error=float(error))
        for name, size, error in zip(contract.data.feature_names, sizes.mean(axis=0), errors, strict=True)
    )
    return ShapValues(importances=importances, rows=len(rows))


def _importances(
    contract: Contract, frame: pd.DataFrame, labels: Array, known: Array, again: Callable[[Any], Array], rng: Any
) -> list[Importance]:
    """One feature after the other permuted among the rows."""
    found = []
    before = _loss(known, labels)
    for name in contract.data.feature_names:
        orders = np.array([rng.permutation(len(frame)) for _ in range(contract.explain.repeats)])
        scored = [again(frame.assign(**{name: frame[name].array.take(order)})) for order in orders]
        gaps = [_apart(one, known) for one in scored]
        movement, movement_error = _over_pairs(
            np.array([gap if gap.ndim == 1 else gap.sum(axis=1) / 2 for gap in gaps]), orders
        )
        loss, loss_error = _over_pairs(np.array([_loss(one, labels) - before for one in scored]), orders)
        found.append(
            Importance(
                feature=name,
                loss=None if contract.task == "ranking" else loss,
                loss_error=None if contract.task == "ranking" else loss_error,
                movement=movement,
                movement_error=movement_error,
            )
        )
    return found


def _over_pairs(values: Array, orders: Array) -> tuple[float, float]:
    """Mean of what became of rows that took values of others, and its standard error.

    A row counts with what it took and with what it gave: taken for independent by what they took alone, rows made
    errors up to a third too small. What a row took and gave holds the luck of both its partners, of which the mean
    holds half.

    Source: Hoeffding (1948), A class of statistics with asymptotically normal distribution, Ann. Math. Statist. 19:293.

    Args:
        values: (r, n) of every repeat and row.
        orders: (r, n) whose value the row took.
    """
    repeats, rows = values.shape
    given = np.empty_like(values)
    np.put_along_axis(given, orders, values, axis=1)
    both = (values + given).mean(axis=0).var(ddof=1)
    variance = max(both - values.var() / repeats, both / 2)
    return float(values.mean()), float(np.sqrt(variance / rows))


def _position(predicted: Predicted) -> Array:
    """(n,) or (n, k) what the model says, as numbers that can be compared, or as text."""
    said = predicted.prediction if predicted.score is None else predicted.score
    return said if said.dtype == object else np.asarray(said, dtype=float)


def _apart(one: Array, other: Array) -> Array:
    """(n,) or (n, k) how far two answers are apart; texts are the same (0) or not (1)."""
    return np.asarray(one != other, dtype=float) if one.dtype == object else np.abs(one - other)


def _loss(said: Array, labels: Array) -> Array:
    """(n,) squared error: of the score against what happened, or of the prediction against the target.

    Of an answer in words, what F1 is short of one.
    """
    if said.dtype == object:
        return 1 - best_of(Outcomes(labels, said), overlap)
    if said.ndim == 1:
        return np.asarray((said - labels) ** 2)
    happened = np.zeros_like(said)
    happened[np.arange(len(said)), np.asarray(labels, dtype=int)] = 1.0
    return np.asarray(((said - happened) ** 2).sum(axis=1))
