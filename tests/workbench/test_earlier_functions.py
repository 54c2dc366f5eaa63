"""A function that is the model: as it was before it was edited, it can be asked again beside all else that moved."""

import sys

import numpy as np
import pandas as pd
import pytest

from baseline_pipeline.errors import ModelGone
from baseline_pipeline.workbench.earlier_functions import keep_function
from baseline_pipeline.workbench.iteration.comparing import load_comparison
from baseline_pipeline.workbench.iteration.watching import look
from baseline_pipeline.workbench.replays.attributing import attribute

MODEL = """\
import json

import numpy as np

from curves.slopes import slope

WEIGHT = json.load(open("weight.json"))


def predict(features):
    return (1 / (1 + np.exp(-WEIGHT * slope(features["x"])))).to_numpy()
"""


@pytest.fixture
def project(project, monkeypatch):
    """A model of two modules and a file that is named relative to the project."""
    (project.root / "curves").mkdir()
    (project.root / "curves" / "slopes.py").write_text("def slope(x):\n    return x\n")
    (project.root / "weight.json").write_text("1")
    monkeypatch.chdir(project.root)
    edit(project, MODEL)
    yield project
    forget()


def forget():
    for name in [one for one in sys.modules if one.split(".")[0] in {"smallmodel", "curves", "othermodel"}]:
        del sys.modules[name]


def edit(project, text, name="smallmodel.py"):
    (project.root / name).write_text(text)
    forget()


def contrasts(project, decision):
    found = load_comparison(project.bench(), "small", decision.comparison)
    return {one.moved: {(cell.metric, cell.slice): cell for cell in one.cells} for one in found.contrasts}


def brier(rows, slope):
    return float(np.mean((1 / (1 + np.exp(-slope * rows["x"])) - rows["y"]) ** 2))


def test_an_edited_function_and_new_rows_are_told_apart(project):
    project.run()
    project.establish()
    new = project.rows(seed=9, start=5000)
    project.write(new)
    edit(project, "def slope(x):\n    return -x\n", "curves/slopes.py")
    decision = project.run()
    cells = contrasts(project, decision)
    bench = project.bench()
    found = attribute(bench, bench.contract("small"))
    shares = {one.factor: one.harm for one in found.shared[0].contributions}
    old = project.rows()

    paired, unpaired = (cells[moved]["brier", "all"] for moved in ("model", "population"))
    assert (decision.outcome, decision.tier) == ("reject", "severe")
    assert (paired.baseline, paired.candidate) == pytest.approx((brier(new, 1), brier(new, -1)))
    assert (unpaired.baseline, unpaired.candidate) == pytest.approx((brier(old, 1), brier(new, 1)))
    by_hand = (brier(old, -1) - brier(old, 1) + brier(new, -1) - brier(new, 1)) / 2  # Shapley value of two causes
    assert shares["model"] == pytest.approx(by_hand)
    assert "code" not in found.moved


def test_a_broken_feed_is_seen_although_the_function_was_edited_on_the_same_day(project):
    project.run()
    project.establish()
    rows = project.rows()
    project.write(rows.assign(x=-rows["x"]))
    edit(project, f"{MODEL}\n# nothing else\n")
    decision = project.run()
    cells = contrasts(project, decision)

    assert (decision.outcome, decision.tier) == ("reject", "severe")
    assert cells["data_values"]["brier", "all"].verdict == "degraded"
    assert cells["model"]["brier", "all"].verdict == "unchanged"


def test_a_function_that_could_not_be_kept_is_missing_evidence_and_speaks_against_nobody(project):
    (project.root / "api_key.txt").write_text("s3cret")
    edit(project, MODEL + '\nKEY = open("api_key.txt").read()\n')
    project.run()
    project.establish()
    edit(project, MODEL)
    project.write(project.rows(seed=9, start=5000))
    decision = project.run()

    assert (decision.hold, decision.exit_code) == ("evidence_missing", 3)
    assert "which was not kept" in decision.reasons[0]
    assert not any(b"s3cret" in one.read_bytes() for one in project.root.rglob("store/**/*") if one.is_file())


def kept(project):
    """The model as it stands, kept as a run keeps it."""
    bench = project.bench()
    catalogue = bench.catalogue(bench.contract("small"))
    version = catalogue.resolve("champion")
    keep_function(catalogue, version, bench.progress)
    return version


def answers(project, version):
    bench = project.bench()
    return np.asarray(
        bench.catalogue(bench.contract("small")).load(version).predict(pd.DataFrame({"x": [1.0], "z": [0]}))
    )


def test_a_function_that_goes_by_another_name_now_still_answers(project):
    version = kept(project)
    (project.root / "smallmodel.py").unlink()
    edit(project, MODEL.replace("-WEIGHT", "WEIGHT"), "othermodel.py")
    contract = project.root / "assets" / "small" / "defs.yaml"
    contract.write_text(contract.read_text().replace("smallmodel:predict", "othermodel:predict"))

    assert answers(project, version) == pytest.approx([1 / (1 + np.exp(-1))])
    assert answers(project, kept(project)) == pytest.approx([1 / (1 + np.exp(1))])


def test_an_earlier_version_that_reads_what_nobody_saw_is_gone_and_gives_no_answer(project):
    (project.root / "factor.json").write_text("1")
    edit(project, MODEL + '\nWEIGHT = json.load(open("fac" + "tor.json"))\n')
    version = kept(project)
    edit(project, MODEL)

    with pytest.raises(ModelGone, match=r"as it was kept: .*factor\.json"):
        answers(project, version)


def test_triggers_see_a_function_move_with_a_module_behind_it(project):
    def seen():
        bench = project.bench()
        return look(bench, bench.contract("small")).watched

    before = seen()
    edit(project, "def slope(x):\n    return 2 * x\n", "curves/slopes.py")
    after = seen()

    assert (before.registry != after.registry, before.code == after.code) == (True, True)
