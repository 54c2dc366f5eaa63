"""The sensitivity matrix of a real baseline: what it says would be seen is seen."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from baseline_pipeline.comparison import Side
from baseline_pipeline.contrasting import contrast
from baseline_pipeline.errors import ContractError
from baseline_pipeline.scenarios import SCENARIOS
from baseline_pipeline.workbench.inspection.sensing import _Spoiling, sensitivity
from baseline_pipeline.workbench.iteration.evaluating import load_evaluation

OWN = """\
def upside_down(frame, dose, rng):
    frame["x"] = frame["x"].where(rng.random(len(frame)) >= dose, -frame["x"])
    return frame


def nothing(frame, dose, rng):
    return dose
"""


def test_doses_are_seen_the_more_the_larger_and_own_scenarios_stand_beside_ours(project):
    (project.root / "own_scenarios.py").write_text(OWN)
    project.run()
    project.establish()
    command = [Path(sys.executable).with_name("baseline"), "power", "small", "--json", "--report", "heat.html"]
    names = ("gaussian_noise", "text_typos", "seasonal_shift", "own_scenarios:upside_down")
    options = [word for name in names for word in ("--scenario", name)]

    done = subprocess.run([*command, *options], cwd=project.root, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["baseline_revision"], found["metrics"]) == (1, ["brier", "error_rate"])
    by_name = {one["scenario"]: one for one in found["scenarios"]}
    own = by_name["own_scenarios:upside_down"]
    powers = [next(one["power"] for one in each["seen"] if one["metric"] == "brier") for each in own["doses"]]
    assert powers == sorted(powers)
    assert powers[-1] > 0.99
    assert 0 < own["detectable"]["brier"] < 1
    assert by_name["text_typos"]["skipped"] == "needs a feature that holds words"
    assert by_name["seasonal_shift"]["skipped"] == "needs a time column"
    page = (project.root / "heat.html").read_text()
    assert "color-mix" in page
    assert "needs a time column" in page


def test_what_is_said_to_be_seen_is_what_a_gate_over_new_rows_sees(project):
    """Twenty-four other draws of rows and damage against the stated power."""
    project.run()
    project.establish()
    bench = project.bench()
    contract = bench.contract("small")
    (one,) = sensitivity(bench, contract, ["gaussian_noise"]).scenarios
    work = _Spoiling(bench, contract, load_evaluation(bench, "small", bench.baseline("small").evaluation))

    def found(draw):
        rng = np.random.default_rng(draw)
        before = work.scores(project.rows(seed=1000 + draw))
        after = work.scores(
            SCENARIOS["gaussian_noise"].spoil(project.rows(seed=2000 + draw), work.about, one.doses[-1].dose, rng)
        )
        after = replace(after, row_id=pa.array([f"new {name}" for name in after.row_id.to_pylist()]))
        sides = [Side(evaluation=f"{draw}", scores_file=f"{draw}{name}", version="1", snapshot="s") for name in "ab"]
        cells = contrast(
            contract,
            moved="population",
            question="",
            baseline=sides[0],
            candidate=sides[1],
            baseline_scores=before,
            candidate_scores=after,
            definitions=({}, {}),
            training_windows=[],
            pairing="unpaired",
        ).cells
        cell = next(cell for cell in cells if (cell.metric, cell.slice) == ("brier", "all"))
        return bool(cell.harm_bounds and cell.harm_bounds[0] is not None and cell.harm_bounds[0] > 0)

    seen = sum(found(draw) for draw in range(24)) / 24

    assert abs(seen - one.doses[-1].power("brier")) < 0.3


def test_a_scenario_that_is_none_is_refused(project):
    (project.root / "own_scenarios.py").write_text(OWN)
    project.run()
    bench = project.bench()
    contract = bench.contract("small")

    for name, words in (("own_scenarios:absent", "no attribute"), ("own_scenarios:nothing", "accepted: a DataFrame")):
        with pytest.raises(ContractError, match=words):
            sensitivity(bench, contract, [name])
