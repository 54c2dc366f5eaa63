"""The sensitivity matrix of a real baseline: what it says would be seen is seen."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from baseline_pipeline.cli.app import app
from baseline_pipeline.comparison import Side
from baseline_pipeline.contrasting import contrast
from baseline_pipeline.errors import ContractError, EvidenceUnavailable, UsageError
from baseline_pipeline.ports import ModelVersion
from baseline_pipeline.scenarios import SCENARIOS, About
from baseline_pipeline.sensitivity import Seen, chance, expected_chance
from baseline_pipeline.significance.clustered import Uncertainty
from baseline_pipeline.workbench.inspection.own_scenario import own_scenario
from baseline_pipeline.workbench.inspection.sensed import sensitivity_html
from baseline_pipeline.workbench.inspection.sensing import (
    Dosed,
    _Spoiling,
    over_tries,
    sensitivity,
    unlearned,
)
from baseline_pipeline.workbench.iteration.comparing import previous_champion
from baseline_pipeline.workbench.iteration.evaluating import load_evaluation

OWN = """\
def upside_down(frame, dose, rng):
    frame["x"] = frame["x"].where(rng.random(len(frame)) >= dose, -frame["x"])
    return frame


def nothing(frame, dose, rng):
    return dose


def falls(frame, dose, rng):
    return frame["absent"]


def loses(frame, dose, rng):
    return frame.drop(columns="z")


def without_b(frame, dose, rng):
    return frame[frame["y"] != "b"]


def renamed(frame, dose, rng):
    return frame.assign(y="zebra")


def twice(frame, dose, rng):
    return frame.join(frame[["z"]].rename(columns={"z": "w"})).rename(columns={"w": "z"})


def mixed(frame, dose, rng):
    return frame.assign(z=["word", *frame["z"].iloc[1:]])


def sometime(frame, dose, rng):
    return frame.assign(day="sometime")


def loud(frame, dose, rng):
    raise ValueError("\\x1b[2J")


def worded(frame, dose, rng):
    return frame.assign(x="word")


def hardly_any(frame, dose, rng):
    return frame.head(300)
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


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--report", "heat.html"], "--report draws what --sensitivity finds"),
        (["--sensitivity", "--disagreement", "0.1"], "--disagreement asks for the plan"),
        (["--scenario", "unit_error", "--all"], "--all asks for the plan"),
    ],
)
def test_an_option_that_would_do_nothing_is_refused(options, words):
    with pytest.raises(UsageError, match=words):
        app(["power", "small", *options], standalone_mode=False)


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


def test_a_harm_that_may_be_chance_is_not_promised_to_be_seen(project):
    """Segments that differ in nothing but luck: what their mix does is told with its own error, by an older formula."""
    project.run()
    bench = project.bench()
    contract = bench.contract("small")
    evaluation = load_evaluation(bench, "small", previous_champion(bench, "small"))
    work = _Spoiling(
        bench, contract.model_copy(update={"data": contract.data.model_copy(update={"cluster": None})}), evaluation
    )

    sensed = work.sensed("evolving_behaviour", SCENARIOS["evolving_behaviour"], ["brier"])

    dosed = sensed.doses[-1]
    (seen,) = (one for one in dosed.seen if (one.metric, one.slice) == ("brier", "all"))
    loss = (work.before.outcomes.score - work.before.outcomes.label) ** 2
    weight = np.where(work.frame["group"] == work.frame["group"].value_counts().index[0], 1.0, 0.1)
    moved = weight / weight.mean() * (loss - np.average(loss, weights=weight)) - (loss - loss.mean())
    assert seen.unsure == pytest.approx(np.sqrt((moved**2).sum()) / len(loss), rel=0.1)
    assert seen.unsure > 0.5 * seen.error
    uncertainty = Uncertainty(seen.error, 1e6, len(loss))
    assert expected_chance(3 * seen.error, seen.unsure, uncertainty, 2.5) < chance(3 * seen.error, uncertainty, 2.5)


def test_a_harm_counts_for_as_much_as_is_left_when_chance_is_taken_off():
    """True harms of none and of three errors, each estimated six hundred times with an error of its own."""
    one, draws = Uncertainty(1.0, 1e6, 5000), np.random.default_rng(4).normal(size=600)
    plain, mean = (
        [np.mean([f(harm + 1.5 * z) for z in draws]) for harm in (0.0, 3.0)]
        for f in (lambda harm: chance(harm, one, 2.8), lambda harm: expected_chance(harm, 1.5, one, 2.8))
    )

    assert mean[0] < plain[0] * 0.6  # the truth is 0.003
    assert mean[1] < plain[1] < 0.58
    assert expected_chance(3.0, 1e-9, one, 2.8) == pytest.approx(chance(3.0, one, 2.8))
    assert expected_chance(3.0, 0.3, Uncertainty(1.0, 9.0, 10), 2.8) < chance(3.0, one, 2.8)


def test_what_rests_on_one_draw_is_the_mean_over_many(project):
    """A feature that stops at a small value harms in another way than one that stops at a large one."""
    project.run()
    bench = project.bench()
    told = []
    bench.progress = told.append
    work = _Spoiling(bench, bench.contract("small"), load_evaluation(bench, "small", previous_champion(bench, "small")))
    scenario, harms = SCENARIOS["stale_feature"], []

    def noted(frame, about, dose, rng):
        found = scenario.spoil(frame, about, dose, rng)
        after, before = (work.scores(one.drop(columns=set(one) - set(work.frame))).outcomes for one in (found, frame))
        harms.append(((after.score - after.label) ** 2).mean() - ((before.score - before.label) ** 2).mean())
        return found

    sensed = work.sensed("stale_feature", replace(scenario, spoil=noted, doses=(0.5,)), ["brier"])

    (seen,) = (one for one in sensed.doses[0].seen if (one.metric, one.slice) == ("brier", "all"))
    assert told == [f"stale_feature 0.5, try {number} of 12" for number in range(1, 13)]
    assert len(harms) == 12
    assert np.std(harms) > 0.1 * np.mean(harms)
    assert seen.harm == pytest.approx(np.mean(harms))


def test_a_try_that_cannot_be_judged_is_left_out_and_one_that_fails_is_told():
    def tried(failure="", **power):
        cells = tuple(Seen(metric="m", slice=name, harm=one, error=1.0, power=one) for name, one in power.items())
        return Dosed(dose=0.1, rows=9, failure=failure, seen=cells)

    found = over_tries([tried(all=0.25, a=0.5), tried(all=0.75, a=None), tried(all=0.5)])

    assert {one.slice: (one.power, one.harm) for one in found.seen} == {"all": (0.5, 0.5), "a": (0.5, 0.5)}
    assert over_tries([tried(all=0.25), tried("nan for row 13")]).failure == "nan for row 13"
    assert over_tries([tried(all=None), tried(all=None)]).power("m") is None


def test_a_scenario_of_ones_own_is_the_one_that_stands_in_the_project_now(project, tmp_path):
    frame, rng = pd.DataFrame({"x": [1.0], "y": [0]}), np.random.default_rng(0)
    about = About(features=("x",), label="y")
    other = tmp_path / "other"
    other.mkdir()
    found = []
    for folder, factor in ((project.root, 2), (project.root, 30), (other, 400)):
        text = f"def more(frame, dose, rng):\n    return frame.assign(x=frame.x * {factor})\n"
        (folder / "standing_scenarios.py").write_text(text)
        scenario = own_scenario("standing_scenarios:more", folder)
        found.append(scenario.spoil(frame, about, 1.0, rng)["x"].item())

    assert found == [2.0, 30.0, 400.0]


@pytest.mark.parametrize("text", ["exit('no licence')", "def ends(frame, dose, rng):\n    exit('no licence')"])
def test_a_scenario_of_ones_own_that_ends_the_process_ends_in_words(tmp_path, text):
    (tmp_path / "ending_scenarios.py").write_text(text)
    frame = pd.DataFrame({"x": [1.0], "y": [0]})

    with pytest.raises(ContractError, match=r"SystemExit.*no licence"):
        own_scenario("ending_scenarios:ends", tmp_path).spoil(frame, About((), "y"), 1.0, np.random.default_rng(0))


def test_a_scenario_that_is_none_is_refused(project):
    contract = project.root / "assets" / "small" / "defs.yaml"
    contract.write_text(contract.read_text().replace("label: y", "label: y\n    time: day"))
    (project.root / "own_scenarios.py").write_text(OWN)
    project.run()
    bench = project.bench()
    contract = bench.contract("small")

    for name, words in (
        ("own_scenarios:absent", "no attribute"),
        (":absent", "Empty module name"),
        ("own_scenarios:nothing", "accepted: a DataFrame"),
        ("own_scenarios:falls", "KeyError at dose 0.1: 'absent'"),
        ("own_scenarios:loses", "at dose 0.1 lost the columns z"),
        ("own_scenarios:twice", "at dose 0.1 gave the column z twice; accepted: .* each once"),
        ("own_scenarios:mixed", "at dose 0.1 left values that cannot be read"),
        ("own_scenarios:sometime", "at dose 0.1 left values that cannot be read.*sometime"),
        ("own_scenarios:loud", r"ValueError at dose 0.1: \\x1b\[2J"),
        ("gausian_noise", "no scenario 'gausian_noise'; did you mean 'gaussian_noise'. accepted: gauss"),
    ):
        with pytest.raises(ContractError, match=words):
            sensitivity(bench, contract, [name])
    bench.progress = pytest.fail
    with pytest.raises(ContractError, match="no attribute"):
        sensitivity(bench, contract, ["gaussian_noise", "own_scenarios:absent"])  # before anything is scored


def three_classes(project):
    """The project's model as one of three classes, the middle one rare."""
    rows = project.rows()
    rows["y"] = np.where(np.arange(len(rows)) < 30, "b", np.where(rows["y"] == 1, "c", "a"))
    project.write(rows)
    (project.root / "own_scenarios.py").write_text(OWN)
    (project.root / "smallmodel.py").write_text(
        "import numpy as np\n\n\ndef predict(features):\n"
        "    odds = np.exp(np.stack([0 * features['x'], 0 * features['x'] - 3, features['x']], axis=1))\n"
        "    return odds / odds.sum(axis=1, keepdims=True)\n"
    )
    contract = project.root / "assets" / "small" / "defs.yaml"
    text = contract.read_text().replace("binary_classification", "multiclass_classification")
    contract.write_text(text.replace(", positive_class: 1", "").replace("brier", "log_loss"))


def test_a_class_that_is_gone_leaves_the_others_their_names(project):
    three_classes(project)
    project.run()
    bench = project.bench()
    contract = bench.contract("small")

    (one,) = sensitivity(bench, contract, ["own_scenarios:without_b"]).scenarios

    for dosed in one.doses:
        assert dosed.rows == 1470
        assert all(seen.harm < 0 for seen in dosed.seen if seen.slice == "all")  # the class that was always missed
    with pytest.raises(ContractError, match="'zebra' is none that the model knows; accepted: a, b, c"):
        sensitivity(bench, contract, ["own_scenarios:renamed"])


def test_what_cannot_be_judged_is_no_zero(project):
    from baseline_pipeline.report.sensitivity import sensitivity_lines

    (project.root / "own_scenarios.py").write_text(OWN)
    project.run()
    bench = project.bench()

    found = sensitivity(bench, bench.contract("small"), ["own_scenarios:hardly_any"])

    assert found.scenarios[0].doses[0].power("brier") is None
    words = "\n".join(sensitivity_lines(found))
    assert "-  brier: 300 rows; 500 are needed for a verdict" in words
    assert "not seen" not in words
    assert " 0 " not in words.splitlines()[2]


def test_a_model_that_fails_is_as_deep_in_the_heat_map_as_what_is_surely_seen(project):
    (project.root / "own_scenarios.py").write_text(OWN)
    project.run()
    bench = project.bench()
    contract = bench.contract("small")

    text = sensitivity_html(contract, sensitivity(bench, contract, ["own_scenarios:worded"]))

    deep = 'style="background: color-mix(in srgb, var(--good) 75%, transparent)">the model fails'
    assert text.count(deep) == 3


def test_metrics_that_begin_alike_stand_under_their_whole_names():
    from baseline_pipeline.report.sensitivity import sensitivity_lines
    from baseline_pipeline.workbench.inspection.sensing import Dosed, Sensed, Sensitivity

    metrics = ("mean_absolute_error", "mean_absolute_percentage_error")
    seen = tuple(
        Seen(metric=name, slice="all", harm=1.0, error=1.0, power=power)
        for name, power in zip(metrics, (0.25, 0.75), strict=True)
    )
    dosed = Dosed(dose=0.1, rows=900, failure="", seen=seen)
    detectable = dict(zip(metrics, (None, 0.1), strict=True))
    one = Sensed(
        scenario="mypackage.scenarios:lost_region", why="w", unit="u", skipped="", doses=(dosed,), detectable=detectable
    )
    found = Sensitivity(
        model="m",
        baseline_revision=None,
        evaluation="0" * 64,
        policy="0" * 64,
        rows=900,
        left_out=0,
        power=0.8,
        metrics=metrics,
        scenarios=(one,),
    )

    unseen = found.model_copy(update={"scenarios": (one.model_copy(update={"detectable": dict.fromkeys(metrics)}),)})
    assert sensitivity_lines(unseen)[-1].startswith(
        "not seen with 80% at any dose tried, by any"
    )  # 75 % by one of them
    head, powers, doses = (line.rstrip() for line in sensitivity_lines(found)[1:4])
    ends = [head.index(name) + len(name) for name in metrics]
    assert [powers[:end].split()[-1] for end in ends] == ["25", "75"]
    assert [doses[:end].rpartition("  ")[2] for end in ends] == ["not found", "<= 0.1"]
    assert len({len(line) for line in (head, powers, doses)}) == 1


def test_what_a_model_fails_by_is_told_first():
    from baseline_pipeline.report.sensitivity import _row
    from baseline_pipeline.workbench.inspection.sensing import Dosed

    failure = "version d49c56b2be32 of honey:predict does not predict: nan for row 13 (402 such rows)"

    assert _row(None, Dosed(dose=0.1, rows=9, failure=failure, seen=())) == (
        "the model fails: nan for row 13 (402 such rows)"
    )


def test_a_dose_that_is_found_at_once_is_an_upper_bound():
    from baseline_pipeline.report.sensitivity import smallest
    from baseline_pipeline.workbench.inspection.sensing import Dosed, Sensed

    doses = tuple(Dosed(dose=dose, rows=900, failure="the model fails", seen=()) for dose in (0.1, 0.3))
    detectable = {"brier": 0.1, "recall": 0.204, "accuracy": None}
    one = Sensed(scenario="s", why="w", unit="u", skipped="", doses=doses, detectable=detectable)

    assert [smallest(one, metric) for metric in detectable] == ["<= 0.1", "0.204", "not found"]


def test_rows_that_the_model_learned_from_are_left_out_as_a_gate_leaves_them_out(project):
    contract = project.root / "assets" / "small" / "defs.yaml"
    text = contract.read_text().replace("label: y", "label: y\n    time: day")
    window = "positive_class: 1, training: {window: [2026-01-01, 2026-01-07]}"
    contract.write_text(text.replace("positive_class: 1", window))
    project.run()
    bench = project.bench()

    found = sensitivity(bench, bench.contract("small"), ["gaussian_noise"])

    later = int((project.rows()["day"] > "2026-01-07").sum())
    assert (found.rows, found.left_out) == (later, 1500 - later)
    version = ModelVersion("small", "1", "smallmodel:predict", "0" * 64, ("2026-01-01", "2026-01-31"))
    with pytest.raises(EvidenceUnavailable, match="all 1500 rows lie in the training window of version 1"):
        unlearned(pa.Table.from_pandas(project.rows()), "day", version)
