"""A run whose process was killed is seen to be dead; one that lives is let be."""

import os
import signal
import subprocess
import sys

import dagster as dg
import pytest

from baseline_pipeline.orchestration.liveness import RESOURCE, fail_the_dead, process_lock
from baseline_pipeline.orchestration.names import MODEL_TAG

HOLDER = """
import sys, time
import dagster as dg
from pathlib import Path
from baseline_pipeline.orchestration.liveness import process_lock
with dg.build_resources({"process_lock": process_lock(Path(sys.argv[1]))}, dagster_run=None):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def instance():
    with dg.instance_for_test() as found:
        yield found


@dg.job(tags={MODEL_TAG: "small"})
def _noop():
    pass


def test_a_killed_process_frees_its_run_and_a_living_one_keeps_it(project, instance):
    run = instance.create_run_for_job(_noop, status=dg.DagsterRunStatus.STARTED, tags={MODEL_TAG: "small"})
    held = subprocess.Popen([sys.executable, "-c", HOLDER, str(project.root)], stdout=subprocess.PIPE, text=True)
    assert held.stdout.readline() == "held\n"
    folder = project.settings.home / "running"
    os.link(next(folder.iterdir()), folder / f"{run.run_id}.lock")
    assert fail_the_dead(instance, project.root, "small") == []

    held.send_signal(signal.SIGKILL)
    held.wait(10)
    assert fail_the_dead(instance, project.root, "small") == [run.run_id]
    assert instance.get_run_by_id(run.run_id).status == dg.DagsterRunStatus.FAILURE
    assert fail_the_dead(instance, project.root, "small") == []


def test_a_run_that_never_took_its_lock_is_left_to_dagster(project, instance):
    instance.create_run_for_job(_noop, status=dg.DagsterRunStatus.STARTED, tags={MODEL_TAG: "small"})

    assert fail_the_dead(instance, project.root, "small") == []


def test_the_lock_is_gone_with_the_run(project):
    with dg.build_resources({RESOURCE: process_lock(project.root)}) as resources:
        place = getattr(resources, RESOURCE)
        assert place.exists()

    assert not place.exists()
