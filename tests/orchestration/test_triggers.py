"""The trigger cases through the real sensor functions, a real Dagster instance and real runs."""

import itertools
import os
import shutil
import time
from pathlib import Path

import dagster as dg
import pytest

from baseline_pipeline.adapters.registries.mlflow import connect
from baseline_pipeline.errors import EvidenceUnavailable
from baseline_pipeline.orchestration.in_process import tick_and_run
from baseline_pipeline.orchestration.names import WATCHED
from baseline_pipeline.orchestration.triggers import tick


class Watch:
    """A project and its Dagster instance."""

    def __init__(self, project, instance):
        self.project = project
        self.instance = instance

    def look(self, facet="data"):
        contract = self.project.bench().contract("small")
        return tick_and_run(self.instance, contract, self.project.root, facet, lambda _message: None)

    def tick(self, facet="data"):
        return tick(self.instance, self.project.root, "small", facet)

    @property
    def runs(self):
        return self.instance.get_runs_count()

    @property
    def decisions(self):
        return self.project.events("decision")


@pytest.fixture
def watch(project, monkeypatch):
    shutil.rmtree(project.settings.dagster_home / "history", ignore_errors=True)
    with dg.instance_for_test() as instance:
        yield Watch(project, instance)


def finished(project):
    client = connect(project.settings.tracking_uri)
    experiment = client.get_experiment_by_name("baseline-pipeline")
    runs = client.search_runs([experiment.experiment_id])
    return sorted(run.data.tags["baseline.evaluation"] for run in runs if run.info.status == "FINISHED")


def test_the_first_look_runs_and_every_sensor_is_quiet_afterwards(watch):
    assert watch.look() is None
    for facet in WATCHED:
        assert "is as it was" in watch.look(facet)
    assert watch.runs == 1
    assert len(finished(watch.project)) == 1


def test_there_and_back_is_decided_each_time_and_scored_once(watch):
    first = watch.project.rows()
    watch.look()
    watch.project.write(watch.project.rows(seed=2))
    assert watch.look() is None
    watch.project.write(first)
    assert watch.look() is None
    assert "is as it was" in watch.look()

    candidates = [event.content["candidate"] for event in watch.decisions]
    assert len(candidates) == 3
    assert candidates[0] == candidates[2] != candidates[1]
    assert len(finished(watch.project)) == 2


def test_a_touched_file_with_equal_content_runs_nothing(watch):
    watch.look()
    watch.project.write(watch.project.rows())

    assert "is as it was" in watch.look()


def test_the_same_rows_in_another_order_are_run_and_found(watch):
    watch.look()
    watch.project.write(watch.project.rows().iloc[::-1])

    assert watch.look() is None
    assert len(finished(watch.project)) == 1


def test_deleted_data_has_its_own_words(watch):
    watch.look()
    (watch.project.data / "rows.csv").unlink()

    assert "the data is missing" in watch.look()
    assert watch.runs == 1


def test_a_lockfile_counts_by_content(watch):
    watch.look()
    watch.project.establish()
    lock = watch.project.root / "requirements.lock"
    lock.write_text(f"# a remark\n\n{lock.read_text()}")
    assert "is as it was" in watch.look("dependencies")
    lock.write_text("numpy==1.0.0\n")

    assert watch.look("dependencies") is None
    assert watch.decisions[-1].content["hold"] == "evidence_missing"
    assert "locks numpy 1.0.0" in watch.decisions[-1].reason
    replayed = watch.instance.get_latest_materialization_event(dg.AssetKey(["small", "dependency_replay"]))
    assert replayed.asset_materialization.metadata["outcome"].value == "evidence_missing"
    assert "does not say all there is to install" in replayed.asset_materialization.metadata["why"].value


def test_a_manifest_counts_by_content(watch):
    watch.look()
    manifest = watch.project.root / "infrastructure.yaml"
    manifest.write_text(f"# a remark\n{manifest.read_text()}")
    assert "is as it was" in watch.look("infrastructure")
    manifest.write_text(f"{manifest.read_text()}cores: 4096\n")

    assert watch.look("infrastructure") is None
    assert "cores 4096 declared" in watch.decisions[-1].reason


def test_several_facets_at_once_make_one_run(watch):
    watch.look()
    watch.project.write(watch.project.rows(seed=3))
    watch.project.lock(f"{(watch.project.root / 'requirements.lock').read_text()}pandas==0.1\n")
    assert watch.look("data") is None

    assert "is as it was" in watch.look("dependencies")
    assert watch.runs == 2


def test_a_run_under_way_is_not_asked_for_again(watch):
    request = watch.tick("data").run_requests[0]
    watch.instance.create_run_for_job(_noop, tags=dict(request.tags))

    assert "under way" in watch.tick("dependencies").skip_reason.skip_message


@dg.job
def _noop():
    pass


def test_a_failed_run_is_made_up_for_once_the_cause_is_repaired(watch):
    database = watch.project.settings.home / "mlflow.db"
    database.rename(database.with_suffix(".away"))
    with pytest.raises(EvidenceUnavailable, match="no such file"):
        watch.look()
    assert not database.exists()
    database.with_suffix(".away").rename(database)

    assert watch.look() is None
    assert len(watch.decisions) == 1
    assert len(finished(watch.project)) == 1


def test_a_refused_snapshot_leaves_the_ledger_and_is_not_tried_again_until_it_is_repaired(watch):
    watch.look()
    before = [event.body() for event in watch.project.events()]
    frame = watch.project.rows()
    frame.loc[3, "x"] = 999.0
    watch.project.write(frame)
    with pytest.raises(EvidenceUnavailable, match="data_snapshot"):
        watch.look()

    assert "this data was refused" in watch.look()
    assert "expect_column_values_to_be_between" in watch.look()
    assert [event.body() for event in watch.project.events()] == before
    frame.loc[3, "x"] = 0.5
    watch.project.write(frame)
    assert watch.look() is None


def test_a_file_being_written_is_not_there_yet(watch):
    file = watch.project.data / "rows.csv"
    file.write_text(file.read_text()[:-40])
    answer = watch.tick()

    assert not answer.run_requests
    assert "ends within a line" in answer.skip_reason.skip_message
    os.utime(file, (time.time() - 60, time.time() - 60))
    assert watch.tick().run_requests


def test_the_lineage_of_a_decision_leads_to_the_bytes_it_rests_on(watch):
    watch.look()
    chain = ["promotion_decision", "baseline_comparison", "evaluation_run", "data_snapshot", "source_data"]
    for below, above in itertools.pairwise(chain):
        event = watch.instance.get_latest_materialization_event(dg.AssetKey(["small", below]))
        tags = event.asset_materialization.tags
        upstream = watch.instance.get_latest_materialization_event(dg.AssetKey(["small", above]))
        used = tags[f"dagster/input_data_version/small/{above}"]

        assert used == upstream.asset_materialization.tags["dagster/data_version"]
    evaluation = watch.instance.get_latest_materialization_event(dg.AssetKey(["small", "evaluation_run"]))
    for name in ("dependency_lockfile", "infrastructure_manifest", "registered_model", "evaluation_code"):
        assert f"dagster/input_data_version/small/{name}" in evaluation.asset_materialization.tags


def test_a_decision_that_finds_harm_says_by_itself_which_change_did_it(watch):
    watch.look()
    watch.project.establish()
    key = dg.AssetKey(["small", "change_attribution"])
    assert watch.instance.get_latest_materialization_event(key) is None
    broken = watch.project.rows()
    broken["x"] = -broken["x"]
    watch.project.write(broken)

    assert watch.look() is None

    assert watch.decisions[-1].content["outcome"] == "reject"
    said = watch.instance.get_latest_materialization_event(key).asset_materialization
    assert said.metadata["decision"].value == watch.decisions[-1].content["decision"]
    assert "come from the changed values of the same rows" in said.metadata["sentence"].value
    assert said.metadata["advice"].value.startswith("repair the feed: x first")
    assert said.metadata["brier_data_values"].value > 0.1
    assert "Which change did it" in Path(said.metadata["report"].value).read_text()
    assert watch.instance.get_latest_materialization_event(dg.AssetKey(["small", "dependency_replay"])) is None
