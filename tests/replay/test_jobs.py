"""What a job's name moves with: finished work is found again, and no more than that."""

from types import SimpleNamespace

import pytest

from baseline_pipeline.environment.lock import Lock, Package
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
