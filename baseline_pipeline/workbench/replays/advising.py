"""What to do after an attribution: what it takes from the project to say so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from baseline_pipeline.drift.columns import WIDTH
from baseline_pipeline.errors import TrackingUnavailable
from baseline_pipeline.replay.advice import advised
from baseline_pipeline.snapshot import DriftReport
from baseline_pipeline.workbench.promotions.promoting import stray_alias

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from baseline_pipeline.comparison import Comparison
    from baseline_pipeline.contract import Contract
    from baseline_pipeline.evaluation import Evaluation
    from baseline_pipeline.replay.attribution import Shared
    from baseline_pipeline.workbench.replays.feature_values import FeatureHarm
    from baseline_pipeline.workbench.workbench import Workbench


def advice_on(
    bench: Workbench,
    contract: Contract,
    comparison: Comparison,
    sides: tuple[Evaluation, Evaluation],
    lead: Shared | None,
    harms: Sequence[FeatureHarm],
    drifted: Iterable[str],
) -> str:
    """What to do about what did harm, with the command to type where there is one.

    Args:
        bench: The project.
        contract: The model's contract.
        comparison: What the decision rests on.
        sides: What stood, and what was judged.
        lead: The metric that was harmed most, shared out.
        harms: What features whose values changed did.
        drifted: Features that the other rows bring other values of.
    """
    old, new = (one.subject.uri for one in sides)
    harmful = [one.feature for one in harms if one.found and one.harm > 0]
    label = contract.data.label if contract.data.label in harmful else None
    return advised(
        lead,
        contract.name,
        [one for one in harmful if one != label],
        label=label,
        drifted=list(drifted),
        back=_back(bench, contract, comparison),
        function=new if new == contract.model.function else None,
        stood=old if contract.model.uri == new != old else None,
    )


def drifted_features(bench: Workbench, contract: Contract, comparison: Comparison) -> dict[str, str]:
    """Features that drifted between the two data sets, the furthest first, with how far in words."""
    body = None if comparison.drift is None else bench.store.load("drift", contract.name, comparison.drift)
    columns = () if body is None else DriftReport.stored(body).columns
    return {
        one.column: f"{one.column} drifted by {one.score:.2g} "
        + ("robust standard deviations" if one.method == WIDTH else f"({one.method})")
        for one in columns
        if one.kind == "feature" and one.drifted and one.score is not None
    }


def _back(bench: Workbench, contract: Contract, comparison: Comparison) -> int | None:
    """The revision to bring back, if any.

    The one before, where what was judged stands now; the one that stands, where the alias points elsewhere. Where the
    registry does not answer, what was found is said without a command.
    """
    stands = bench.baseline(contract.name)
    if stands is None:
        return None
    if stands.evaluation == comparison.candidate:
        return comparison.baseline_revision
    try:
        return stands.revision if stray_alias(bench, contract) else None
    except TrackingUnavailable:
        return None
