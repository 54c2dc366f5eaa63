"""The monitoring asset, its schedule and the sensor on the request log, through Dagster."""

import dagster as dg
import pytest

from baseline_pipeline.orchestration.component import model_definitions
from tests.workbench.recorded_service import LOGGED, healthy, service, write_contract

SCHEDULED = LOGGED + "  schedules: {monitor: '*/15 * * * *'}\n"
KEY = dg.AssetKey(["small", "monitoring"])


@pytest.fixture
def monitored(project):
    write_contract(project, SCHEDULED)
    definitions = model_definitions(project.bench().contract("small"), project.root)
    with dg.instance_for_test() as instance:
        yield project, definitions, instance


def look(definitions, instance):
    sensor = definitions.resolve_sensor_def("small_requests")
    with dg.build_sensor_context(instance, repository_def=definitions.get_repository_def()) as context:
        return sensor.evaluate_tick(context)


def test_new_requests_are_looked_at_once_and_by_the_clock_too(monitored):
    project, definitions, instance = monitored
    assert "no file matches" in look(definitions, instance).skip_message
    service(project, healthy())
    (asked,) = look(definitions, instance).run_requests
    job = definitions.resolve_job_def("small_monitoring")
    done = job.execute_in_process(instance=instance, tags=asked.tags)
    event = instance.get_latest_materialization_event(KEY).asset_materialization

    assert done.success
    assert "nothing new was recorded" in look(definitions, instance).skip_message
    assert event.metadata["windows"].value >= 50
    assert event.metadata["open_incidents"].value >= 1  # these requests ended long ago
    assert 0 < event.metadata["brier"].value < 1
    assert definitions.resolve_schedule_def("small_monitoring").cron_schedule == "*/15 * * * *"
