"""What cannot be replayed is told from what can; where nothing was scored, the next step names no attribution."""

import sys

import pandas as pd
import pytest

from baseline_pipeline.errors import EvidenceUnavailable, UsageError
from baseline_pipeline.report.outcome import next_step
from baseline_pipeline.workbench.replays.attributing import attribute

MODEL = """\
from pathlib import Path

import numpy as np


def predict(features):
    weight = float(Path(__file__).with_suffix(".weight").read_text())
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
    """An approved model whose source is the same, and whose answers come from a file that nobody sees it read."""
    (project.root / "smallmodel.py").write_text(MODEL)
    (project.root / "smallmodel.weight").write_text("1.0")
    (project.root / "onefeed.py").write_text(FEED)
    contract = project.root / "assets" / "small" / "defs.yaml"
    contract.write_text(contract.read_text().replace('{csv: "data/*.csv"}', '{callable: "onefeed:rows"}'))
    project.run()
    project.establish()
    (project.root / "onefeed.py").write_text(f"{FEED}# edited\n")
    (project.root / "smallmodel.weight").write_text("-1.0")
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


def test_facets_that_moved_together_and_changed_no_output_are_no_causes(edited):
    (edited.root / "smallmodel.weight").write_text("1.0")
    edited.lock((edited.root / "requirements.lock").read_text() + "some-package==1.0\n")
    edited.run()
    bench = edited.bench()

    with pytest.raises(UsageError, match="dependencies and code moved, and not one of 1500 outputs differs"):
        attribute(bench, bench.contract("small"))


def grown(project):
    """New rows beside the old ones, alike in every way."""
    more = project.rows(seed=9, rows=1200, start=1500)
    project.write(pd.concat([project.rows(), more.assign(day=more.day.str.replace("2026-01", "2026-02"))]))


def test_code_that_moved_together_with_new_rows_is_told_from_them(edited):
    grown(edited)
    decision = edited.run()
    bench = edited.bench()
    found = attribute(bench, bench.contract("small"))
    worst = found.shared[0]
    harms = {one.factor: (one.harm, one.found) for one in worst.contributions}

    assert (decision.outcome, set(found.factors)) == ("reject", {"code", "population"})
    assert harms["code"][0] > 0.1
    assert harms["code"][1]
    assert abs(harms["population"][0]) < 0.03
    assert not harms["population"][1]
    assert sum(harm for harm, _ in harms.values()) == pytest.approx(worst.harm)
    assert "undo the edit" in found.advice


def test_what_moved_together_and_cannot_be_replayed_is_one_cause_beside_new_rows(edited):
    grown(edited)
    edited.lock((edited.root / "requirements.lock").read_text() + "some-package==1.0\n")
    edited.run()
    bench = edited.bench()
    found = attribute(bench, bench.contract("small"))

    assert found.shared[0].top.factor == "surroundings"
    assert "come from what moved together around the model (dependencies; code)" in found.sentence
    assert "undo one of what moved together" in found.advice


def test_a_lockfile_that_changed_no_answer_is_no_cause_of_what_new_rows_do(project):
    project.run()
    project.establish()
    grown(project)
    project.lock((project.root / "requirements.lock").read_text() + "# by hand\nsome-package==1.0\n")
    project.run()
    bench = project.bench()
    found = attribute(bench, bench.contract("small"))

    assert found.factors == ("population",)
    assert found.dropped["dependencies"] == "not one of 1500 outputs differs"


def test_new_rows_of_a_feed_that_broke_name_what_drifted_before_anybody_retrains(project):
    project.run()
    project.establish()
    more = project.rows(seed=9, rows=1200, start=1500)
    more = more.assign(day=more.day.str.replace("2026-01", "2026-02"), x=-10 * more.x)
    project.write(pd.concat([project.rows(), more]))
    project.run()
    bench = project.bench()
    found = attribute(bench, bench.contract("small"))

    assert found.factors == ("population",)
    assert "come from the other rows (x drifted by " in found.sentence
    assert " robust standard deviations), interval" in found.sentence
    assert found.advice == (
        "look at the feed of x: it drifted with the other rows; where the values are right, the world has moved: "
        "retrain on recent rows, or agree on another margin with a reason"
    )
    assert len(found.moved["population"]) == 1


def test_a_model_that_fails_everywhere_is_to_be_repaired_and_not_attributed(project):
    project.run()
    project.establish()
    (project.root / "smallmodel.py").write_text("def predict(features):\n    raise ValueError\n")
    sys.modules.pop("smallmodel")
    decision = project.run()

    assert (decision.outcome, decision.candidate) == ("reject", None)
    assert "attribute" not in next_step(decision)
    assert "repair what the reasons name" in next_step(decision)
