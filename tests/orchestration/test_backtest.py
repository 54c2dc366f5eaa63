"""The backtest's schedule and its partitions, through Dagster."""

import datetime as dt

import dagster as dg
import numpy as np
import pandas as pd
import pytest

from baseline_pipeline.orchestration.backtest import RANGE_END, RANGE_START
from baseline_pipeline.orchestration.component import model_definitions
from baseline_pipeline.workbench.over_time.backtested_windows import backtested_windows
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


def look(definitions, instance, hour, day="2026-03-01"):
    """One tick of the schedule."""
    schedule = definitions.resolve_schedule_def("small_backtest")
    time = dt.datetime.fromisoformat(day).replace(hour=hour, tzinfo=dt.UTC)
    with dg.build_schedule_context(instance, time, repository_def=definitions.get_repository_def()) as context:
        return schedule.evaluate_tick(context)


def run(definitions, instance, request, *, fails=False):
    """What the daemon does with a request."""
    job = definitions.resolve_job_def("small_backtest")
    return job.execute_in_process(
        instance=instance, partition_key=request.partition_key, tags=request.tags, raise_on_error=not fails
    )


def span(request):
    return request.tags[RANGE_START], request.tags[RANGE_END]


def test_windows_that_are_missing_are_asked_for_together_until_they_were_judged(backtest):
    project, definitions, instance = backtest
    assert "every window has been judged" in look(definitions, instance, 3).skip_message
    project.run()
    (asked,) = look(definitions, instance, 4).run_requests
    (again,) = look(definitions, instance, 5).run_requests

    assert span(asked) == span(again) == ("2026-01-01", "2026-02-28")
    assert asked.run_key != again.run_key
    assert run(definitions, instance, asked).success
    assert len(instance.get_materialized_partitions(KEY)) == 59
    assert "every window has been judged" in look(definitions, instance, 6).skip_message


def test_a_window_whose_run_failed_is_asked_for_by_itself(backtest):
    project, definitions, instance = backtest
    project.run()
    (asked,) = look(definitions, instance, 3, "2026-02-10").run_requests
    assert run(definitions, instance, asked).success
    data = project.data / "rows.csv"
    data.rename(data.with_suffix(".gone"))
    (lost,) = look(definitions, instance, 3, "2026-02-11").run_requests
    failed = run(definitions, instance, lost, fails=True)
    data.with_suffix(".gone").rename(data)
    (retried,) = look(definitions, instance, 4, "2026-02-11").run_requests

    assert not failed.success
    assert (lost.partition_key, retried.partition_key) == ("2026-02-10", "2026-02-10")
    assert lost.run_key != retried.run_key
    assert run(definitions, instance, retried).success
    assert "2026-02-10" in instance.get_materialized_partitions(KEY)
    assert span(*look(definitions, instance, 3).run_requests) == ("2026-02-11", "2026-02-28")


def test_a_judged_window_says_what_the_guardrails_said_in_it(backtest):
    project, definitions, instance = backtest
    project.run()
    (asked,) = look(definitions, instance, 3).run_requests
    run(definitions, instance, asked)
    records = instance.fetch_materializations(KEY, limit=100).records
    found = {one.asset_materialization.partition: one.asset_materialization.metadata for one in records}

    assert len(found) == 59
    assert all(one["has_rows"].value for one in found.values())
    assert all(one["alarmed"].value is (one["alarms"].value > 0) for one in found.values())
    assert sum(one["false_alarm"].value for one in found.values()) <= 5
    assert {one["incidents"].value for one in found.values()} == {"none known"}


@pytest.mark.parametrize(
    ("window", "first", "last", "count"),
    [
        ("1w", "2026-01-05", "2026-02-16", 7),  # whole weeks from Mondays
        ("3d", "2026-01-02", "2026-02-25", 19),
        ("6h", "2026-01-01T00:00", "2026-02-27T18:00", 58 * 4),  # the last day waits
    ],
)
def test_partitions_follow_the_windows_of_the_contract(project, window, first, last, count):
    text = TIMED.replace("    time: day\n", "    time: day\n    label_delay: 1d\n")
    (project.root / "assets" / "small" / "defs.yaml").write_text(text + f"  monitoring: {{window: {window}}}\n")
    project.write(two_months(project))
    project.run()
    bench = project.bench()
    named = backtested_windows(bench, bench.contract("small"), np.datetime64("2026-03-10", "s"))
    earlier = backtested_windows(bench, bench.contract("small"), np.datetime64("2026-02-02T12:00", "s"))

    assert (named[0], named[-1], len(named)) == (first, last, count)
    assert earlier[-1] < "2026-02-02"  # labels come a day after a window ends
