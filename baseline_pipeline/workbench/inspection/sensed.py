"""The sensitivity matrix as a page."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

from baseline_pipeline.report.html import page
from baseline_pipeline.report.sensitivity import heat_rows, smallest, unjudged_of, unseen_of
from baseline_pipeline.report.story import model_card

if TYPE_CHECKING:
    from baseline_pipeline.contract import Contract
    from baseline_pipeline.workbench.inspection.sensing import Sensitivity


def sensitivity_html(contract: Contract, found: Sensitivity) -> str:
    """A heat map that opens offline."""
    story = SimpleNamespace(card=model_card(contract))
    return page(
        "sensitivity.html",
        story=story,
        found=found,
        rows=heat_rows(found),
        unseen=unseen_of(found),
        unjudged=unjudged_of(found),
        smallest=smallest,
    )
