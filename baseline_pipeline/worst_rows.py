"""The rows on which a model lost most."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from baseline_pipeline.metrics.answers import best_of, overlap
from baseline_pipeline.metrics.ndcg import gains
from baseline_pipeline.metrics.outcomes import Array, Outcomes, Task
from baseline_pipeline.metrics.queries import ranked

if TYPE_CHECKING:
    from baseline_pipeline.contract import Contract
    from baseline_pipeline.evaluation import Scores

ROWS = 50


@dataclass(frozen=True)
class RowTable:
    """Rows as text, worst first."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def row_losses(contract: Contract, scores: Scores) -> Array:
    """A loss per row, (n,); see `losses_of`."""
    return losses_of(contract.task, scores.outcomes)


def losses_of(task: Task, outcomes: Outcomes) -> Array:
    """A loss per row, (n,).

    Absolute error, or one minus the probability of what happened (0 or 1 without scores); of answers in words what F1
    is short of one, and of items that are ranked what NDCG of their query is.

    Example:
        >>> losses_of("regression", Outcomes(np.array([1.0, 2.0]), np.array([1.5, 2.0]), None)).tolist()
        [0.5, 0.0]
    """
    if task == "question_answering":
        return 1 - best_of(outcomes, overlap)
    if task == "ranking":
        rows = ranked(outcomes)
        return np.asarray(1 - gains(rows)[rows.query])
    if task == "regression":
        loss: Array = np.abs(outcomes.prediction - outcomes.label)
    elif outcomes.score is None:
        loss = (outcomes.prediction != outcomes.label).astype(float)
    elif outcomes.score.ndim == 1:
        loss = np.abs(outcomes.label - outcomes.score)
    else:
        loss = 1 - outcomes.score[np.arange(len(outcomes)), outcomes.label]
    return loss


def worst_rows(contract: Contract, scores: Scores, rows: int = ROWS) -> RowTable:
    """The rows with the largest loss, with row id, label, prediction, score and slice columns."""
    loss = row_losses(contract, scores)
    chosen = np.argsort(-loss, kind="stable")[:rows]
    outcomes = scores.outcomes.take(chosen)
    slices = scores.columns.take(chosen)
    columns: dict[str, list[str]] = {
        "row": [value.as_py() for value in scores.row_id.take(chosen)],
        "loss": [f"{value:.4g}" for value in loss[chosen]],
        "label": [str(value) if outcomes.is_text else f"{value:g}" for value in outcomes.label],
        "prediction": [str(value) if outcomes.is_text else f"{value:.4g}" for value in outcomes.prediction],
    }
    if outcomes.query is not None:
        columns["query"] = [str(value) for value in outcomes.query]
    if outcomes.score is not None and outcomes.score.ndim == 1:
        columns["score"] = [f"{value:.4f}" for value in outcomes.score]
    for name in slices.column_names:
        columns[name] = ["" if value is None else str(value) for value in slices.column(name).to_pylist()]
    return RowTable(tuple(columns), tuple(zip(*columns.values(), strict=True)))
