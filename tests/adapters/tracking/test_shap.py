"""SHAP values through `mlflow.models.evaluate`; without SHAP, words."""

import sys
from types import SimpleNamespace

import mlflow
import numpy as np
import pandas as pd
import pytest

from baseline_pipeline.adapters.tracking.shap import MlflowShap
from baseline_pipeline.evaluating import evaluation_key
from baseline_pipeline.evaluation import Evaluation
from baseline_pipeline.workbench.iteration.evaluating import load_evaluation
from baseline_pipeline.workbench.upkeep.checking import check_contract
from tests.adapters.tracking.test_mlflow import artifacts, runs

pytestmark = pytest.mark.usefixtures("pictures")

ROWS = 12


@pytest.fixture
def asked(project):
    """A project whose contract asks for SHAP values."""
    path = project.root / "assets" / "small" / "defs.yaml"
    path.write_text(path.read_text() + "  explain: {shap: true}\n")
    return project


def evaluated(project, decision) -> Evaluation:
    return load_evaluation(project.bench(), "small", decision.candidate)


def test_without_shap_an_evaluation_goes_on_and_says_so(asked, monkeypatch):
    monkeypatch.setitem(sys.modules, "shap", None)  # as where it is not installed
    decision = asked.run()
    bench = asked.bench()
    findings, _ = check_contract(bench.settings, bench.contract("small"))
    (run,) = runs(asked, decision.candidate)

    assert evaluated(asked, decision).shap.note == "shap is not installed"
    assert evaluated(asked, decision).importances
    assert any("explain.shap: shap is not installed" in one and "make shap" in one for one in findings)
    assert run.info.status == "FINISHED"
    assert not [name for name in artifacts(asked, run.info.run_id) if "shap" in name]


def test_an_evaluation_is_another_once_shap_is_asked_for_and_once_it_is_installed(project):
    found = evaluated(project, project.run())
    contract = project.bench().contract("small")
    keys = [
        evaluation_key(contract, found.fingerprint, found.environment, explainer=explainer)
        for explainer in (None, SimpleNamespace(identity=""), SimpleNamespace(identity="shap 0.51.0"))
    ]

    assert found.shap is None
    assert keys[0] == found.key
    assert len(set(keys)) == 3


def test_an_evaluation_is_another_once_the_days_that_its_model_learned_from_are_known(project):
    found = evaluated(project, project.run())
    contract = project.bench().contract("small")
    windows = (None, ("2026-01-01", "2026-01-31"), ("2026-01-01", "2026-02-28"))
    keys = [
        evaluation_key(contract, found.fingerprint, found.environment, training_window=window) for window in windows
    ]

    assert keys[0] == found.key
    assert len(set(keys)) == 3


def frame():
    rng = np.random.default_rng(7)
    kind = rng.choice(["u", "ß", None], ROWS)
    weight = np.where(rng.random(ROWS) < 0.3, np.nan, rng.normal(size=ROWS))
    return pd.DataFrame({"x": rng.normal(size=ROWS), "kind": kind, "weight": weight, "unused": rng.random(ROWS) < 0.5})


def model(rows):
    odds = rows["x"] * (1 + (rows["kind"] == "u")) + rows["weight"].isna() + rows["weight"].fillna(0) ** 2
    return (1 / (1 + np.exp(-odds))).to_numpy()


def test_contributions_add_up_to_what_the_model_says_of_texts_and_missing_values_too(tmp_path):
    pytest.importorskip("shap", reason="the extra `shap` is not installed")
    rows, uri = frame(), mlflow.get_tracking_uri()
    found = MlflowShap(tmp_path / "scratch").values(rows, model, tmp_path)
    background = model(rows.iloc[[0, *range(ROWS)]]).mean()

    assert found.sum(axis=1) + background == pytest.approx(model(rows), abs=1e-12)
    assert not found[:, 3].any()
    assert {path.name for path in tmp_path.glob("*.png")} >= {"shap_beeswarm_plot.png"}
    assert not list((tmp_path / "scratch").iterdir())
    assert mlflow.get_tracking_uri() == uri


def test_whatever_the_dice_show_the_values_are_the_same_and_the_dice_are_left_alone(tmp_path):
    pytest.importorskip("shap", reason="the extra `shap` is not installed")
    found, after = [], []
    for seed in (1, 2):
        np.random.seed(seed)  # noqa: NPY002  # SHAP's dice
        before = np.random.get_state()[1].tolist()  # noqa: NPY002  # see above
        found.append(MlflowShap(tmp_path).values(frame(), model, tmp_path))
        after.append(np.random.get_state()[1].tolist() == before)  # noqa: NPY002  # see above

    assert np.array_equal(*found)
    assert all(after)


def test_values_and_plots_are_kept(asked):
    pytest.importorskip("shap", reason="the extra `shap` is not installed")
    decision = asked.run()
    found = evaluated(asked, decision).shap
    by = {one.feature: one.movement for one in found.importances}
    (run,) = runs(asked, decision.candidate)

    assert (found.rows, found.note) == (50, "")
    assert by["x"] > 0.1 > by["z"] == 0
    assert {"shap_beeswarm_plot.png", "shap_importances.png"} <= set(artifacts(asked, run.info.run_id))
