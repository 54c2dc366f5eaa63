"""Limits of a job: the contract's, told as what they are, and never taken for a finding."""

import sys
from types import SimpleNamespace

import pytest

from baseline_pipeline.adapters.environments import running
from baseline_pipeline.adapters.environments.built import here
from baseline_pipeline.adapters.environments.knobs import Knobs
from baseline_pipeline.adapters.environments.running import Ran
from baseline_pipeline.contract.environment import EnvironmentSection
from baseline_pipeline.errors import EvidenceUnavailable, UsageError
from baseline_pipeline.ports import Launched
from baseline_pipeline.replay.outcome import ended
from baseline_pipeline.workbench.replays import jobs
from baseline_pipeline.workbench.replays.opening import open_replaying

SLEEPY = """\
import time


def sleepy(features):
    time.sleep(60)
"""


@pytest.fixture
def sleepy(project):
    (project.root / "sleepy_model.py").write_text(SLEEPY)
    yield project
    sys.modules.pop("sleepy_model", None)


def declared(project, words):
    defs = project.root / "assets" / "small" / "defs.yaml"
    defs.write_text(defs.read_text().replace("environment: {", f"environment: {{{words}, "))
    bench = project.bench()
    return bench, bench.contract("small")


def test_the_contract_says_how_long_and_how_large_a_job_may_be():
    found = Knobs.declared(EnvironmentSection(threads=2, job_time="2h", job_memory_mb=6000))

    assert (found.threads, found.seconds, found.memory_mb) == (2, 7200.0, 6000)
    assert Knobs.declared(EnvironmentSection()) == Knobs()


def test_a_limit_of_nothing_is_refused_at_its_line(project):
    with pytest.raises(UsageError, match=r"(?s)environment.job_time: '0m' stood here"):
        declared(project, "job_time: 0m")


def test_a_job_that_meets_a_limit_is_no_evidence_and_says_which(sleepy):
    bench, contract = declared(sleepy, "job_time: 4s")
    work = open_replaying(bench, contract, candidate="sleepy_model:sleepy")

    with pytest.raises(EvidenceUnavailable, match=r"could not be evaluated with .*: not done after 4 s") as caught:
        work.require(work.jobs.run("this environment", here(), work.rows, work.knobs))

    assert "environment.job_time" in str(caught.value.next_step)


def test_a_finished_job_is_found_again_when_the_limit_of_time_moves(project, monkeypatch):
    bench, contract = declared(project, "job_time: 5m")
    work = open_replaying(bench, contract)
    first = work.jobs.run("this environment", here(), work.rows, work.knobs)
    monkeypatch.setattr(jobs, "run_job", lambda *_, **__: pytest.fail("done once more"))

    again = work.jobs.run("this environment", here(), work.rows, Knobs(seconds=7.0))

    assert again == first


def test_what_fails_in_the_old_environment_is_not_asked_twice(project, run_with, monkeypatch):
    bench, contract = declared(project, "job_time: 5m")
    work, asked = open_replaying(bench, contract), []

    def run(name, *_, repeat=0, **__):
        asked.append((name, repeat))
        return (
            run_with(name, "time", "not done after 300 s") if name == "old" else run_with(name, "load", "no such thing")
        )

    monkeypatch.setattr(work.jobs, "run", run)
    found = work.trial("artifact", *((SimpleNamespace(name=name), here()) for name in ("old", "new")))

    assert sorted(asked) == [("new", 0), ("old", 0)]
    assert found.why.startswith("the stored model could not be evaluated with old: not done after 300 s")


@pytest.mark.parametrize("failure", ["time", "memory", "killed"])
def test_a_limit_in_the_new_environment_rejects_nothing(project, run_with, failure):
    contract = project.bench().contract("small")

    found = ended(contract, "artifact", run_with("old"), run_with("new", failure, "cut"), None, None, None)

    assert (found.ending, found.tier) == ("evidence_missing", None)
    assert found.why.startswith("the stored model could not be evaluated with new: cut; ")


def test_the_memory_that_was_asked_about_is_a_finding(project, run_with):
    contract = project.bench().contract("small")
    runs = run_with("as it is"), run_with("little_memory", "memory", "8 MB are too little")

    found = ended(contract, "artifact", *runs, None, None, None, limited=True)

    assert (found.ending, found.tier) == ("reject", "severe")


@pytest.mark.parametrize(
    ("code", "words", "limit", "failure"),
    [
        (-9, "", None, "killed"),
        (-15, "", None, "killed"),
        (-9, "", 512, "memory"),
        (12, "MemoryError: no 3 GiB", 512, "memory"),
        (-6, "what():  std::bad_alloc", 512, "memory"),
        (-11, "", 512, "ended"),
        (-11, "", None, "ended"),
    ],
)
def test_what_was_ended_from_outside_is_told_apart_from_what_crashed(tmp_path, code, words, limit, failure):
    found = running.run_job(here(), {}, Knobs(memory_mb=limit), tmp_path, launch=lambda *_: Launched(code, words))

    assert isinstance(found, Ran)
    assert found.failure == failure
    assert ("512 MB of address space are too little" in found.words) is (failure == "memory")
