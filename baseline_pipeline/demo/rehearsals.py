"""What the demo has going on beside the story: a replay of a library update, and a drill."""

from __future__ import annotations

from typing import TYPE_CHECKING

from baseline_pipeline.demo import stage

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from baseline_pipeline.response.drill import Drill
    from baseline_pipeline.settings import Settings


def replayed(settings: Settings, folder: Path) -> Iterator[list[str]]:
    """The lines of `baseline replay --no-retrain` on the champion, in the environments of both lockfiles.

    Args:
        settings: The project.
        folder: Holds the lockfiles that `stage.write_update` wrote.
    """
    from baseline_pipeline.workbench.replays.dependency_replay import replay
    from baseline_pipeline.workbench.replays.locked import Locked
    from baseline_pipeline.workbench.replays.opening import open_replaying
    from baseline_pipeline.workbench.replays.replayed import replay_lines
    from baseline_pipeline.workbench.workbench import Workbench

    bench = Workbench(settings)
    work = open_replaying(bench, bench.contract(stage.MODEL))
    names = [str((folder / name).relative_to(settings.project)) for name in stage.LOCKS]
    old, new = (Locked.read(settings.project, name) for name in names)
    yield replay_lines(replay(work, old, new, retrain=False, timed=False))


def rehearsed(settings: Settings, on_call: str) -> Iterator[Drill]:
    """What `baseline incident drill` found, with minutes taken for hours.

    Args:
        settings: The project.
        on_call: Who rehearses.
    """
    from baseline_pipeline.workbench.over_time.drilling import drill
    from baseline_pipeline.workbench.workbench import Workbench

    bench = Workbench(settings)
    yield drill(bench, bench.contract(stage.MODEL), scenario="unit_error", actor=on_call)
