"""How labels, predictions and scores of a data set are summed up: columns, classes, leaves and cells."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from baseline_pipeline.errors import ContractError, DataUnreadable
from baseline_pipeline.expression import length_of, values_of
from baseline_pipeline.metrics.classes import class_name
from baseline_pipeline.metrics.outcomes import Task
from baseline_pipeline.records import Record
from baseline_pipeline.summaries.arrays import doubles
from baseline_pipeline.summaries.engine import Engine
from baseline_pipeline.summaries.grid import Grid

if TYPE_CHECKING:
    from collections.abc import Mapping

    from baseline_pipeline.contract import Contract

SCORE_BINS = 960
"""Bins of a score, of equal width from 0 to 1, each with its upper end: a multiple of 10, 15, 20 and 30, the numbers of
bins that calibration is read in."""


MOST_CLUSTERS = 2048


class Cut(Record):
    """A numeric column cut into parts of like size.

    Attributes:
        column: The column, or `length(column)` of a text.
        parts: How many.
        edges: Where one part ends and the next begins; fewer than parts - 1 only where there are no numbers.
    """

    column: str
    parts: int
    edges: tuple[float, ...]

    @property
    def name(self) -> str:
        """What the column of parts is called."""
        return f"{self.column}/{self.parts}"


class OutcomePlan(Record):
    """What is counted of labels, predictions and scores.

    A leaf is a combination of slice memberships: values of columns, parts of numeric ones, and conditions
    that hold. Every slice of the contract is a sum of leaves.

    Attributes:
        task: What is predicted.
        label: Column of the truth.
        score: Column of the probability of the positive class; `None` where only predictions are there.
        prediction: Column of predictions; `None` where the score and the threshold make them.
        positive: Text of the positive class; `None` where there is none.
        threshold: Scores from here on are called positive.
        classes: Texts of all classes of a multiclass label.
        values: Columns whose values make leaves.
        cuts: Numeric columns whose parts make leaves.
        conditions: Names and texts of conditions that make leaves.
        weight: Column of how much a row counts.
        cluster: Column whose rows of one value move together.
        cluster_blocks: Whether there are so many clusters that they are counted in 256 blocks of them.
        residual: Grid of prediction minus label, of a regression.
        target: Grid of its label.
    """

    task: Task
    label: str
    score: str | None = None
    prediction: str | None = None
    positive: str | None = None
    threshold: float = 0.5
    classes: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    cuts: tuple[Cut, ...] = ()
    conditions: tuple[tuple[str, str], ...] = ()
    weight: str | None = None
    cluster: str | None = None
    cluster_blocks: bool = False
    residual: Grid | None = None
    target: Grid | None = None

    @property
    def leaf_columns(self) -> tuple[str, ...]:
        """What a leaf is made of, in order."""
        return (*self.values, *(cut.name for cut in self.cuts), *(name for name, _ in self.conditions))

    def columns(self) -> list[str]:
        """Columns of the data that are read whatever the conditions say."""
        axes = [length_of(axis) or axis for axis in (*self.values, *(cut.column for cut in self.cuts))]
        named = (self.label, self.score, self.prediction, *axes, self.weight, self.cluster)
        return list(dict.fromkeys(name for name in named if name))


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
        DataUnreadable: when the rows lack the label, or hold neither scores nor predictions.
        ContractError: for a task that summaries cannot hold.
    """
    require_countable(contract)
    with engine.named(rows) as relation:
        schema = engine.schema(relation)
    types = {field.name: field.type for field in schema}
    given = _given(contract, types, score, prediction)
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
        positive=None if contract.model.positive_class is None else class_name(contract.model.positive_class),
        threshold=contract.model.threshold,
        values=tuple(dict.fromkeys([*values, *contract.metric_columns()])),
        cuts=tuple(cuts.values()),
        conditions=tuple((spec.name or spec.where, spec.where) for spec in contract.slices if spec.where),
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


def _given(contract: Contract, types: Mapping[str, pa.DataType], score: str, prediction: str) -> dict[str, str | None]:
    """Which of the columns of scores and predictions are there and are to be read."""
    scored = contract.task == "binary_classification" and score in types and contract.model.output != "prediction"
    predicted = prediction in types and (not scored or prediction != score)
    if not scored and not predicted:
        accepted = f"{score!r} (scores) or {prediction!r} (predictions)"
        message = f"no column of {accepted}; columns: {', '.join(types)}"
        raise DataUnreadable(message, next_step="name them with --score or --prediction")
    if contract.task == "multiclass_classification" and not predicted:
        message = f"several classes are summed up by their predictions, and there is no column {prediction!r}"
        raise ContractError(message, next_step="name it with --prediction")
    return {"score": score if scored else None, "prediction": prediction if predicted and not scored else None}


def _cut(engine: Engine, rows: pa.Table | str, types: Mapping[str, pa.DataType], column: str, parts: int) -> Cut:
    text = length_of(column)
    if text is not None and text in types and pa.types.is_string(types[text]):
        found = doubles(values_of(engine.sample(rows, [text]), column))
        return Cut(column=column, parts=parts, edges=_edges(found, parts))
    kind = types.get(column)
    if kind is None or not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)):
        message = f"slice column {column!r} is {kind or 'absent'} and is to be cut at quantiles; accepted: numbers"
        raise DataUnreadable(message, next_step="leave out `quantiles` to slice by the column's values")
    found = doubles(engine.sample(rows, [column])[column])
    return Cut(column=column, parts=parts, edges=_edges(found, parts))


def _edges(found: np.ndarray[Any, Any], parts: int) -> tuple[float, ...]:
    finite = found[np.isfinite(found)]
    return tuple(np.quantile(finite, np.arange(1, parts) / parts).tolist()) if len(finite) else ()


def _with_grids(plan: OutcomePlan, engine: Engine, rows: pa.Table | str) -> OutcomePlan:
    assert plan.prediction is not None  # noqa: S101  # a regression has no scores
    some = engine.sample(rows, [plan.label, plan.prediction])
    label, prediction = (doubles(some[name]) for name in (plan.label, plan.prediction))
    off = np.abs(prediction - label)
    off = off[np.isfinite(off)]
    scale = float(np.median(off)) if len(off) else 1.0
    target = Grid.of(label[np.isfinite(label)])
    target = Grid(location=target.location, scale=target.scale)
    return plan.model_copy(update={"residual": Grid(location=0.0, scale=scale or 1.0), "target": target})


def _shown(rows: pa.Table | str) -> str:
    return rows if isinstance(rows, str) else "the rows"
