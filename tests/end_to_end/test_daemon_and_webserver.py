"""The real daemon and the real pages: changes are seen without a hand, also across kill -9."""

import itertools
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]
BIN = Path(sys.executable).parent
DEFINITIONS = Path(__file__).resolve().parents[2] / "baseline_pipeline" / "definitions.py"
PATIENCE = 500


class Deployment:
    """Dagster's processes on a project."""

    def __init__(self, project):
        self.project = project
        self.processes = []
        self.workspace = project.root / "workspace.yaml"
        self.workspace.write_text(
            f"load_from:\n  - python_file:\n      relative_path: {DEFINITIONS}\n"
            f"      working_directory: {project.root}\n      location_name: baselines\n"
        )
        self.environment = {
            **os.environ,
            "DAGSTER_HOME": str(project.settings.dagster_home),
            "BASELINE_PROJECT_ROOT": str(project.root),
            "BASELINE_SENSOR_SECONDS": "5",
            "PYTHONPATH": str(project.root),
        }

    def start(self, *words):
        log = (self.project.root / f"{words[0]}.log").open("ab")
        process = subprocess.Popen(
            [str(BIN / words[0]), *words[1:]],
            cwd=self.project.root,
            env=self.environment,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        self.processes.append(process)
        return process

    def daemon(self):
        return self.start("dagster-daemon", "run", "-w", str(self.workspace))

    def kill(self, process):
        """kill -9 of a process and of all it started."""
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)
        self.processes.remove(process)

    def stop(self):
        for process in self.processes:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(10)

    def decisions(self):
        return self.project.events("decision")

    def wait_for(self, count):
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            if len(self.decisions()) >= count:
                return self.decisions()
            time.sleep(1)
        logs = "".join(file.read_text()[-3000:] for file in self.project.root.glob("*.log"))
        pytest.fail(f"{len(self.decisions())} of {count} decisions within {PATIENCE} s\n{logs}")
        return None


@pytest.fixture
def deployment(project):
    """Everything started is ended."""
    from baseline_pipeline.orchestration.instance import make_dagster_home

    shutil.rmtree(project.settings.dagster_home)
    make_dagster_home(project.settings, "")
    found = Deployment(project)
    yield found
    found.stop()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def ask(port, query):
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/graphql",
        data=json.dumps({"query": query}).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.loads(answer.read())["data"]


def wait_for_pages(port):
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            return ask(port, "{ version }")
        except OSError:
            time.sleep(1)
    pytest.fail(f"the webserver did not answer within {PATIENCE} s")
    return None


def test_new_data_is_decided_without_a_hand_and_the_pages_show_its_lineage(deployment):
    project = deployment.project
    deployment.daemon()
    deployment.wait_for(1)
    project.establish()
    project.write(project.rows(seed=9, start=5000), "second.csv")
    decisions = deployment.wait_for(2)
    port = free_port()
    deployment.start("dagster-webserver", "-w", str(deployment.workspace), "-h", "127.0.0.1", "-p", str(port))
    wait_for_pages(port)
    chain = ["promotion_decision", "baseline_comparison", "evaluation_run", "data_snapshot"]
    tags = {}
    for name in chain:
        asset = f'assetOrError(assetKey: {{path: ["small", "{name}"]}})'
        query = "{ " + asset + " { ... on Asset { assetMaterializations(limit: 1) { tags { key value } } } } }"
        found = ask(port, query)["assetOrError"]["assetMaterializations"][0]["tags"]
        tags[name] = {tag["key"]: tag["value"] for tag in found}

    assert decisions[-1].content["snapshot"] == tags["data_snapshot"]["dagster/data_version"]
    for below, above in itertools.pairwise(chain):
        assert tags[below][f"dagster/input_data_version/small/{above}"] == tags[above]["dagster/data_version"]


def test_a_change_survives_kill_9_of_daemon_and_run(deployment):
    project = deployment.project
    slow = (
        (project.root / "smallmodel.py")
        .read_text()
        .replace("def predict(features):", "def predict(features):\n    import time\n    time.sleep(4)")
    )
    (project.root / "smallmodel.py").write_text(slow)
    daemon = deployment.daemon()
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and not _started(project):
        time.sleep(0.3)
    assert _started(project)
    deployment.kill(daemon)
    assert deployment.decisions() == []
    deployment.daemon()
    deployment.wait_for(1)
    time.sleep(12)

    assert len(deployment.decisions()) == 1
    assert set(_finished(project).values()) == {1}


def _instance(project):
    import dagster as dg

    return dg.DagsterInstance.from_config(str(project.settings.dagster_home))


def _started(project):
    import dagster as dg

    with _instance(project) as instance:
        return bool(instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED])))


def _finished(project):
    from collections import Counter

    from baseline_pipeline.adapters.registries.mlflow import connect

    client = connect(project.settings.tracking_uri)
    experiment = client.get_experiment_by_name("baseline-pipeline")
    runs = client.search_runs([experiment.experiment_id])
    return Counter(run.data.tags["baseline.evaluation"] for run in runs if run.info.status == "FINISHED")
