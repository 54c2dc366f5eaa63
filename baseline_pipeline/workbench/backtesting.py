"""One month of the past, judged by the present rules: would the guardrails have spoken?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from baseline_pipeline.backtest.windows import Incident, incidents_in, months, read_incidents, rows_of
from baseline_pipeline.comparison import Contrast, Side
from baseline_pipeline.contrasting import contrast
from baseline_pipeline.errors import ContractError, UsageError
from baseline_pipeline.evaluation import Evaluation, Scores
from baseline_pipeline.records import Digest, Record, digest_of
from baseline_pipeline.workbench.comparing import previous_champion
from baseline_pipeline.workbench.evaluating import load_evaluation, load_scores

if TYPE_CHECKING:
    from baseline_pipeline.contract import Contract
    from baseline_pipeline.workbench.workbench import Workbench


class BacktestedMonth(Record):
    """One month of the champion's rows against all its other rows."""

    model: str
    month: str
    evaluation: Digest
    contrast: Contrast
    incidents: tuple[Incident, ...]

    @property
    def alarmed(self) -> bool:
        """Whether a gated comparison found or suspected harm."""
        return any(cell.tier is not None for cell in self.contrast.cells)


def backtested_months(bench: Workbench, contract: Contract) -> list[str]:
    """The months that the champion was last scored on, oldest first."""
    found = _champion(bench, contract)
    return [] if found is None else months(found[1])


def backtest_month(bench: Workbench, contract: Contract, month: str) -> BacktestedMonth:
    """Judge one month; the same evidence gives the same result.

    Raises:
        UsageError: when the champion was never scored, or not on that month.
    """
    found = _champion(bench, contract)
    if found is None or month not in months(found[1]):
        message = f"the champion of {contract.name} was not scored on {month}"
        raise UsageError(message, next_step=f"run `baseline run {contract.name}` on data that holds it")
    evaluation, scores = found
    inside = rows_of(scores, month)
    outside = np.setdiff1d(np.arange(len(scores.row_id)), inside)
    side = Side(
        evaluation=evaluation.key,
        scores_file=evaluation.scores_file,
        version=evaluation.subject.version,
        snapshot=evaluation.snapshot,
    )
    window = evaluation.subject.training_window
    result = BacktestedMonth(
        model=contract.name,
        month=month,
        evaluation=evaluation.key,
        contrast=contrast(
            contract,
            moved="population",
            question=f"Was the champion as good in {month} as in its other months?",
            baseline=side,
            candidate=side,
            baseline_scores=_take(scores, pa.array(outside)),
            candidate_scores=_take(scores, pa.array(inside)),
            definitions=(evaluation.definition, evaluation.definition),
            training_windows=[] if window is None else [window],
            pairing="unpaired",
        ),
        incidents=incidents_in(_incidents(bench, contract), month),
    )
    bench.store.save("backtests", contract.name, digest_of(result.body()), result)
    return result


def _champion(bench: Workbench, contract: Contract) -> tuple[Evaluation, Scores] | None:
    key = previous_champion(bench, contract.name)
    if key is None:
        return None
    evaluation = load_evaluation(bench, contract.name, key)
    return evaluation, load_scores(bench, evaluation)


def _take(scores: Scores, rows: pa.Array) -> Scores:
    where = rows.to_numpy()
    return Scores(
        row_id=scores.row_id.take(rows),
        outcomes=scores.outcomes.take(where),
        cluster=None if scores.cluster is None else scores.cluster[where],
        day=None if scores.day is None else scores.day[where],
        columns=scores.columns.take(rows),
        content=scores.content[where],
    )


def _incidents(bench: Workbench, contract: Contract) -> tuple[Incident, ...]:
    if contract.incidents is None:
        return ()
    path = bench.settings.assets / contract.name / contract.incidents
    if not path.is_file():
        message = f"assets/{contract.name}/defs.yaml: incidents {contract.incidents!r} is not there"
        raise ContractError(message, next_step=f"write {path.name} beside the contract, or take the word out")
    return read_incidents(f"{contract.name}/{path.name}", path.read_text(encoding="utf-8"))
