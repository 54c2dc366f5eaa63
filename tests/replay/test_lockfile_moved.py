"""A lockfile that moves is replayed by itself, through Dagster; nothing else is."""

import sys

import dagster as dg
import pytest

from tests.replay.test_elsewhere import locked, write  # noqa: F401  # a fixture

KEY = dg.AssetKey(["credit", "dependency_replay"])
MODEL = """\
import numpy as np


def predict(features):
    assert np.__version__ != "2.1.1", np.__version__
    features = np.asarray(features, dtype=float)
    return 1 / (1 + np.exp(-(features[:, 1] - features[:, 0])))
"""


@pytest.fixture
def watched(locked):  # noqa: F811
    """A baseline under numpy 2.1.3; `moved(version)` locks another one and lets the sensor look."""
    from baseline_pipeline.orchestration.in_process import tick_and_run
    from baseline_pipeline.settings import load_settings
    from baseline_pipeline.workbench.iteration.deciding import establish
    from baseline_pipeline.workbench.iteration.pipeline import run
    from baseline_pipeline.workbench.workbench import Workbench

    bench = Workbench(load_settings(locked, environ={}))
    (locked / "credit_model.py").write_text(MODEL)
    write(locked, "2.1.3")
    sys.modules.pop("credit_model", None)
    contract = bench.contract("credit")
    run(bench, "credit")
    establish(bench, contract, actor="Ada", reason="measured as agreed")
    with dg.instance_for_test() as instance:

        def moved(version):
            write(locked, version)
            heard = []
            assert tick_and_run(instance, contract, locked, "dependencies", heard.append) is None
            return heard

        def said():
            event = instance.get_latest_materialization_event(KEY)
            return {name: one.value for name, one in event.asset_materialization.metadata.items()} if event else None

        yield bench, moved, said


def test_the_baselines_model_is_replayed_under_both_lockfiles_once_and_what_breaks_it_is_severe(watched):
    from baseline_pipeline.workbench.inspection.showing import known_of
    from baseline_pipeline.workbench.replays.lockfile_moved import replay_moved
    from baseline_pipeline.workbench.reporting import decision_story, load_decision

    bench, moved, said = watched

    heard = moved("2.1.2")

    found = said()
    decision = bench.events("credit")[-1].content["decision"]
    assert (found["outcome"], found["tier"], found["decision"]) == ("accept", "", decision)
    assert found["moved"] == "numpy 2.1.3 -> 2.1.2"
    assert found["why"] == "6000 rows bit-identical"
    assert found["rows_changed"] == 0
    assert sum("scoring 6000 rows with poetry.lock" in line for line in heard) == 3
    line = "dependency replay: ACCEPT: 6000 rows bit-identical"
    assert line in known_of(bench, decision)[1]
    contract = bench.contract("credit")
    assert decision_story(bench, contract, load_decision(bench, "credit", decision)).followed[0] == line
    again = []
    bench.progress = again.append
    assert replay_moved(bench, contract, decision).why == found["why"]
    assert again == []

    moved("2.1.1")

    found = said()
    assert (found["outcome"], found["tier"]) == ("reject", "severe")
    assert "the stored model does not predict in poetry.lock" in found["why"]
    assert "AssertionError: 2.1.1" in found["why"]
