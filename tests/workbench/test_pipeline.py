"""Snapshot to decision on a small real project."""

import shutil

import pandas as pd
import pytest
from sklearn.metrics import brier_score_loss, zero_one_loss

from baseline_pipeline.errors import EvidenceUnavailable, NotInitialised, UsageError
from baseline_pipeline.report.html import decision_html
from baseline_pipeline.report.markdown import decision_markdown
from baseline_pipeline.report.terminal import decision_text
from baseline_pipeline.workbench.iteration.comparing import load_comparison
from baseline_pipeline.workbench.iteration.evaluating import load_evaluation, load_scores
from baseline_pipeline.workbench.iteration.snapshotting import QualityRefused
from baseline_pipeline.workbench.reporting import decision_story


def finished_runs(project):
    """Finished MLflow runs by evaluation key."""
    from collections import Counter

    from baseline_pipeline.adapters.registries.mlflow import connect

    client = connect(project.settings.tracking_uri)
    experiment = client.get_experiment_by_name("baseline-pipeline")
    runs = client.search_runs([experiment.experiment_id])
    return Counter(run.data.tags["baseline.evaluation"] for run in runs if run.info.status == "FINISHED")


def test_the_first_run_waits_for_a_person_and_the_next_finds_nothing_moved(project):
    first = project.run()
    baseline = project.establish()
    again = project.run()

    assert (first.outcome, first.hold, first.exit_code) == ("hold", "needs_approval", 5)
    assert (baseline.revision, baseline.actor, baseline.reason) == (1, "Ada", "measured as agreed")
    assert (again.outcome, again.exit_code) == ("promote", 0)
    assert again.reasons == ("nothing moved since baseline 1",)
    assert set(finished_runs(project).values()) == {1}
    assert len(finished_runs(project)) == 1


def test_a_baseline_needs_a_name_and_a_reason(project):
    from baseline_pipeline.workbench.iteration.deciding import establish

    project.run()
    bench = project.bench()

    with pytest.raises(UsageError, match="nobody is named"):
        establish(bench, bench.contract("small"), actor=" ", reason="agreed")
    with pytest.raises(UsageError, match="a reason is needed"):
        establish(bench, bench.contract("small"), actor="Ada", reason=" ")


def test_the_evaluation_equals_scikit_learn_on_the_same_rows(project):
    decision = project.run()
    bench = project.bench()
    evaluation = load_evaluation(bench, "small", decision.candidate)
    outcomes = load_scores(bench, evaluation).outcomes
    values = {(one.metric, one.slice): one.value for one in evaluation.metrics}

    assert values["brier", "all"] == pytest.approx(brier_score_loss(outcomes.label, outcomes.score), abs=1e-12)
    assert values["error_rate", "all"] == pytest.approx(zero_one_loss(outcomes.label, outcomes.prediction), abs=1e-12)
    assert evaluation.timing.latency_ms["p95"] > 0
    assert evaluation.timing.peak_memory_mb > 0


def test_row_order_and_file_name_do_not_make_another_snapshot(project):
    project.run()
    frame = project.rows()
    (project.data / "rows.csv").unlink()
    project.write(frame.sample(frac=1, random_state=3)[list(reversed(frame.columns))], "renamed.csv")
    project.run()
    snapshots = {event.content["snapshot"] for event in project.events("decision")}

    assert len(snapshots) == 1
    assert set(finished_runs(project).values()) == {1}


def test_another_home_comes_to_the_same_comparison_and_decision(project, empty_home, monkeypatch):
    project.run()
    project.establish()
    frame = project.rows()
    frame.loc[:400, "x"] += 0.5
    project.write(frame)
    first = project.run()
    shutil.rmtree(project.root / ".baseline")
    shutil.copytree(empty_home, project.root / ".baseline")
    project.write(project.rows())
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    project.run()
    project.establish()
    project.write(frame)
    second = project.run()

    assert second.comparison == first.comparison
    assert second == first


def test_force_repeats_an_evaluation_as_one_of_its_own(project):
    project.run()
    first = project.events("decision")[-1].content["candidate"]
    project.run(force=True)
    second = project.events("decision")[-1].content["candidate"]
    bench = project.bench()
    scores = {load_evaluation(bench, "small", key).scores_file for key in (first, second)}

    assert first != second
    assert len(scores) == 1


@pytest.mark.usefixtures("pictures")
def test_changed_values_of_the_same_rows_are_compared_with_themselves(project):
    project.run()
    project.establish()
    frame = project.rows()
    frame["x"] = -frame["x"]
    project.write(frame)
    decision = project.run()

    assert (decision.outcome, decision.tier) == ("reject", "severe")
    assert any("data values, paired" in reason for reason in decision.reasons)


def test_what_data_did_is_told_in_the_environment_of_the_present(project, monkeypatch):
    """Both move at once, and the environment moves every score: the changed values are asked about by themselves."""
    (project.root / "smallmodel.py").write_text(
        "import os\nimport numpy as np\n\n\ndef predict(features):\n"
        '    return (1 / (1 + np.exp(-features["x"] * float(os.environ["SLOPE"])))).to_numpy()\n'
    )
    monkeypatch.setenv("SLOPE", "1")
    project.run()
    project.establish()
    monkeypatch.setenv("SLOPE", "0.5")
    project.manifest("architecture: x86_64\nimage: rebuilt\n")
    frame = project.rows()
    frame.loc[:99, "x"] += 0.01
    project.write(pd.concat([frame, project.rows(seed=2, start=1500)]))

    comparison = load_comparison(project.bench(), "small", project.run().comparison)

    found = {one.moved: one for one in comparison.contrasts}
    environment, values, new = (found[name] for name in ("infrastructure", "data_values", "population"))
    assert environment.changes.changed_scores == 1500
    assert (values.changes.rows, values.changes.largest_difference < 0.01) == (100, True)
    again = environment.candidate.evaluation
    assert (values.baseline.evaluation, new.baseline.evaluation) == (again, again)


def test_whoever_establishes_what_was_rejected_is_told_so(project):
    from baseline_pipeline.workbench.iteration.deciding import establish
    from baseline_pipeline.workbench.workbench import Workbench

    project.run()
    project.establish()
    project.write(project.rows().eval("x = -x"))
    project.run()
    told = []
    bench = Workbench(project.settings, progress=told.append)
    found = establish(bench, bench.contract("small"), actor="Ada", reason="the sign was wrong before")

    assert found.revision == 2
    assert any(words.startswith(f"version {found.version} was rejected: ") for words in told)


@pytest.mark.usefixtures("pictures")
def test_new_rows_are_compared_unpaired_and_said_so(project):
    project.run()
    project.establish()
    project.write(project.rows(seed=2, start=1500), "more.csv")
    decision = project.run()

    assert decision.hold == "inconclusive"
    assert "population, unpaired" in decision.reasons[0]


def test_a_snapshot_that_breaks_an_expectation_leaves_everything_as_it_was(project):
    project.run()
    project.establish()
    before = [event.body() for event in project.events()]
    frame = project.rows()
    frame.loc[7, "x"] = 1000.0
    project.write(frame)

    with pytest.raises(QualityRefused) as refused:
        project.run()

    message = str(refused.value)
    assert "expect_column_values_to_be_between(min_value=-50, max_value=50)" in message
    assert "1 of 1500 rows unexpected (such as 1000.0)" in message
    assert "rows 7" in message
    assert [event.body() for event in project.events()] == before


def test_another_environment_is_no_evidence_and_no_baseline(project):
    project.run()
    project.establish()
    project.lock("numpy==1.0.0\nno-such-package==2.0\n")
    decision = project.run()

    assert (decision.hold, decision.exit_code) == ("evidence_missing", 3)
    assert any("locks numpy 1.0.0" in reason for reason in decision.reasons)
    assert any("no-such-package" in reason for reason in decision.reasons)
    with pytest.raises(EvidenceUnavailable):
        project.establish()
    assert [event.content["revision"] for event in project.events("baseline_established")] == [1]


def test_a_machine_that_is_not_the_declared_one_is_no_evidence(project):
    project.manifest("architecture: x86_64\ncores: 4096\n")
    decision = project.run()

    assert decision.hold == "evidence_missing"
    assert "cores 4096 declared" in decision.reasons[0]


def test_a_model_that_stops_predicting_is_degraded_and_severe(project):
    import sys

    project.run()
    project.establish()
    (project.root / "smallmodel.py").write_text("def predict(features):\n    raise RuntimeError('no such column')\n")
    sys.modules.pop("smallmodel", None)
    decision = project.run()

    assert (decision.outcome, decision.tier) == ("reject", "severe")
    assert "no such column" in decision.reasons[0]


@pytest.mark.parametrize("bad", [float("nan"), 1.7])
def test_a_score_that_is_no_probability_names_the_row(project, bad):
    import sys

    text = f"def predict(features):\n    p = features['x'] * 0 + 0.5\n    p.iloc[3] = float('{bad}')\n    return p.to_numpy()\n"
    (project.root / "smallmodel.py").write_text(text)
    sys.modules.pop("smallmodel", None)

    with pytest.raises(EvidenceUnavailable, match="for row"):
        project.run()
    assert project.events("decision") == []


def test_a_contract_whose_meaning_changed_is_not_comparable(project):
    project.run()
    project.establish()
    file = project.root / "assets" / "small" / "defs.yaml"
    file.write_text(file.read_text().replace("positive_class: 1", "positive_class: 1, threshold: 0.4"))
    decision = project.run()

    assert (decision.hold, decision.exit_code) == ("not_comparable", 3)
    assert "threshold (0.5 -> 0.4)" in decision.reasons[0]


def test_a_bit_flipped_in_a_stored_file_is_found(project):
    project.run()
    project.establish()
    for blob in sorted((project.root / ".baseline" / "store" / "blobs").rglob("*")):
        if blob.is_file():
            content = bytearray(blob.read_bytes())
            content[len(content) // 2] ^= 1
            blob.chmod(0o644)
            blob.write_bytes(bytes(content))
    project.write(project.rows(seed=5))

    with pytest.raises(EvidenceUnavailable, match="is damaged"):
        project.run()


def test_a_mistyped_home_does_not_become_a_fresh_one(project, monkeypatch):
    monkeypatch.setenv("BASELINE_HOME", str(project.root / ".baselin"))
    from baseline_pipeline.workbench.workbench import Workbench

    with pytest.raises(NotInitialised, match="does not exist"):
        Workbench.here(project.root)
    assert not (project.root / ".baselin").exists()


def test_a_ledger_of_another_home_is_refused(project, tmp_path, monkeypatch):
    from baseline_pipeline.adapters.ledgers.sql import SqlLedger
    from baseline_pipeline.workbench.workbench import Workbench

    url = f"sqlite:///{tmp_path / 'other.db'}"
    SqlLedger.create(url, "another-store").close()
    monkeypatch.setenv("BASELINE_LEDGER_URL", url)

    with pytest.raises(NotInitialised, match="belongs to store another-store"):
        Workbench.here(project.root)


def test_labels_that_stand_for_probabilities_are_said_when_they_are_scored_and_in_every_report(project):
    (project.root / "smallmodel.py").write_text('def predict(features):\n    return (features["x"] > 0) * 1\n')
    decision, bench = project.run(), project.bench()
    story = decision_story(bench, bench.contract("small"), decision)
    told = "candidate: all 1500 scores are exactly 0 or 1, as labels are"

    pages = decision_text(story, width=500), decision_markdown(story), decision_html(story)

    assert [told in page for page in pages] == [True, True, True]
