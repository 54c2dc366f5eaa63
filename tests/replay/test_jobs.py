"""What a job's name moves with: finished work is found again, and no more than that."""

from types import SimpleNamespace

import pytest

from baseline_pipeline.environment.lock import Lock, Package
from baseline_pipeline.workbench.replays import jobs
from baseline_pipeline.workbench.replays.dependency_replay import _moved
from baseline_pipeline.workbench.replays.jobs import Jobs

ENTRY = """\
import json
from helping import fill

def fit(features, labels):
    return fill(features, json.load(open("params.json")))
"""


@pytest.fixture
def source(tmp_path):
    """What stands for a training entry in a job's name."""
    (tmp_path / "fitting.py").write_text(ENTRY)
    (tmp_path / "helping.py").write_text("def fill(features, told): return features\n")
    (tmp_path / "params.json").write_text('{"C": 1}')
    bench = SimpleNamespace(settings=SimpleNamespace(project=tmp_path))
    return Jobs(bench, None, None, {})._source


@pytest.mark.parametrize("edited", ["fitting.py", "helping.py", "params.json"])
def test_a_model_is_trained_anew_where_anything_behind_its_entry_was_edited(source, tmp_path, edited):
    before = source("fitting:fit")
    again = source("fitting:fit")
    with (tmp_path / edited).open("a") as file:
        file.write("\n")

    assert before == again != source("fitting:fit")


@pytest.mark.parametrize(("failure", "stored"), [("train", False), ("predict", True)])
def test_what_fails_is_not_begun_again_by_the_same_command(failure, stored, run_with, monkeypatch, tmp_path):
    begun, kept = [], {}
    store = SimpleNamespace(
        load=lambda _kind, _model, key: kept.get(key),
        save=lambda _kind, _model, key, record: kept.update({key: record.body()}),
    )
    bench = SimpleNamespace(settings=SimpleNamespace(scratch=tmp_path), store=store, progress=begun.append, launch=None)
    monkeypatch.setattr(jobs, "run_job", lambda *_, **__: SimpleNamespace(facts={}))
    monkeypatch.setattr(Jobs, "job", lambda *_: {})
    monkeypatch.setattr(Jobs, "_key", lambda *_: "0" * 64)
    monkeypatch.setattr(Jobs, "_kept", lambda *_: run_with("new.lock", failure, "no such argument"))
    asked = Jobs(bench, SimpleNamespace(name="kiln"), None, {})

    found = [asked.run("new.lock", None, [], None, train=[]) for _ in range(3)]

    assert [one.failure for one in found] == [failure] * 3
    assert (len(begun), bool(kept)) == (1, stored)


def test_an_entry_that_is_not_there_is_left_to_the_worker(source):
    assert source("nowhere.at_all:fit") == source("nowhere.at_all:fit") != source("nowhere:fit")


def test_other_hashes_are_told_of_what_both_environments_hold():
    def locked(digest):
        packages = tuple(Package(name=name, version="1", hashes=digest) for name in ("held", "optional"))
        return SimpleNamespace(lock=Lock(packages=packages))

    def built(*names):
        return SimpleNamespace(version="3.11.7", packages=dict.fromkeys(names, "1"))

    before, after = (locked("a" * 64), built("held", "optional")), (locked("b" * 64), built("held"))

    assert _moved([before, after]) == ("optional 1: gone", "held 1: other hashes")
