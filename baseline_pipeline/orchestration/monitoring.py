"""Monitoring in Dagster: an asset that every tick materializes, by the clock and whenever requests arrive."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dagster as dg

from baseline_pipeline.contract import Contract
from baseline_pipeline.errors import BaselineError
from baseline_pipeline.orchestration.names import MODEL_TAG, identifier
from baseline_pipeline.orchestration.triggers import INTERVAL_SECONDS
from baseline_pipeline.records import digest_of
from baseline_pipeline.report.monitoring import incident_line
from baseline_pipeline.settings import load_settings
from baseline_pipeline.workbench.over_time.responding import Tick, monitor
from baseline_pipeline.workbench.workbench import Workbench

REQUESTS_TAG = "baseline/requests"
MOST_ATTEMPTS = 3
NOT_A_WORD = re.compile(r"[^A-Za-z0-9_]+")


def monitoring_definitions(contract: Contract, project: Path) -> dg.Definitions:
    """The asset `<model>/monitoring`, its job, the contract's schedule, and a sensor on the request log's files."""
    name = identifier(contract.name)
    key = dg.AssetKey([contract.name, "monitoring"])

    @dg.asset(
        key=key,
        group_name=name,
        tags={MODEL_TAG: contract.name},
        description="Trajectories of what has come against calm windows; incidents, and people told.",
    )
    def monitoring(context: dg.AssetExecutionContext) -> dg.MaterializeResult:  # type: ignore[type-arg]  # as Dagster reads it
        bench = Workbench(load_settings(project), progress=context.log.info)
        try:
            tick = monitor(bench, contract)
        finally:
            bench.close()
        return dg.MaterializeResult(data_version=dg.DataVersion(_version(tick)), metadata=_metadata(tick))

    job = dg.define_asset_job(
        f"{name}_monitoring", selection=dg.AssetSelection.assets(key), tags={MODEL_TAG: contract.name}
    )
    return dg.Definitions(
        assets=[monitoring],
        jobs=[job],
        schedules=_schedules(contract, job.name),
        sensors=_sensors(contract, project, job.name),
    )


def _version(tick: Tick) -> str:
    """Moves with what was seen and not with the clock."""
    return digest_of(tick.watched.model_dump(mode="json", exclude={"now"}))


def _metadata(tick: Tick) -> dict[str, Any]:
    """Numbers under flat, stable names, so that they plot over time."""
    numbers: dict[str, Any] = {
        NOT_A_WORD.sub("_", one.stream): one.value for one in tick.watched.latest if one.value is not None
    }
    for one in tick.watched.estimates:  # the last window's stays
        for way, value in (("calibrated", one.calibrated), ("weighted", one.weighted)):
            if value is not None:
                numbers[f"estimated_{NOT_A_WORD.sub('_', one.stream)}_{way}"] = value
    return {
        **numbers,
        "windows": tick.watched.windows,
        "unlabelled": tick.watched.unlabelled,
        "open_incidents": len(tick.incidents),
        "open_alarms": sum(len(one.open_alarms) for one in tick.incidents),
        "incidents": "\n".join(incident_line(one) for one in tick.incidents) or "none",
        "changed": "\n".join(tick.changed) or "nothing",
    }


def _schedules(contract: Contract, job_name: str) -> list[dg.ScheduleDefinition]:
    if contract.schedules.monitor is None:
        return []
    return [
        dg.ScheduleDefinition(
            name=f"{identifier(contract.name)}_monitoring",
            job_name=job_name,
            cron_schedule=contract.schedules.monitor,
            execution_timezone="UTC",
            tags={MODEL_TAG: contract.name},
            default_status=dg.DefaultScheduleStatus.RUNNING,
        )
    ]


def _sensors(contract: Contract, project: Path, job_name: str) -> list[dg.SensorDefinition]:
    requests = contract.monitoring.requests
    pattern = requests and (requests.parquet or requests.csv or requests.jsonl)
    if not pattern:
        return []
    return [
        dg.SensorDefinition(
            name=f"{identifier(contract.name)}_requests",
            job_name=job_name,
            evaluation_fn=requests_sensor(contract.name, project, pattern),
            minimum_interval_seconds=INTERVAL_SECONDS,
            default_status=dg.DefaultSensorStatus.RUNNING,
            description=f"Looks at {contract.name} when files of its request log are not those last looked at.",
        )
    ]


def requests_sensor(model: str, project: Path, pattern: str) -> Callable[[dg.SensorEvaluationContext], dg.SensorResult]:
    """Level-triggered: the files now against those that the last finished run was started for; one run at a time."""

    def sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        try:
            there = _files(load_settings(project).project, pattern)
        except (BaselineError, OSError) as error:
            return dg.SensorResult(skip_reason=str(error))
        if not there:
            return dg.SensorResult(skip_reason=f"no file matches {pattern}")
        want = digest_of(there)
        tags = {MODEL_TAG: model, REQUESTS_TAG: want}
        known = context.instance.get_run_records(dg.RunsFilter(tags={MODEL_TAG: model, REQUESTS_TAG: want}), limit=20)
        if any(not one.dagster_run.is_finished for one in known):
            return dg.SensorResult(skip_reason="these files are being looked at")
        if any(one.dagster_run.is_success for one in known):
            return dg.SensorResult(skip_reason="nothing new was recorded")
        if len(known) >= MOST_ATTEMPTS:
            return dg.SensorResult(skip_reason=f"looking at these files failed {len(known)} times")
        run_key = f"{want[:16]}:{len(known)}"
        return dg.SensorResult(run_requests=[dg.RunRequest(run_key=run_key, tags=tags)])

    return sensor


def _files(project: Path, pattern: str) -> list[list[object]]:
    """Names and states of a log's finished files, without reading them."""
    found = []
    for path in sorted(project.glob(pattern)):
        if path.is_file() and not path.name.startswith("."):
            state = path.stat()
            found.append([path.name, state.st_size, state.st_mtime_ns, state.st_ino])
    return found
