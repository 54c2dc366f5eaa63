"""A second, regression model beside the first: scikit-learn's diabetes data, in the registry."""

import os
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

DIABETES = """\
type: baseline_pipeline.orchestration.MonitoredModel
attributes:
  name: diabetes
  description: How far will the disease progress within a year?
  task: regression
  data:
    source: {parquet: data/diabetes/*.parquet}
    row_id: [patient]
    label: progression
    features: [{name: age}, {name: bmi}, {name: bp}, {name: s5}]
  model: {registered: diabetes}
  promotion: {approvals_until: 0}
  slices:
    - {name: heavy, where: "bmi > 0.02", min_rows: 50}
  metrics:
    - {metric: mean_absolute_error, margin: {relative: 0.05}}
    - {metric: r2, role: report_only}
"""


@pytest.fixture
def diabetes(project):
    """The diabetes model registered as champion, beside the small one."""
    from sklearn.datasets import load_diabetes
    from sklearn.linear_model import Ridge

    frame = load_diabetes(as_frame=True).frame.rename(columns={"target": "progression"})
    frame = frame[["age", "bmi", "bp", "s5", "progression"]].assign(patient=np.arange(len(frame)))
    folder = project.root / "data" / "diabetes"
    folder.mkdir()
    (project.root / "assets" / "diabetes").mkdir()
    (project.root / "assets" / "diabetes" / "defs.yaml").write_text(DIABETES)
    large = frame.loc[frame.index.repeat(3)].reset_index(drop=True)
    large["patient"] = np.arange(len(large))
    large.to_parquet(folder / "patients.parquet")
    features = ["age", "bmi", "bp", "s5"]
    register(project, Ridge(alpha=0.1).fit(frame[features], frame["progression"]), frame[features], "champion")
    return project, frame, features


def register(project, model, example, alias):
    import mlflow
    import mlflow.sklearn
    from mlflow.models import infer_signature

    from baseline_pipeline.adapters.registries.mlflow import connect

    client = connect(project.settings.tracking_uri)
    mlflow.set_experiment("baseline-pipeline")
    with warnings.catch_warnings(), mlflow.start_run():
        warnings.simplefilter("ignore")
        info = mlflow.sklearn.log_model(
            model,
            name="diabetes",
            serialization_format="skops",
            signature=infer_signature(example, model.predict(example)),
            pip_requirements=["scikit-learn"],
        )
        version = mlflow.register_model(info.model_uri, "diabetes").version
    client.set_registered_model_alias("diabetes", alias, version)
    return str(version)


@pytest.mark.usefixtures("pictures")
def test_two_models_work_side_by_side_and_do_not_see_each_other(diabetes):
    project, _, _ = diabetes
    project.run()
    project.establish()
    first = project.run("diabetes")
    baseline = project.establish("diabetes")
    again = project.run("diabetes")

    assert (first.exit_code, again.exit_code) == (5, 0)
    assert baseline.revision == 1
    assert {event.model for event in project.events(model="diabetes")} == {"diabetes"}
    assert project.bench().baseline("small").evaluation != baseline.evaluation


def test_a_worse_challenger_is_refused_and_a_better_one_promoted_with_its_alias(diabetes):
    from sklearn.linear_model import Ridge

    from baseline_pipeline.adapters.registries.mlflow import registry_fingerprint
    from baseline_pipeline.workbench.iteration.standing import standing

    project, frame, features = diabetes
    project.run("diabetes")
    project.establish("diabetes")
    shuffled = frame["progression"].sample(frac=1, random_state=0).to_numpy()
    register(project, Ridge(alpha=100.0).fit(frame[features], shuffled), frame[features], "challenger")
    refused = project.run("diabetes")
    better = register(
        project, Ridge(alpha=0.0001).fit(frame[features], frame["progression"]), frame[features], "challenger"
    )
    promoted = project.run("diabetes")
    moved = standing(project.bench(), "diabetes").moved
    contract = project.bench().contract("diabetes")

    assert (refused.outcome, refused.tier) == ("reject", "severe")
    assert promoted.outcome == "promote", promoted.reasons
    assert moved == (), "the decision itself moved the alias"
    assert registry_fingerprint(contract, project.settings.tracking_uri)["champion"] == better
    assert project.bench().baseline("diabetes").version == better
    assert project.run("diabetes").reasons == ("nothing moved since baseline 2",)


def test_the_first_baseline_is_the_champions_and_the_challenger_waits_for_it(diabetes):
    from sklearn.linear_model import Ridge

    from baseline_pipeline.adapters.registries.mlflow import registry_fingerprint
    from baseline_pipeline.workbench.iteration.standing import standing

    project, frame, features = diabetes
    blunt = Ridge(alpha=100.0).fit(frame[features], frame["progression"])
    register(project, blunt, frame[features], "challenger")
    project.run("diabetes")
    before = standing(project.bench(), "diabetes").moved
    first = project.establish("diabetes")
    aliases = registry_fingerprint(project.bench().contract("diabetes"), project.settings.tracking_uri)

    assert first.version == aliases["champion"] != aliases["challenger"]
    assert (before, standing(project.bench(), "diabetes").moved) == ((), ("registry",))
    assert project.run("diabetes").outcome == "reject"
    assert standing(project.bench(), "diabetes").moved == ()


def test_a_challenger_that_answers_as_well_but_slower_is_refused_for_its_latency(diabetes):
    """Fifty ridges voting predict what one does, at many times the price."""
    from sklearn.ensemble import BaggingRegressor
    from sklearn.linear_model import Ridge

    project, frame, features = diabetes
    contract = project.root / "assets" / "diabetes" / "defs.yaml"
    guarded = "    - {metric: latency_mean, role: guardrail, margin: {relative: 0.2}}\n  latency: {requests: 150}\n"
    contract.write_text(DIABETES + guarded)
    project.run("diabetes")
    project.establish("diabetes")
    slow = BaggingRegressor(Ridge(alpha=0.1), n_estimators=50, random_state=0)
    register(project, slow.fit(frame[features], frame["progression"]), frame[features], "challenger")
    decision = project.run("diabetes")

    assert decision.outcome == "reject", decision.reasons
    assert decision.reasons[0].startswith("latency_mean degraded (model, paired)")
    again = project.run("diabetes", force=False)
    assert again.comparison == decision.comparison


def test_small_losses_that_each_pass_do_not_add_up_past_the_anchor(diabetes):
    """Ridges that are each a little blunter than the one before: pairwise within the margin, together beyond it."""
    from sklearn.linear_model import Ridge

    from baseline_pipeline.workbench.iteration.comparing import load_comparison

    project, frame, features = diabetes
    project.run("diabetes")
    project.establish("diabetes")
    decisions = []
    for alpha in (0.4, 0.65, 0.95):
        register(project, Ridge(alpha=alpha).fit(frame[features], frame["progression"]), frame[features], "challenger")
        decisions.append(project.run("diabetes"))
    bench = project.bench()
    comparisons = [load_comparison(bench, "diabetes", one.comparison) for one in decisions]
    anchored = [[one for one in each.contrasts if one.anchor_revision is not None] for each in comparisons]

    assert decisions[0].outcome == "promote", decisions[0].reasons
    assert [len(each) for each in anchored] == [0, 1, 1]
    last = anchored[-1][0]
    assert "the anchor that Ada established as revision 1" in last.question
    assert {cell.slice for cell in last.cells} == {"all"}
    assert decisions[-1].outcome != "promote"
    assert any(cell.harm_bounds[1] > cell.margin for cell in last.cells)


@pytest.mark.parametrize("shap", [False, True])
def test_a_challenger_that_leans_on_other_features_is_said_to(diabetes, shap):
    from sklearn.linear_model import Ridge

    project, frame, features = diabetes
    if shap:
        pytest.importorskip("shap", reason="the extra `shap` is not installed")
        contract = project.root / "assets" / "diabetes" / "defs.yaml"
        contract.write_text(contract.read_text() + "  explain: {shap: true}\n")
    project.run("diabetes")
    project.establish("diabetes")
    blind = frame[features].assign(bmi=0.0)
    register(project, Ridge(alpha=0.1).fit(blind, frame["progression"]), frame[features], "challenger")
    command = [Path(sys.executable).with_name("baseline"), "run", "diabetes"]
    said = subprocess.run(command, cwd=project.root, capture_output=True, text=True, check=False).stdout
    report = max((project.root / ".baseline" / "reports").rglob("*.html"), key=lambda one: one.stat().st_mtime)

    assert "leans on another feature: bmi makes " in said
    assert "What the models lean on" in report.read_text()
    assert (", by SHAP values" in said, "lean on, by SHAP values: 4 features" in report.read_text()) == (shap, shap)


@pytest.mark.parametrize("engine", ["duckdb", pytest.param("spark", marks=pytest.mark.slow)])
def test_rows_are_scored_where_they_lie_and_then_compared(diabetes, engine):
    if engine == "spark" and not os.environ.get("BASELINE_REQUIRE_SERVICES"):
        pytest.importorskip("pyspark")
    project, frame, _ = diabetes
    if engine == "spark":
        contract = project.root / "assets" / "diabetes" / "defs.yaml"
        contract.write_text(DIABETES + "  engine: {spark: {master: 'local[2]'}}\n")
    for name, rows in (("old", frame), ("new", frame.assign(progression=frame["progression"] + 60))):
        large = rows.loc[rows.index.repeat(5)]
        large.to_parquet(project.root / f"{name}.parquet", index=False)
    command = [
        Path(sys.executable).with_name("baseline"),
        "scan",
        "diabetes",
        "new.parquet",
        "--baseline",
        "old.parquet",
    ]

    def said(role):
        return subprocess.run(
            [*command, "--score-with", role], cwd=project.root, capture_output=True, text=True, check=False
        )

    once = said("champion")
    assert once.returncode == 1, once.stderr
    assert "DEGRADED mean_absolute_error" in once.stdout
    assert "scoring " in once.stderr
    if engine == "spark":  # what follows is no matter of the engine, and each start takes half a minute
        return
    again, nobody = said("champion"), said("challenger")
    assert again.stdout == once.stdout
    assert "scoring " not in again.stderr
    assert nobody.returncode == 3
    assert "no challenger" in nobody.stderr


def test_the_author_of_a_model_is_known_whether_it_is_registered_or_only_logged(diabetes):
    import getpass

    from baseline_pipeline.adapters.registries.mlflow import author_of, connect
    from baseline_pipeline.errors import TrackingUnavailable

    project, _, _ = diabetes
    uri, contract = project.settings.tracking_uri, project.bench().contract("diabetes")
    client = connect(uri)
    run = client.get_run(client.get_model_version("diabetes", "1").run_id)
    logged = run.outputs.model_outputs[0].model_id

    assert {author_of(contract, uri, one) for one in ("1", logged)} == {getpass.getuser()}
    client.set_model_version_tag("diabetes", "1", "author", "ada@example.com")
    assert author_of(contract, uri, "1") == "ada@example.com"
    for unknown in ("99", "m-" + "0" * 32):
        with pytest.raises(TrackingUnavailable):
            author_of(contract, uri, unknown)
