"""The scheduled review, through Dagster."""

import dagster as dg

from baseline_pipeline.orchestration.component import model_definitions
from tests.conftest import SMALL

KEY = dg.AssetKey(["small", "baseline_review"])


def test_a_review_is_written_by_the_clock_and_waits_for_a_baseline(project):
    (project.root / "assets" / "small" / "defs.yaml").write_text(SMALL + "  schedules: {review: '0 9 1 * *'}\n")
    definitions = model_definitions(project.bench().contract("small"), project.root)
    job = definitions.resolve_job_def("small_review")
    with dg.instance_for_test() as instance:
        assert job.execute_in_process(instance=instance).success
        first = instance.get_latest_materialization_event(KEY).asset_materialization
        project.run()
        project.establish()
        assert job.execute_in_process(instance=instance).success
        then = instance.get_latest_materialization_event(KEY).asset_materialization

    assert "not reviewed" in first.metadata
    assert then.metadata["old"].value >= 1
    assert "due" in then.metadata
    assert (project.root / ".baseline" / "reports" / "small" / "review.md").read_text().startswith("#")
    assert definitions.resolve_schedule_def("small_review").cron_schedule == "0 9 1 * *"
