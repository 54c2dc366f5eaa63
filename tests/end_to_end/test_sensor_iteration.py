"""The trigger cases through the iteration of Dagster's own sensor daemon, killed at every point it names."""

import collections
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import dagster as dg
import pytest

from baseline_pipeline.orchestration.instance import make_dagster_home

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]
HERE = Path(__file__).parent
DEFINITIONS = HERE.parents[1] / "baseline_pipeline" / "definitions.py"
PATIENCE = 500


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


AT_WORK = {dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED}
"""What goes on without another look."""


class Daemon:
    """A code server that stays, and a process of sensor iterations that may be killed."""

    def __init__(self, project):
        self.project = project
        port = free_port()
        self.environment = {
            **os.environ,
            "DAGSTER_HOME": str(project.settings.dagster_home),
            "BASELINE_PROJECT_ROOT": str(project.root),
            "BASELINE_SENSOR_SECONDS": "1",
            "PYTHONPATH": str(project.root),
        }
        self.workspace = project.root / "workspace.yaml"
        self.workspace.write_text(
            f"load_from:\n  - grpc_server: {{host: 127.0.0.1, port: {port}, location_name: baselines}}\n"
        )
        self.log = project.root / "daemon.log"
        words = ["api", "grpc", "-f", str(DEFINITIONS), "-d", str(project.root), "-h", "127.0.0.1", "-p", str(port)]
        self.iterations = None
        self.server = self._start([str(Path(sys.executable).parent / "dagster"), *words])
        self._await_port(port)

    def _start(self, words, **pipes):
        with self.log.open("ab") as log:
            return subprocess.Popen(
                words,
                cwd=self.project.root,
                env=self.environment,
                start_new_session=True,
                **{"stdout": log, "stderr": log, **pipes},
            )

    def _await_port(self, port):
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return
            time.sleep(0.2)
        pytest.fail(f"no code server within {PATIENCE} s\n{self.log.read_text()[-3000:]}")

    def iterate(self, crash=""):
        """One iteration; with a point, the iterations' process is killed -9 there, and the next one is another."""
        time.sleep(1.1)  # every sensor is due again
        if self.iterations is None:
            words = [sys.executable, str(HERE / "iterations.py"), str(self.workspace)]
            pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
            self.iterations = self._start(words, **pipes)
        self.iterations.stdin.write(f"{crash}\n")
        self.iterations.stdin.flush()
        said = self.iterations.stdout.readline().strip()
        assert said == ("" if crash else "done"), self.log.read_text()[-3000:]
        if crash:
            assert self.iterations.wait(PATIENCE) == -signal.SIGKILL, self.log.read_text()[-3000:]
            self.iterations = None

    def settle(self):
        """Iterate until nothing runs and nothing is asked for; what the runs came to, in order."""
        deadline = time.monotonic() + PATIENCE
        before = None
        while time.monotonic() < deadline:
            runs = self.runs()
            if any(run.status in AT_WORK for run in runs):
                time.sleep(1)
                continue
            if runs == before and all(run.is_finished for run in runs):
                return [run.status.value for run in runs]
            before = runs
            self.iterate()
        return pytest.fail(f"not settled within {PATIENCE} s\n{self.log.read_text()[-3000:]}")

    def runs(self):
        with self.instance() as instance:
            return instance.get_runs()[::-1]

    def instance(self):
        return dg.DagsterInstance.from_config(str(self.project.settings.dagster_home))

    def skipped(self, sensor):
        """The last reason a sensor gave for not asking for a run."""
        with self.instance() as instance:
            state = next(one for one in instance.all_instigator_state() if one.instigator_name == sensor)
            ticks = instance.get_ticks(state.instigator_origin_id, state.selector_id, limit=1)
            return ticks[0].tick_data.skip_reason

    def decided(self):
        return [event.content["candidate"] for event in self.project.events("decision")]

    def evaluations(self):
        """How many finished MLflow runs there are of each evaluation."""
        from baseline_pipeline.adapters.registries.mlflow import connect

        client = connect(self.project.settings.tracking_uri)
        experiment = client.get_experiment_by_name("baseline-pipeline")
        runs = client.search_runs([experiment.experiment_id])
        return collections.Counter(
            run.data.tags["baseline.evaluation"] for run in runs if run.info.status == "FINISHED"
        )

    def stop(self):
        for process in (self.iterations, self.server):
            if process is not None:
                os.killpg(process.pid, signal.SIGKILL)
                process.communicate(timeout=60)


@pytest.fixture
def daemon(project):
    shutil.rmtree(project.settings.dagster_home)
    make_dagster_home(project.settings, "")
    found = Daemon(project)
    yield found
    found.stop()


AT_LEISURE = pytest.mark.skipif(
    "BASELINE_KILLS" not in os.environ, reason="for `make soak`; tests/orchestration has the same through ticks"
)
POINTS = ("TICK_HELD", "RUN_CREATED", "TICK_CREATED", "RUN_LAUNCHED")
"""Where Dagster itself can be made to die; `make soak` takes all of them."""


@pytest.mark.parametrize("point", POINTS if "BASELINE_KILLS" in os.environ else POINTS[1:2])
def test_a_daemon_killed_at_any_point_loses_nothing_and_decides_once(daemon, point):
    daemon.iterate(point)
    daemon.settle()

    assert len(daemon.decided()) == 1
    assert set(daemon.evaluations().values()) == {1}


@AT_LEISURE
def test_there_and_back_loses_no_change_and_scores_none_twice(daemon):
    first = daemon.project.rows()
    daemon.settle()
    daemon.project.write(daemon.project.rows(seed=2))
    daemon.settle()
    daemon.project.write(first)
    daemon.settle()
    there, away, back = daemon.decided()

    assert there == back != away
    assert sorted(daemon.evaluations().values()) == [1, 1]


@AT_LEISURE
def test_several_facets_at_once_make_one_decision_and_equal_content_none(daemon):
    project = daemon.project
    daemon.settle()
    project.write(project.rows(seed=3))
    project.lock(f"{(project.root / 'requirements.lock').read_text()}pandas==0.1\n")
    project.manifest("architecture: x86_64\ncores: 4096\n")
    daemon.settle()
    assert len(daemon.decided()) == 2
    project.write(project.rows(seed=3))
    lock = project.root / "requirements.lock"
    lock.write_text(f"# a remark\n{lock.read_text()}")
    daemon.settle()

    assert len(daemon.decided()) == 2
    assert "is as it was" in daemon.skipped("small_dependencies")


def test_deleted_and_half_written_data_have_their_own_words(daemon):
    project = daemon.project
    daemon.settle()
    whole = (project.data / "rows.csv").read_bytes()
    (project.data / "rows.csv").write_bytes(whole[:-40])
    daemon.iterate()
    assert "still being written" in daemon.skipped("small_data")
    (project.data / "rows.csv").unlink()
    daemon.iterate()
    assert "the data is missing" in daemon.skipped("small_data")
    project.write(project.rows())
    daemon.settle()

    assert len(daemon.decided()) == 1


def test_a_failed_run_is_made_up_for_once_its_cause_is_repaired(daemon):
    database = daemon.project.settings.home / "mlflow.db"
    database.rename(database.with_suffix(".away"))
    daemon.iterate()
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and not all(run.is_finished for run in daemon.runs()):
        time.sleep(1)
    assert daemon.decided() == []
    database.with_suffix(".away").rename(database)
    while time.monotonic() < deadline and not daemon.decided():
        if any(run.status in AT_WORK for run in daemon.runs()):
            time.sleep(1)
        else:
            daemon.iterate()

    assert len(daemon.decided()) == 1
    assert set(daemon.evaluations().values()) == {1}
