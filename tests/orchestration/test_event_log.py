import contextlib
from pathlib import Path

import dagster as dg
import sqlalchemy as sa

from baseline_pipeline.orchestration.in_process import QUIET
from baseline_pipeline.orchestration.instance import instance_for_runs

CHECKS = [f"check_{number}" for number in range(10)]
JOURNALS = "*.db-wal"


@dg.asset(check_specs=[dg.AssetCheckSpec(name, asset="small") for name in CHECKS])
def small():
    results = [dg.AssetCheckResult(check_name=name, passed=name != "check_3") for name in CHECKS]
    return dg.MaterializeResult(value=1, check_results=results)


@contextlib.contextmanager
def connections():
    """Which databases of events are opened, one after the other."""
    opened = []

    def note(connection, _):
        place = Path(connection.execute("PRAGMA database_list").fetchone()[2])
        if place.parent.name == "runs":
            opened.append(place.name)

    sa.event.listen(sa.engine.Engine, "connect", note)
    try:
        yield opened
    finally:
        sa.event.remove(sa.engine.Engine, "connect", note)


def run(instance):
    definitions = dg.Definitions(assets=[small], executor=dg.in_process_executor)
    return definitions.resolve_implicit_global_asset_job_def().execute_in_process(instance=instance, run_config=QUIET)


def plain(project):
    return dg.DagsterInstance.from_config(str(project.settings.dagster_home))


def test_dagster_reads_what_was_written_and_no_journal_is_left(project):
    with instance_for_runs(project.settings) as instance:
        here = run(instance)
        told = [record.event_log_entry.to_json() for record in instance.get_records_for_run(here.run_id).records]
    left = list(project.settings.dagster_home.rglob(JOURNALS))
    with plain(project) as instance:
        read = [record.event_log_entry.to_json() for record in instance.get_records_for_run(here.run_id).records]
        materialized = instance.get_latest_materialization_event(dg.AssetKey("small"))

    assert (read == told, len(read) > 3 * len(CHECKS), left) == (True, True, [])
    assert materialized.run_id == here.run_id


def test_databases_are_opened_by_the_run_and_not_by_the_event(project):
    with instance_for_runs(project.settings) as instance:
        run(instance)
        with connections() as ours:
            run(instance)
    with plain(project) as instance:
        run(instance)
        with connections() as theirs:
            run(instance)

    assert len([name for name in ours if name != "index.db"]) <= 2
    assert len([name for name in theirs if name != "index.db"]) > 2 * len(CHECKS)


def test_many_runs_leave_few_databases_open(project):
    with instance_for_runs(project.settings) as instance:
        runs = [run(instance).run_id for _ in range(6)]
        counted = [len(instance.get_records_for_run(one).records) for one in runs]
        journals = len(list((project.settings.dagster_home / "history" / "runs").glob(JOURNALS)))

    assert (len(set(counted)), journals <= 4) == (1, True)


def test_a_storage_that_was_moved_to_a_service_is_left_alone(project, tmp_path):
    config = project.settings.dagster_home / "dagster.yaml"
    elsewhere = "event_log_storage: {module: dagster._core.storage.event_log, class: ConsolidatedSqliteEventLogStorage,"
    config.write_text(f"{config.read_text()}\n{elsewhere} config: {{base_dir: {tmp_path}}}}}\n")

    with instance_for_runs(project.settings) as instance:
        run(instance)

    assert [place.name for place in tmp_path.glob("event_log.db")] == ["event_log.db"]


def test_no_event_waits_for_the_disk(project):
    with instance_for_runs(project.settings) as instance, instance.event_log_storage.index_connection() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 1  # NORMAL
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
