"""Whether the process of a run still lives: it holds a lock that the kernel frees when it ends, however it ends."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
from filelock import FileLock, Timeout

from baseline_pipeline.orchestration.names import MODEL_TAG
from baseline_pipeline.settings import load_settings

RESOURCE = "process_lock"


def _lock_file(project: Path, run_id: str) -> Path:
    return load_settings(project).home / "running" / f"{run_id}.lock"


def process_lock(project: Path) -> dg.ResourceDefinition:
    """A resource that holds the run's lock from its first step to its last."""

    def hold(context: dg.InitResourceContext):  # type: ignore[no-untyped-def]  # noqa: ANN202  # Dagster asks for a generator function
        place = _lock_file(project, context.run.run_id if context.run else "outside")
        place.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(place, timeout=0):
            yield place
        place.unlink(missing_ok=True)

    return dg.ResourceDefinition(hold)


def fail_the_dead(instance: dg.DagsterInstance, project: Path, model: str) -> list[str]:
    """Report a model's runs as failed whose process took its lock and holds it no more.

    A run that has not come to its first step, or that runs on another machine's home, has no lock
    here and is left to Dagster's own time limits.

    Returns:
        The ids of the runs that were dead.
    """
    under_way = [dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING]
    runs = instance.get_runs(dg.RunsFilter(tags={MODEL_TAG: model}, statuses=under_way))
    return [run.run_id for run in runs if _fail_if_dead(instance, _lock_file(project, run.run_id), run.run_id)]


def _fail_if_dead(instance: dg.DagsterInstance, place: Path, run_id: str) -> bool:
    if not place.exists():
        return False
    try:
        with FileLock(place, timeout=0):
            run = instance.get_run_by_id(run_id)  # it may have ended properly just now
            if run is None or run.is_finished:
                return False
            instance.report_run_failed(run, message="the process of this run has ended without a word")
    except Timeout:
        return False
    place.unlink(missing_ok=True)
    return True
