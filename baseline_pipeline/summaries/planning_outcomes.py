"""The plan that a contract makes of what is counted of labels, predictions and scores."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from baseline_pipeline.arrow_numbers import TEXTS, family
from baseline_pipeline.errors import ContractError, DataUnreadable
from baseline_pipeline.expression import length_of, values_of
from baseline_pipeline.metrics.classes import class_name
from baseline_pipeline.summaries.arrays import doubles
from baseline_pipeline.summaries.grid import Grid
from baseline_pipeline.summaries.outcome_plan import Cut, OutcomePlan

if TYPE_CHECKING:
    from collections.abc import Mapping

    from baseline_pipeline.contract import Contract
    from baseline_pipeline.summaries.engine import Engine

MOST_CLUSTERS = 2048
"""Clusters up to which each is counted by itself."""


def plan_outcomes(
    contract: Contract, engine: Engine, rows: pa.Table | str, *, score: str, prediction: str
) -> OutcomePlan:
    """The plan of a contract, its resolution set by some of the baseline's rows.

    Args:
        contract: Label, classes, slices, weights, clusters.
        engine: Where the rows are read.
        rows: The baseline's rows.
        score: Column of scores.
        prediction: Column of predictions.

    Raises:
        DataUnreadable: when the rows lack the label, hold neither scores nor predictions, or predictions that are no
            classes.
        ContractError: for a task that summaries cannot hold.
    """
    require_countable(contract)
    with engine.named(rows) as relation:
        schema = engine.schema(relation)
    types = {field.name: field.type for field in schema}
    given = _given(contract, types, score, prediction)
    _require_classes(contract, types, given["prediction"])
    cuts: dict[str, Cut] = {}
    values: list[str] = []
    for spec in contract.slices:
        for column in spec.by or []:
            parts = spec.parts(column)
            if parts is None:
                values.append(column)
            else:
                cut = _cut(engine, rows, types, column, parts)
                cuts[cut.name] = cut
    plan = OutcomePlan(
        task=contract.task,
        label=contract.data.label,
        positive=_positive(contract),
        threshold=contract.model.threshold,
        values=tuple(dict.fromkeys([*values, *contract.metric_columns()])),
        cuts=tuple(cuts.values()),
        conditions=_conditions(contract),
        weight=contract.data.weight,
        cluster=contract.data.cluster,
        **given,
    )
    if plan.cluster is not None and plan.cluster in types:
        plan = plan.model_copy(update={"cluster_blocks": _many(engine, rows, plan.cluster)})
    absent = [name for name in plan.columns() if name not in types]
    if absent:
        message = f"{_shown(rows)}: no column {absent[0]!r}; columns: {', '.join(types)}"
        raise DataUnreadable(message)
    return plan if contract.task != "regression" else _with_grids(plan, engine, rows)


def require_planned(contract: Contract, plan: OutcomePlan, place: str) -> None:
    """Let only a stored plan through that holds what the contract asks for now.

    Args:
        contract: Label, classes, slices, weights, clusters.
        plan: What was counted.
        place: Where it is stored.

    Raises:
        DataUnreadable: with the first thing that was counted otherwise.
    """
    by = [(column, spec.parts(column)) for spec in contract.slices for column in spec.by or []]
    cuts = {cut.name for cut in plan.cuts}
    once = {
        "task": (plan.task, contract.task),
        "data.label": (plan.label, contract.data.label),
        "model.positive_class": (plan.positive, _positive(contract)),
        "model.threshold": (plan.threshold, contract.model.threshold),
        "data.weight": (plan.weight, contract.data.weight),
        "data.cluster": (plan.cluster, contract.data.cluster),
    }
    other = [f"{name} is {new!r}, and was {old!r}" for name, (old, new) in once.items() if old != new]
    values = [*(column for column, parts in by if parts is None), *contract.metric_columns()]
    other += [f"it has no slices by {name}" for name in values if name not in plan.values]
    other += [
        f"it has no {parts} parts of {column}" for column, parts in by if parts and f"{column}/{parts}" not in cuts
    ]
    other += [
        f"it has no slice {name!r} of `{text}`"
        for name, text in _conditions(contract)
        if (name, text) not in plan.conditions
    ]
    if other:
        message = f"{place} was counted under another contract: {other[0]}"
        raise DataUnreadable(
            message, next_step=f"count its rows again: `baseline scan {contract.name} ROWS --save {place}`"
        )


def _positive(contract: Contract) -> str | None:
    return None if contract.model.positive_class is None else class_name(contract.model.positive_class)


def _conditions(contract: Contract) -> tuple[tuple[str, str], ...]:
    return tuple((spec.name or spec.where, spec.where) for spec in contract.slices if spec.where)


def require_countable(contract: Contract) -> None:
    """Let only tasks through whose metrics follow from counts of labels and predictions.

    Raises:
        ContractError: for answers in words, and for items ranked within their query.
    """
    why = {"question_answering": "answers in words", "ranking": "the order of a query's items"}.get(contract.task)
    if why is not None:
        message = f"{contract.name}: {why} cannot be told from counts, and a scan holds nothing else"
        raise ContractError(message, next_step=f"`baseline run {contract.name}` measures it row by row")


def _many(engine: Engine, rows: pa.Table | str, cluster: str) -> bool:
    with engine.named(rows) as relation:
        statement = f"SELECT COUNT(DISTINCT {engine.dialect.name(cluster)}) AS n FROM {relation}"  # noqa: S608  # quoted
        return bool(engine.query(statement)["n"][0].as_py() > MOST_CLUSTERS)


def _given(contract: Contract, types: Mapping[str, pa.DataType], score: str, prediction: str) -> dict[str, Any]:
    """Which of the columns of scores and predictions are there and are to be read."""
    if contract.task == "multiclass_classification":
        return _given_of_classes(contract, types, score, prediction)
    scored = contract.task == "binary_classification" and score in types and contract.model.output != "prediction"
    predicted = prediction in types and (not scored or prediction != score)
    if not scored and not predicted:
        accepted = f"{score!r} (scores) or {prediction!r} (predictions)"
        message = f"no column of {accepted}; columns: {', '.join(types)}"
        raise DataUnreadable(message, next_step="name them with --score or --prediction")
    return {"score": score if scored else None, "prediction": prediction if predicted and not scored else None}


def _given_of_classes(
    contract: Contract, types: Mapping[str, pa.DataType], score: str, prediction: str
) -> dict[str, Any]:
    """A column of probabilities for each class, named `score.CLASS`, or predictions, or both."""
    there = tuple(name for name in types if name.startswith(f"{score}.")) if contract.wants_scores else ()
    there = there if there[1:] else ()  # one column is no distribution over classes
    scores = tuple(f"{score}.{name}" for name in contract.model.class_names) if there else ()
    absent = [name for name in scores if name not in types]
    if absent:
        message = f"no column {absent[0]!r}: {there[0]!r} is there, and every class of model.classes needs its own"
        raise DataUnreadable(message, next_step=f"add it, or leave all columns {score}.CLASS out")
    if not there and prediction not in types:
        accepted = f"{prediction!r} (predictions) or '{score}.CLASS' for every class (probabilities)"
        message = f"no column of {accepted}; columns: {', '.join(types)}"
        raise DataUnreadable(message, next_step="name them with --score or --prediction")
    found = scores or there
    return {
        "scores": found,
        "classes": tuple(name.removeprefix(f"{score}.") for name in found),
        "prediction": prediction if prediction in types else None,
    }


def _require_classes(contract: Contract, types: Mapping[str, pa.DataType], prediction: str | None) -> None:
    """Refuse fractions that stand for classes of texts, as another model's predictions do.

    Raises:
        DataUnreadable: with both types.
    """
    label = contract.data.label
    if prediction is None or contract.task == "regression" or label not in types:
        return
    if pa.types.is_floating(types[prediction]) and family(types[label]) == TEXTS:
        message = f"column {prediction!r} is {types[prediction]}, and {label!r} holds classes as {types[label]}"
        raise DataUnreadable(message, next_step="name the column of predicted classes with `--prediction NAME`")


def _cut(engine: Engine, rows: pa.Table | str, types: Mapping[str, pa.DataType], column: str, parts: int) -> Cut:
    text = length_of(column)
    if text is not None and text in types and pa.types.is_string(types[text]):
        found = doubles(values_of(engine.sample(rows, [text], everywhere=True), column))
        return Cut(column=column, parts=parts, edges=_edges(found, parts))
    kind = types.get(column)
    if kind is None or not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)):
        message = f"slice column {column!r} is {kind or 'absent'} and is to be cut at quantiles; accepted: numbers"
        raise DataUnreadable(message, next_step="leave out `quantiles` to slice by the column's values")
    found = doubles(engine.sample(rows, [column], everywhere=True)[column])
    return Cut(column=column, parts=parts, edges=_edges(found, parts))


def _edges(found: np.ndarray[Any, Any], parts: int) -> tuple[float, ...]:
    finite = found[np.isfinite(found)]
    return tuple(np.quantile(finite, np.arange(1, parts) / parts).tolist()) if len(finite) else ()


def _with_grids(plan: OutcomePlan, engine: Engine, rows: pa.Table | str) -> OutcomePlan:
    assert plan.prediction is not None  # noqa: S101  # a regression has no scores
    some = engine.sample(rows, [plan.label, plan.prediction], everywhere=True)
    label, prediction = (doubles(some[name]) for name in (plan.label, plan.prediction))
    off = np.abs(prediction - label)
    off = off[np.isfinite(off)]
    scale = float(np.median(off)) if len(off) else 1.0
    target = Grid.of(label[np.isfinite(label)])
    target = Grid(location=target.location, scale=target.scale)
    return plan.model_copy(update={"residual": Grid(location=0.0, scale=scale or 1.0), "target": target})


def _shown(rows: pa.Table | str) -> str:
    return rows if isinstance(rows, str) else "the rows"
