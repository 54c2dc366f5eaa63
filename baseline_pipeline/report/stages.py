"""Where within a model two runs part, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from baseline_pipeline.figures import counted
from baseline_pipeline.report.visible import visible

if TYPE_CHECKING:
    from baseline_pipeline.replay.stages import StagesCompared

NONE_EXPOSED = (
    "the model exposes no stages (a scikit-learn Pipeline does; for others name `model: {stages: ...}` in the contract)"
)


def stages_lines(found: StagesCompared) -> list[str]:
    """The first stage that differs, what stands before it, then scores, then decisions."""
    if found.failure:
        lines = [f"the model's stages could not be had: {visible(found.failure)}"]
    elif not found.stages and not found.alone:
        lines = [NONE_EXPOSED]
    else:
        lines = [visible(one) for one in _parting(found)]
    decided = "" if found.decisions_changed is None else f"; {counted(found.decisions_changed, 'decision')} changed"
    return [*lines, f"then scores: {found.scores.words()}{decided}"]


def _parting(found: StagesCompared) -> list[str]:
    names = [one.stage for one in found.stages]
    first = found.first
    lines = []
    if first is None and names:
        noisy = [one.stage for one in found.stages if one.noise]
        usual = f" (no more than in two runs of one environment: {', '.join(noisy)})" if noisy else ""
        lines.append(f"no stage differs: {', '.join(names)}{usual}")
    elif first is not None:
        place = names.index(first.stage)
        lines.append(f"first stage that differs ({place + 1} of {len(names)}): {first.words()}")
        if place:
            lines.append(f"no different before it: {', '.join(names[:place])}")
    if found.alone:
        lines.append(f"only in one of the runs: {', '.join(found.alone)}")
    return lines
