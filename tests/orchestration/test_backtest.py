"""The backtest's schedule and its partitions, through Dagster."""

import datetime as dt

import dagster as dg
import numpy as np
import pandas as pd
import pytest

from baseline_pipeline.orchestration.component import model_definitions
from tests.conftest import SMALL

TIMED = SMALL.replace("    cluster: day\n", "    time: day\n") + "  schedules: {backtest: '0 3 * * 0'}\n"
KEY = dg.AssetKey(["small", "backtest"])


def two_months(project):
    frame = project.rows(rows=5900)
    days = pd.date_range("2026-01-01", "2026-02-28").strftime("%Y-%m-%d")
    frame["day"] = np.resize(days, len(frame))
    return frame


@pytest.fixture
def backtest(project):
    (project.root / "assets" / "small" / "defs.yaml").write_text(TIMED)
    project.write(two_months(project))
    definitions = model_definitions(project.bench().contract("small"), project.root)
    with dg.instance_for_test() as instance:
        yield project, definitions, instance


def look(definitions, instance, hour):
    """One tick of the schedule."""
    schedule = definitions.resolve_schedule_def("small_backtest")
    time = dt.datetime(2026, 3, 1, hour, tzinfo=dt.UTC)
    with dg.build_schedule_context(instance, time, repository_def=definitions.get_repository_def()) as context:
        return schedule.evaluate_tick(context)


def test_every_month_that_is_missing_is_asked_for_until_it_was_judged(backtest):
    project, definitions, instance = backtest
    assert "every month has been judged" in look(definitions, instance, 3).skip_message
    project.run()
    asked = look(definitions, instance, 4).run_requests
    again = look(definitions, instance, 5).run_requests

    assert [one.partition_key for one in asked] == ["2026-01", "2026-02"]
    assert {one.run_key for one in asked}.isdisjoint(one.run_key for one in again)
    for one in asked:
        job = definitions.resolve_job_def("small_backtest")
        assert job.execute_in_process(instance=instance, partition_key=one.partition_key).success
    assert instance.get_materialized_partitions(KEY) == {"2026-01", "2026-02"}
    assert "every month has been judged" in look(definitions, instance, 6).skip_message


def test_a_judged_month_says_its_windows_and_whether_the_guardrails_spoke(backtest):
    project, definitions, instance = backtest
    project.run()
    request = look(definitions, instance, 3).run_requests[1]
    definitions.resolve_job_def("small_backtest").execute_in_process(
        instance=instance, partition_key=request.partition_key
    )
    event = instance.get_latest_materialization_event(KEY).asset_materialization

    assert event.partition == "2026-02"
    assert event.metadata["windows"].value == 28
    assert event.metadata["alarmed"].value is (event.metadata["alarms"].value > 0)
    assert event.metadata["false_alarms"].value <= 3
    assert event.metadata["incidents"].value == "none known"
