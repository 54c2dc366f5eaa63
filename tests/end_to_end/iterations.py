"""Iterations of Dagster's own sensor daemon, each killed at a named point if asked: run as a process.

`python iterations.py WORKSPACE`: one iteration for every line that it reads, a point or nothing; and a line back.
"""

import logging
import signal
import sys

from dagster import DagsterInstance
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import WorkspaceFileTarget
from dagster._daemon.run_coordinator.queued_run_coordinator_daemon import QueuedRunCoordinatorDaemon
from dagster._daemon.sensor import execute_sensor_iteration

from baseline_pipeline.orchestration.names import WATCHED


def iterate(workspace, point):
    """Evaluate every sensor once, then launch what is queued."""
    crash = {f"small_{facet}": {point: signal.SIGKILL} for facet in WATCHED} if point else None
    logger = logging.getLogger("iteration")
    with (
        DagsterInstance.get() as instance,
        WorkspaceProcessContext(instance, WorkspaceFileTarget([workspace])) as context,
    ):
        list(execute_sensor_iteration(context, logger, None, None, debug_crash_flags=crash))
        list(QueuedRunCoordinatorDaemon(interval_seconds=1).run_iteration(context))


if __name__ == "__main__":
    for line in sys.stdin:
        iterate(sys.argv[1], line.strip())
        sys.stdout.write("done\n")
        sys.stdout.flush()
