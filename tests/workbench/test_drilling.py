"""Drills: from damage to review, with nothing of the real home touched."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from baseline_pipeline.errors import ModelFailed, UsageError
from baseline_pipeline.response.incidents import incidents
from baseline_pipeline.scenarios import SCENARIOS
from baseline_pipeline.workbench.over_time.drilling import drill
from baseline_pipeline.workbench.over_time.responding import monitor, respond
from baseline_pipeline.workbench.over_time.spoilt_rows import about_of
from baseline_pipeline.workbench.workbench import Workbench
from tests.backtest.test_scoring import alarm
from tests.workbench.recorded_service import LOGGED, healthy, write_contract


def test_a_drill_goes_from_damage_to_review_and_leaves_the_home_alone(project):
    write_contract(project, LOGGED.replace(", requests: {parquet: requests/*.parquet}", ""))
    project.write(healthy())
    bench = project.bench()
    before = bench.ledger.head()[0]
    found = drill(bench, bench.contract("small"), scenario="unit_error", actor="ada")

    assert found.detected
    assert found.told == 1
    assert found.delay_days <= 3
    assert [one.what for one in found.steps][:4] == ["damage", "detection", "people told", "experiment"]
    assert not [one for one in found.steps if "FAILED" in one.words]
    assert "# Review of I-" in found.report
    assert not incidents(bench.events("small"))
    assert bench.ledger.head()[0] == before + 1


def test_a_drill_works_where_the_ledger_is_elsewhere_and_leaves_one_record_there(project, tmp_path):
    write_contract(project, LOGGED.replace(", requests: {parquet: requests/*.parquet}", ""))
    project.write(healthy())
    (tmp_path / "elsewhere").mkdir()
    there = project.settings.home.joinpath("ledger.db").rename(tmp_path / "elsewhere" / "ours.db")
    bench = Workbench(dataclasses.replace(project.settings, ledger_url=f"sqlite:///{there}"))
    before = bench.ledger.head()[0]
    found = drill(bench, bench.contract("small"), scenario="unit_error", actor="ada")

    assert found.detected
    assert not [one for one in found.steps if "FAILED" in one.words]
    assert [one.kind for one in bench.events()[before:]] == ["review"]
    assert not (project.settings.home / "ledger.db").exists()


def test_a_drill_beside_an_open_incident_tells_its_own_story(project):
    write_contract(project, LOGGED.replace(", requests: {parquet: requests/*.parquet}", ""))
    project.write(healthy())
    bench = project.bench()
    contract = bench.contract("small")
    (opened,) = respond(bench, contract, [alarm("2026-02-26", tier="severe")], overlap=lambda _one, _two: True)
    found = drill(bench, contract, scenario="unit_error", actor="ada")
    (real,) = incidents(bench.events("small"))

    assert found.detected
    assert real.id == opened.content["incident"]
    assert real.id not in found.report
    assert " has other values in " in found.steps[0].words
    assert "was read out, not done" in found.report


def test_a_drill_on_days_that_are_not_calm_names_the_open_alarms(project):
    write_contract(project, LOGGED.replace(", requests: {parquet: requests/*.parquet}", ""))
    frame = healthy()
    broken = pd.to_datetime(frame["at"]) >= pd.Timestamp("2026-02-22")
    frame.loc[broken, "x"] *= 1000
    project.write(frame)
    bench = project.bench()
    contract = bench.contract("small")
    opened = monitor(bench, contract, now="2026-03-03").incidents
    found = drill(bench, contract, scenario="unit_error", actor="ada")
    words = found.steps[1].words

    assert not found.detected
    assert "these days were not calm before" in words
    assert "since 2026-02-22" in words
    assert any(f"baseline incident show {one.id}" in words for one in opened)
    assert "not calm before" in found.report


def test_damage_that_the_model_does_not_stand_ends_the_drill_in_words(project):
    write_contract(project, LOGGED.replace(", requests: {parquet: requests/*.parquet}", ""))
    project.write(healthy())
    model = (project.root / "smallmodel.py").read_text()
    refusing = '    if features["x"].isna().any():\n        raise ValueError("x is missing")\n    return (1'
    (project.root / "smallmodel.py").write_text(model.replace("    return (1", refusing))
    bench = project.bench()
    with pytest.raises(ModelFailed, match="in production such requests would fail") as found:
        drill(bench, bench.contract("small"), scenario="missing_values", actor="ada")

    assert "x is missing" in found.value.message
    assert "unit_error" in found.value.next_step


def test_more_of_a_regression_s_targets_means_more_of_the_large_ones(project):
    regression = LOGGED.replace("binary_classification", "regression").replace(", positive_class: 1", "")
    write_contract(project, regression.replace("brier", "mean_absolute_error").replace("error_rate", "absolute_bias"))
    contract = project.bench().contract("small")
    rows = pd.DataFrame({"y": range(100), "at": "2026-01-01", "x": 0.0, "z": 0.0})

    found = SCENARIOS["prevalence_shift"].spoil(rows, about_of(contract), 1.5, np.random.default_rng(0))

    assert about_of(contract).numbers
    assert (found["y"] >= 50).mean() == pytest.approx(2.5 / 3.5, abs=0.02)


@pytest.mark.parametrize(
    ("scenario", "dose"),
    [
        ("unit_error", -1.0),
        ("unit_error", 0.0),
        ("missing_values", 2.0),
        ("rare_slices", 1.0),
        ("seasonal_shift", float("nan")),
    ],
)
def test_a_dose_that_does_nothing_or_more_than_all_is_refused(project, scenario, dose):
    bench = project.bench()

    with pytest.raises(
        UsageError, match=rf"{scenario} takes no dose of .*; accepted: more than 0.* \({SCENARIOS[scenario].unit}\)"
    ):
        drill(bench, bench.contract("small"), scenario=scenario, dose=dose, actor="ada")
