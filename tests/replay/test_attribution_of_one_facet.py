"""A facet that moved alone is all of the change; where nothing was scored, the next step names no attribution."""

import sys

import pytest

from baseline_pipeline.errors import EvidenceUnavailable
from baseline_pipeline.report.outcome import next_step
from baseline_pipeline.workbench.replays.attributing import attribute

MODEL = """\
from pathlib import Path

import numpy as np


def predict(features):
    weight = float(Path(__file__).with_name("weight.txt").read_text())
    return (1 / (1 + np.exp(-weight * features["x"]))).to_numpy()
"""
FEED = """\
from pathlib import Path

import pandas as pd


def rows():
    return pd.read_csv(Path(__file__).with_name("data") / "rows.csv")
"""


@pytest.fixture
def edited(project):
    """An approved model whose source is the same, and whose answers come from a file beside it."""
    (project.root / "smallmodel.py").write_text(MODEL)
    (project.root / "weight.txt").write_text("1.0")
    (project.root / "onefeed.py").write_text(FEED)
    contract = project.root / "assets" / "small" / "defs.yaml"
    contract.write_text(contract.read_text().replace('{csv: "data/*.csv"}', '{callable: "onefeed:rows"}'))
    project.run()
    project.establish()
    (project.root / "onefeed.py").write_text(f"{FEED}# edited\n")
    (project.root / "weight.txt").write_text("-1.0")
    sys.modules.pop("onefeed", None)
    yield project
    sys.modules.pop("onefeed", None)


def test_code_that_moved_alone_is_all_of_the_harm(edited):
    decision = edited.run()
    bench = edited.bench()

    found = attribute(bench, bench.contract("small"))

    assert (decision.outcome, found.factors) == ("reject", ("code",))
    assert "baseline attribute small" in next_step(decision)
    worst = found.shared[0]
    assert [(one.factor, one.found) for one in worst.contributions] == [("code", True)]
    assert worst.contributions[0].harm == pytest.approx(worst.harm)
    assert "come from the code that scores" in found.sentence
    assert "undo the edit" in found.advice


def test_a_lockfile_that_cannot_be_installed_and_moved_alone_is_all_of_the_change(project):
    project.run()
    project.establish()
    project.lock((project.root / "requirements.lock").read_text() + "# by hand\nsome-package==1.0\n")
    project.run()
    bench = project.bench()

    found = attribute(bench, bench.contract("small"))

    assert found.moved["dependencies"] == ("some-package 1.0: new",)
    assert found.factors == ()
    assert "outputs differs" in found.dropped["dependencies"]


def test_facets_that_moved_together_and_cannot_be_replayed_are_not_told_apart(edited):
    edited.lock((edited.root / "requirements.lock").read_text() + "some-package==1.0\n")
    edited.run()
    bench = edited.bench()

    with pytest.raises(EvidenceUnavailable, match=r"cannot be told apart: dependencies: .* code: "):
        attribute(bench, bench.contract("small"))


def test_a_model_that_fails_everywhere_is_to_be_repaired_and_not_attributed(project):
    project.run()
    project.establish()
    (project.root / "smallmodel.py").write_text("def predict(features):\n    raise ValueError\n")
    sys.modules.pop("smallmodel")
    decision = project.run()

    assert (decision.outcome, decision.candidate) == ("reject", None)
    assert "attribute" not in next_step(decision)
    assert "repair what the reasons name" in next_step(decision)
