"""From two summaries to verdicts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from baseline_pipeline.comparison import Cell, Contrast, Side
from baseline_pipeline.detecting import detect
from baseline_pipeline.judging import judge
from baseline_pipeline.records import digest_of
from baseline_pipeline.scan.effects import summary_effects

if TYPE_CHECKING:
    from baseline_pipeline.contract import Contract
    from baseline_pipeline.effects import Effect
    from baseline_pipeline.records import Digest
    from baseline_pipeline.summaries.outcome import OutcomeSummary


def contrast_summaries(
    contract: Contract, before: OutcomeSummary, after: OutcomeSummary, sides: tuple[Digest, Digest]
) -> Contrast:
    """Is the model as good on the present rows as it was on the baseline's?

    Args:
        contract: Metrics, margins, slices, error rates.
        before: The baseline, counted.
        after: The present, counted under the same plan.
        sides: Digests of the two summaries.
    """
    refusal = None
    if before.plan != after.plan:
        refusal = "The two were counted under different plans. Count the baseline again with this contract."
    elif not before.rows or not after.rows:
        refusal = f"No labelled rows to compare: {before.rows} of the baseline, {after.rows} now."
    seed = int(digest_of([contract.policy_digest(), *sorted(sides)])[:12], 16)
    known = [] if refusal else summary_effects(contract, before, after, seed)
    found = detect(contract.error_rates, known, seed=seed)
    cells = tuple(_bounded(judge(contract, effect, found.get(place)), effect) for place, effect in enumerate(known))
    one, two = (Side(evaluation=key, scores_file=key, version="scored rows", snapshot=key) for key in sides)
    return Contrast(
        moved="population",
        pairing="unpaired",
        question="Is the model as good on the present rows as it was on the baseline's?",
        baseline=one,
        candidate=two,
        rows=after.rows,
        rows_left_out=after.unlabelled,
        left_out_because="without a label" if after.unlabelled else "",
        changes=None,
        cells=cells,
        not_comparable=refusal,
        seed=seed,
    )


def _bounded(cell: Cell, effect: Effect) -> Cell:
    """Say how far values from bins can be from those of the rows."""
    if not effect.bound:
        return cell
    words = f"from bins: exact to {effect.bound:.1g}"
    return cell.model_copy(update={"note": f"{cell.note}; {words}" if cell.note else words})
