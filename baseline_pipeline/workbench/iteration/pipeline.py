"""The four stages in a row: one call for the command line, four for an orchestrator."""

from __future__ import annotations

from typing import TYPE_CHECKING

from baseline_pipeline.workbench.iteration.comparing import compare_present
from baseline_pipeline.workbench.iteration.deciding import decide_present
from baseline_pipeline.workbench.iteration.evaluating import evaluate_present
from baseline_pipeline.workbench.iteration.snapshotting import take_snapshot
from baseline_pipeline.workbench.promotions.promoting import resume

if TYPE_CHECKING:
    from baseline_pipeline.decision import Decision
    from baseline_pipeline.workbench.workbench import Workbench


def run(bench: Workbench, model: str, *, force: bool = False) -> Decision:
    """Snapshot, evaluate, compare and decide; what was done before is found, not repeated.

    Args:
        bench: The project.
        model: The model's name.
        force: Score again even what was scored before.

    Raises:
        BaselineError: of the kind that says what is missing; the baseline stays as it was.
    """
    contract = bench.contract(model)
    resume(bench, contract)
    taken = take_snapshot(bench, contract)
    evaluated = evaluate_present(bench, contract, taken, force=force)
    compared = compare_present(bench, contract, evaluated)
    return decide_present(bench, contract, compared)
