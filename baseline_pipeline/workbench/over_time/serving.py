"""Whether a service serves the model that it says: its logged answers beside the registered model's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from baseline_pipeline.errors import ModelFailed
from baseline_pipeline.evaluation import Evaluation
from baseline_pipeline.records import Record
from baseline_pipeline.replay.numeric_difference import NumericDifference, numeric_difference
from baseline_pipeline.workbench.iteration.evaluating import version_of

if TYPE_CHECKING:
    from baseline_pipeline.contract import Contract
    from baseline_pipeline.monitoring.scored_rows import ScoredRows
    from baseline_pipeline.scoring import Predicted
    from baseline_pipeline.workbench.over_time.causes import Scorer
    from baseline_pipeline.workbench.workbench import Workbench

Array = np.ndarray[Any, Any]
ROUNDING = 1e-6
"""Answers that are no further apart were rounded on their way into the log."""


class Served(Record):
    """Logged answers beside those of the registered model on the logged features."""

    version: str
    """The registered model's."""
    difference: NumericDifference
    decisions: int
    """Rows that are decided otherwise."""
    answers_of: str
    """Another version of the ledger whose answers these are; empty where there is none."""

    @property
    def same(self) -> bool:
        """Whether the service answers as the registered model does, up to rounding."""
        return self.decisions == 0 and self.difference.largest_absolute <= ROUNDING

    def words(self) -> str:
        """The finding in a line."""
        if self.same:
            exact = "bit-identical" if self.difference.identical else "up to rounding"
            rows = self.difference.rows
            return f"the service answers as version {self.version} on the features it logged: {rows} rows, {exact}"
        other = f"; they are those of version {self.answers_of}" if self.answers_of else ""
        return (
            f"the service does NOT answer as version {self.version} on the features it logged: "
            f"{self.difference.words()}, {self.decisions} decided otherwise{other}"
        )


def served(bench: Workbench, contract: Contract, rows: ScoredRows, scorer: Scorer) -> Served | str:
    """Score logged features with the registered model, and hold the logged answers against that to the last bit.

    Where they differ, every other version that the ledger has seen is asked too.

    Args:
        bench: The project.
        contract: Says what an answer is.
        rows: Requests that were answered, with the features that were logged.
        scorer: The registered model.

    Returns:
        Why not, in words, where it cannot be done.
    """
    rows = rows.take(_answered(rows))
    if not len(rows):
        return "no request of it was answered"
    try:
        difference, decisions = _beside(rows, scorer.predicted(rows.features))
    except ModelFailed as failure:
        return f"the registered model does not take the logged features: {failure.message}"
    version = scorer.past.model.version
    found = Served(version=version, difference=difference, decisions=decisions, answers_of="")
    return found if found.same else found.model_copy(update={"answers_of": _other(bench, contract, rows, scorer)})


def _answered(rows: ScoredRows) -> Array:
    """Positions of the requests that were answered."""
    said = rows.outcomes.prediction if rows.outcomes.score is None else rows.outcomes.score
    known = np.isfinite(said).reshape(len(rows), -1).all(axis=1)
    return np.flatnonzero(known if rows.failed is None else known & ~rows.failed)


def _beside(rows: ScoredRows, model: Predicted) -> tuple[NumericDifference, int]:
    """How far logged answers are from a model's, and how many rows are decided otherwise."""
    logged = rows.outcomes
    one, two = (logged.prediction, model.prediction) if logged.score is None else (logged.score, model.score)
    if two is None or one.shape != two.shape:
        one, two = logged.prediction, model.prediction
    return numeric_difference(one, two), int((logged.prediction != model.prediction).sum())


def _other(bench: Workbench, contract: Contract, rows: ScoredRows, scorer: Scorer) -> str:
    """The latest other version that was ever a baseline and gives these answers; empty where there is none."""
    asked = {scorer.past.model.digest}
    for baseline in reversed(bench.baselines(contract.name)):
        body = bench.store.load("evaluations", contract.name, baseline.evaluation)
        if body is None:
            continue
        version = version_of(Evaluation.stored(body))
        if version.digest in asked:
            continue
        asked.add(version.digest)
        try:
            difference, decisions = _beside(rows, scorer.predicted(rows.features, version))
        except ModelFailed:
            continue
        if decisions == 0 and difference.largest_absolute <= ROUNDING:
            return version.version
    return ""
