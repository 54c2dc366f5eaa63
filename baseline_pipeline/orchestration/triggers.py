"""Sensors: one per watched facet, each a look at the present and at the last decision."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import cast

import dagster as dg

from baseline_pipeline.contract import Contract
from baseline_pipeline.errors import BaselineError
from baseline_pipeline.monitoring.trigger import Attempt, Skip, WatchedFacet, state_key, trigger
from baseline_pipeline.orchestration.liveness import fail_the_dead
from baseline_pipeline.orchestration.names import MODEL_TAG, NEED_TAG, WATCHED, identifier
from baseline_pipeline.settings import load_settings
from baseline_pipeline.workbench.iteration.snapshotting import refused
from baseline_pipeline.workbench.iteration.watching import Look, last_watched, look
from baseline_pipeline.workbench.workbench import Workbench

INTERVAL_SECONDS = int(os.environ.get("BASELINE_SENSOR_SECONDS", "30"))
VERSION_TAG = "dagster/data_version"


def facet_sensors(contract: Contract, project: Path, job_name: str) -> list[dg.SensorDefinition]:
    """The sensors of one model; running from the start, quiet while nothing moves."""
    return [_sensor(contract.name, project, cast("WatchedFacet", facet), job_name) for facet in WATCHED]


def _sensor(model: str, project: Path, facet: WatchedFacet, job_name: str) -> dg.SensorDefinition:
    def sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        return tick(context.instance, project, model, facet)

    return dg.SensorDefinition(
        name=f"{identifier(model)}_{facet}",
        job_name=job_name,
        evaluation_fn=sensor,
        minimum_interval_seconds=INTERVAL_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=f"Asks for an evaluation of {model} when {WATCHED[facet]} is not as it was at the last decision.",
    )


def tick(instance: dg.DagsterInstance, project: Path, model: str, facet: WatchedFacet) -> dg.SensorResult:
    """One look: what moved is reported as a new version of the watched asset, and asks for a run.

    A failure to look (a registry that is down, a lockfile that was deleted) is a reason to skip, in
    words; the next tick looks again.
    """
    try:
        bench = Workbench(load_settings(project))
        try:
            return _tick(instance, bench, model, facet)
        finally:
            bench.close()
    except BaselineError as error:
        return dg.SensorResult(skip_reason=str(error))


def _tick(instance: dg.DagsterInstance, bench: Workbench, model: str, facet: WatchedFacet) -> dg.SensorResult:
    contract = bench.contract(model)
    seen = look(bench, contract)
    events = new_versions(instance, model, seen, (facet,))
    unready = _unready(bench, contract, seen)
    if unready:
        return dg.SensorResult(skip_reason=unready, asset_events=events)
    fail_the_dead(instance, bench.settings.project, model)
    done, decided = last_watched(bench, contract, seen)
    need = state_key(seen.watched, decided)
    answer = trigger(
        facet, seen.watched, done, decided=decided, attempts=_attempts(instance, model, need), now=time.time()
    )
    if isinstance(answer, Skip):
        return dg.SensorResult(skip_reason=answer.reason, asset_events=events)
    tags = {MODEL_TAG: model, NEED_TAG: need}
    return dg.SensorResult(run_requests=[dg.RunRequest(run_key=answer.run_key, tags=tags)], asset_events=events)


def _unready(bench: Workbench, contract: Contract, seen: Look) -> str | None:
    """Why the data cannot be evaluated now, in words."""
    if seen.source.status == "missing":
        return f"the data is missing: {seen.source.detail}"
    if seen.source.status == "being_written":
        return f"the data is still being written: {seen.source.detail}"
    report = refused(bench, contract, seen.watched.data)
    if report is None:
        return None
    rules = "; ".join(f"{one.column or 'table'}: {one.rule}" for one in report.failures()[:3])
    return f"this data was refused, and the baseline stays: {rules}"


def _attempts(instance: dg.DagsterInstance, model: str, need: str) -> list[Attempt]:
    records = instance.get_run_records(dg.RunsFilter(tags={MODEL_TAG: model, NEED_TAG: need}), limit=200)
    found = []
    for record in reversed(records):
        run = record.dagster_run
        if not run.is_finished:
            found.append(Attempt("unfinished"))
        else:
            found.append(Attempt("succeeded" if run.is_success else "failed", record.end_time))
    return found


def new_versions(
    instance: dg.DagsterInstance, model: str, seen: Look, facets: tuple[str, ...]
) -> list[dg.AssetMaterialization]:
    """The watched assets whose version is not the one last reported.

    An external asset whose versions come as materializations is fresh again once what depends on it
    has run; reported as observations it would stay stale for ever.
    """
    found = []
    for facet in facets:
        version = getattr(seen.watched, facet)
        key = dg.AssetKey([model, WATCHED[facet]])
        event = instance.get_latest_materialization_event(key)
        known = event.asset_materialization.tags or {} if event and event.asset_materialization else {}
        if version is not None and known.get(VERSION_TAG) != version:
            found.append(dg.AssetMaterialization(key, tags={VERSION_TAG: version}))
    return found


def report_watched(instance: dg.DagsterInstance, bench: Workbench, contract: Contract) -> None:
    """Report what is watched from within a run, so that lineage leads somewhere without a sensor."""
    for event in new_versions(instance, contract.name, look(bench, contract), tuple(WATCHED)):
        instance.report_runless_asset_event(event)
