"""What followed a decision by itself, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from baseline_pipeline.report.replay_text import WORDS
from baseline_pipeline.workbench.replays.attributions import attribution_of
from baseline_pipeline.workbench.replays.lockfile_moved import replay_of

if TYPE_CHECKING:
    from baseline_pipeline.records import Digest
    from baseline_pipeline.workbench.workbench import Workbench


def followed(bench: Workbench, model: str, decision: Digest) -> tuple[str, ...]:
    """What the replay of the lockfiles came to, and which change did it, as far as either was asked."""
    events = [one for one in bench.events(model) if one.kind == "decision" and one.content["decision"] == decision]
    replay = replay_of(bench, events[-1]) if events else None
    attribution = attribution_of(bench, model, decision)
    found = []
    if replay is not None:
        tier = f" ({replay.tier})" if replay.tier else ""
        found.append(f"dependency replay: {WORDS[replay.ending]}{tier}: {replay.why}")
    if attribution is not None:
        found.append(f"attribution: {attribution.sentence}")
    return tuple(found)
