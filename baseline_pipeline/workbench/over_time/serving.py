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
    from baseline_pipeline.workbench.over_time.sides import Scorer
    from baseline_pipeline.workbench.workbench import Workbench

Array = np.ndarray[Any, Any]
ROUNDING = 1e-6
"""Answers that are no further apart, by themselves or of their size, were rounded on their way into the log."""


MOST_DECIMALS = 12
FINE = 0.01
"""Of the answers' standard deviation: what a rounding may take away and the answers still be known by it."""


class Served(Record):
    """Logged answers beside those of the registered model on the logged features."""

    version: str
    """The registered model's."""
    difference: NumericDifference
    decisions: int | None
    """Rows that are decided otherwise; `None` where an answer is a number."""
    decimals: int | None = None
    """Decimals that the logged answers are the model's rounded to; `None` where they are not that."""
    answers_of: str
    """Another version of the ledger whose answers these are; empty where there is none."""

    @property
    def same(self) -> bool:
        """Whether the service answers as the registered model does, up to rounding."""
        apart = min(self.difference.largest_absolute, self.difference.largest_relative)
        return not self.decisions and (apart <= ROUNDING or self.decimals is not None)

    def words(self) -> str:
        """The finding in a line."""
        if self.same:
            exact = "bit-identical" if self.difference.identical else "up to rounding"
            rows = self.difference.rows
            return f"the service answers as version {self.version} on the features it logged: {rows} rows, {exact}"
        other = f"; they are those of version {self.answers_of}" if self.answers_of else ""
        decided = "" if self.decisions is None else f", {self.decisions} decided otherwise"
        return (
            f"the service does NOT answer as version {self.version} on the features it logged: "
            f"{self.difference.words()}{decided}{other}"
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
        found = _beside(contract, rows, scorer.predicted(rows.features), scorer.past.model.version)
    except ModelFailed as failure:
        return f"the registered model does not take the logged features: {failure.message}"
    return found if found.same else found.model_copy(update={"answers_of": _other(bench, contract, rows, scorer)})


def _answered(rows: ScoredRows) -> Array:
    """Positions of the requests that were answered; an empty text is no answer."""
    said = rows.outcomes.prediction if rows.outcomes.score is None else rows.outcomes.score
    known = said != "" if rows.outcomes.is_text else np.isfinite(said.reshape(len(said), said[:1].size)).all(axis=1)
    return np.flatnonzero(known if rows.failed is None else known & ~rows.failed)


def _beside(contract: Contract, rows: ScoredRows, model: Predicted, version: str) -> Served:
    """How far logged answers are from a model's, and how many rows are decided otherwise."""
    logged = rows.outcomes
    one, two = (logged.prediction, model.prediction) if logged.score is None else (logged.score, model.score)
    if two is None or one.shape != two.shape:
        one, two = logged.prediction, model.prediction
    decisions = None if contract.gives_numbers else int((logged.prediction != model.prediction).sum())
    difference = numeric_difference(one, two)
    decimals = None if logged.is_text else rounded_to(one, two)
    return Served(version=version, difference=difference, decisions=decisions, decimals=decimals, answers_of="")


def rounded_to(logged: Array, own: Array) -> int | None:
    """The decimals that every logged answer is the model's own rounded to; `None` where they are not that.

    A rounding that takes away more than a hundredth of the answers' standard deviation says too little of them.

    Example:
        >>> own = np.array([0.1234, 0.5678, 0.9012])
        >>> rounded_to(np.array([0.123, 0.568, 0.901]), own), rounded_to(np.array([0.0, 1.0, 1.0]), own)
        (3, None)
    """
    logged, own = logged.astype(float), own.astype(float)
    for decimals in range(MOST_DECIMALS + 1):
        unit = 10.0**-decimals
        if unit <= FINE * own.std() and (np.round(logged, decimals) == logged).all():
            near = np.abs(logged - own) <= 0.5 * unit + ROUNDING * np.minimum(np.abs(own), unit)
            return decimals if near.all() else None
    return None


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
            found = _beside(contract, rows, scorer.predicted(rows.features, version), version.version)
        except ModelFailed:
            continue
        if found.same:
            return version.version
    return ""
