"""What the demo has going on beside the story: a replay of a library update, and a drill."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from baseline_pipeline.demo import stage

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from baseline_pipeline.response.drill import Drill
    from baseline_pipeline.settings import Settings


def replay_and_drill(settings: Settings, folder: Path, on_call: str) -> Iterator[list[str] | Drill]:
    """The lines of `baseline replay --no-retrain` on the champion in both lockfiles' environments; then a drill.

    The drill waits for the baseline's second revision: before it there is nothing to roll back to.

    Args:
        settings: The project.
        folder: Holds the lockfiles that `stage.write_update` wrote.
        on_call: Who rehearses.
    """
    from baseline_pipeline.workbench.over_time.drilling import drill
    from baseline_pipeline.workbench.replays.dependency_replay import replay
    from baseline_pipeline.workbench.replays.locked import Locked
    from baseline_pipeline.workbench.replays.opening import open_replaying
    from baseline_pipeline.workbench.replays.replayed import replay_lines
    from baseline_pipeline.workbench.workbench import Workbench

    bench = Workbench(settings)
    contract = bench.contract(stage.MODEL)
    names = [str((folder / name).relative_to(settings.project)) for name in stage.LOCKS]
    old, new = (Locked.read(settings.project, name) for name in names)
    yield replay_lines(replay(open_replaying(bench, contract), old, new, retrain=False, timed=False))
    while len(bench.baselines(stage.MODEL)) < 2:  # noqa: PLR2004
        time.sleep(0.2)
    yield drill(bench, contract, scenario="unit_error", actor=on_call)
