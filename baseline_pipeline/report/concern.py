"""Whom a finding concerns, by what moved."""

from __future__ import annotations

from typing import TYPE_CHECKING

from baseline_pipeline.decision import gating

if TYPE_CHECKING:
    from baseline_pipeline.comparison import Moved
    from baseline_pipeline.report.story import DecisionStory

_OF: dict[Moved, str] = {
    "model": "model",
    "code": "evaluation",
    "population": "data",
    "data_values": "data",
    "dependencies": "on_call",
    "infrastructure": "on_call",
}


def concern(story: DecisionStory) -> str:
    """Who is asked now, in words; nothing where nothing is wrong, or the contract names no owners at all."""
    decision, owners = story.decision, story.card.owners
    if decision.exit_code in {0, 5} or not owners:
        return ""
    what = "on_call"
    if decision.hold != "evidence_missing":
        worst = [
            contrast.moved
            for contrast in gating(story.comparison)
            if contrast.not_comparable or any(cell.verdict in {"degraded", "inconclusive"} for cell in contrast.cells)
        ]
        what = _OF[worst[0]] if worst else what
    words = what.replace("_", "-")
    who = owners.get(what)
    return f"this concerns {words}: {who}" if who else f"this concerns {words}, which has no owner in the contract"
