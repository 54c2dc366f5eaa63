"""Workers launched through Dagster Pipes: what comes back is what a child process gives, and words reach the run."""

import os
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import dagster as dg
import pytest

from baseline_pipeline.adapters.environments.knobs import Knobs
from baseline_pipeline.adapters.environments.running import run_job
from baseline_pipeline.errors import EvidenceUnavailable
from baseline_pipeline.orchestration.pipes import CLIENT, piped
from baseline_pipeline.ports import Launched
from tests.replay.test_worker import here  # noqa: F401  # a fixture


class Elsewhere(dg.PipesClient):
    """A client of the user's own: another shell, another folder, none of our variables."""

    def __init__(self, marker):
        self.marker = marker

    def run(self, *, context, extras=None, command, env):
        with dg.open_pipes_session(
            context=context,
            extras=extras,
            context_injector=dg.PipesEnvContextInjector(),
            message_reader=dg.PipesTempFileMessageReader(),
        ) as session:
            shell = ["sh", "-c", f'echo "$0 $@" >> {self.marker}; exec "$0" "$@"', *command]
            given = {"PATH": os.environ["PATH"], "OMP_NUM_THREADS": "7", **session.get_bootstrap_env_vars()}
            subprocess.run(shell, env=given, cwd="/", check=True)
        return dg.PipesClientCompletedInvocation(session)


class Down(dg.PipesClient):
    def run(self, *, context, extras=None, command, env):
        message = "no cluster answers"
        raise ConnectionError(message)


@pytest.fixture
def asked(here):  # noqa: F811
    """`asked(client, function, ...)` does jobs within a Dagster run; gives what came of them, and the run's words."""

    def ask(client, *jobs):
        found = []

        @dg.asset(required_resource_keys={CLIENT})
        def replayed(context):
            launch = piped(context)
            for function, knobs in jobs:
                artifact = {"loader": "function", "function": f"things:{function}"}
                job = {**here.job, "name": "new.lock", "artifact": artifact}
                found.append(run_job(here.built, job, Knobs(**knobs), here.folder / "scratch", launch=launch))
            return dg.MaterializeResult()

        with dg.instance_for_test() as instance:
            done = dg.materialize([replayed], instance=instance, resources={CLIENT: client})
            said = [one.user_message for one in instance.all_logs(done.run_id)]
        return found, said

    return ask


def test_results_are_those_of_a_child_process_to_the_bit_and_words_reach_the_run(asked, here, monkeypatch):  # noqa: F811
    monkeypatch.setenv("CLOUD_TOKEN", "secret")
    marker = here.folder / "marker"
    job = ("fine", {"batch_rows": 3})

    local = here("fine", batch_rows=3)
    ours, said = asked(dg.PipesSubprocessClient(), job, ("knobs", {"cores": (0,), "float32": True}))
    theirs, said_there = asked(Elsewhere(marker), job)

    for one in (ours[0], theirs[0]):
        assert one.outputs.tobytes() == local.outputs.tobytes()
        assert one.facts["pinned"] == local.facts["pinned"]
    assert ours[1].outputs[0].tolist() == [1.0, 1.0, 4.0, 0.0]
    assert marker.read_text().count("job.json") == 1
    for words in (said, said_there):
        assert "new.lock: 10 rows read; loading the model" in words
        assert any(one.startswith("new.lock: done; read rows") and "peak memory" in one for one in words)


def test_failures_keep_their_kind_and_limits_hold_wherever_it_runs(asked):
    jobs = (("broken", {}), ("gone", {}), ("slow", {"seconds": 3}), ("greedy", {"memory_mb": 3000}))

    found, said = asked(dg.PipesSubprocessClient(forward_stdio=False), *jobs)

    assert [one.failure for one in found] == ["predict", "ended", "time", "memory"]
    assert "no such thing" in found[0].words
    assert "failed with code 41" in found[1].words
    assert any("new.lock: failed: ValueError: no such thing" in one for one in said)


def test_a_client_that_cannot_launch_is_missing_evidence_and_no_finding(asked):
    with pytest.raises(EvidenceUnavailable, match="its worker not begun: ConnectionError: no cluster answers"):
        asked(Down(), ("fine", {}))


def test_a_worker_that_cannot_tell_does_its_job(here):  # noqa: F811
    said = []

    def launch(command, variables, seconds):
        told = {"DAGSTER_PIPES_CONTEXT": "no parameters", "DAGSTER_PIPES_MESSAGES": "none either"}
        environment = {**os.environ, **variables, **told}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=seconds, check=False)
        said.append(done.stderr)
        return Launched(None, "")

    job = {**here.job, "artifact": {"loader": "function", "function": "things:fine"}}

    found = run_job(here.built, job, Knobs(), here.folder / "scratch", launch=launch)

    assert found.outputs.tobytes() == here("fine").outputs.tobytes()
    assert "nothing can be told to Dagster" in said[0]


class Pods(dg.PipesClient):
    """As `dagster_k8s.PipesK8sClient` is called (1.13); the pod is a process."""

    def run(self, *, context, extras=None, image=None, command=None, namespace=None, env=None, base_pod_spec=None):
        assert base_pod_spec["containers"][0]["volumeMounts"][0]["name"] == base_pod_spec["volumes"][0]["name"]
        subprocess.run(command, env={"PATH": os.environ["PATH"], **env}, cwd="/", check=True)


class Tasks(dg.PipesClient):
    """As `dagster_databricks.PipesDatabricksClient` is called (1.13); Pipes' variables follow as arguments."""

    def __init__(self, client):
        self.client = client

    def run(self, *, context, extras=None, task, submit_args=None):
        script = task["spark_python_task"]
        arguments = [*script["parameters"], "--dagster-pipes-context", "x", "--dagster-pipes-messages", "y"]
        launch = "import subprocess, sys; sys.exit(subprocess.run(sys.argv[1:]).returncode)"
        subprocess.run([sys.executable, "-c", launch, *arguments], env={"PATH": os.environ["PATH"]}, check=True)


@pytest.mark.parametrize("platform", ["dagster_k8s", "dagster_databricks"])
def test_clients_of_the_documentation_are_called_with_what_they_need(platform, asked, monkeypatch):
    text = (Path(__file__).parents[2] / "docs" / "replay.md").read_text()
    (code,) = [one for one in re.findall(r"```python\n(.*?)```", text, re.DOTALL) if f"from {platform} " in one]
    known = {
        "dagster_k8s": {"PipesK8sClient": Pods},
        "dagster_databricks": {"PipesDatabricksClient": Tasks},
        "databricks.sdk": {"WorkspaceClient": dict},
        "databricks.sdk.service": {"jobs": SimpleNamespace(SubmitTask=SimpleNamespace(from_dict=dict))},
    }
    for name, members in known.items():
        monkeypatch.setitem(sys.modules, name, SimpleNamespace(**members))
    said = {}
    exec(compile(code, "resources.py", "exec"), said)  # our own documentation

    client = said["resources"]().resources[CLIENT]
    (fine, broken), _ = asked(client, ("fine", {}), ("broken", {}))
    assert fine.failure is None
    assert (broken.failure, broken.words[:10]) == ("predict", "ValueError")
