"""The backtest: one partition per window of the contract, made up for whenever one is missing."""

import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import dagster as dg
import numpy as np

from baseline_pipeline.contract import Contract
from baseline_pipeline.errors import BaselineError
from baseline_pipeline.orchestration.names import MODEL_TAG, identifier
from baseline_pipeline.records import digest_of
from baseline_pipeline.settings import load_settings
from baseline_pipeline.workbench.over_time.backtested_windows import (
    BacktestedWindow,
    backtest_windows,
    backtested_windows,
)
from baseline_pipeline.workbench.over_time.clocks import zone_of
from baseline_pipeline.workbench.workbench import Workbench

RANGE_START, RANGE_END = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"
"""Dagster's tags of a run over several partitions."""
TOGETHER = 400
"""Windows that one run judges at most: a year of days. The backtest behind them is made once whatever their number."""


def backtest_definitions(contract: Contract, project: Path) -> dg.Definitions:
    """The partitioned asset, its job, and the contract's schedule.

    Partitions are named as windows begin. They are added as windows come to be known, rather than laid out on a grid:
    the first day of the data is not known while definitions load, and no cron expression gives windows of 5h, 3d or 2w.
    """
    name = identifier(contract.name)
    partitions = dg.DynamicPartitionsDefinition(name=f"{name}_windows")
    key = dg.AssetKey([contract.name, "backtest"])

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.BetaWarning)  # several windows in a run are beta in Dagster

        @dg.asset(
            key=key,
            deps=[dg.AssetKey([contract.name, "promotion_decision"])],
            partitions_def=partitions,
            backfill_policy=dg.BackfillPolicy.multi_run(TOGETHER),
            group_name=name,
            tags={MODEL_TAG: contract.name},
            description="Each window of the champion's rows, judged by the present rules, with the known events.",
        )
        def backtest(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
            bench = Workbench(load_settings(project), progress=context.log.info)
            judged = backtest_windows(bench, contract, context.partition_keys)
            for one in judged:
                context.add_asset_metadata(_metadata(one), asset_key=key, partition_key=one.window)
            version = digest_of([one.body() for one in judged])
            return dg.MaterializeResult(data_version=dg.DataVersion(version))

    job = dg.define_asset_job(
        f"{name}_backtest",
        selection=dg.AssetSelection.assets(key),
        tags={MODEL_TAG: contract.name},
    )
    return dg.Definitions(
        assets=[backtest], jobs=[job], schedules=_schedule(contract, project, partitions, key, job.name)
    )


def _metadata(one: BacktestedWindow) -> dict[str, Any]:
    seen = [
        f"{one.incident.what}: {f'{one.tier} after {one.delay_days:.1f} d' if one.found else 'missed'}"
        for one in one.incidents
    ]
    said = "\n".join(f"{alarm.opened[:10]} {alarm.tier}: {alarm.words()}" for alarm in one.alarms[:20])
    return {
        "has_rows": one.rows,
        "alarms": len(one.alarms),
        "false_alarm": one.false,
        "alarmed": bool(one.alarms),
        "guardrails": said or ("silent" if one.rows else "the backtest has no such window"),
        "incidents": "; ".join(seen) or "none known",
    }


def _schedule(
    contract: Contract, project: Path, partitions: dg.DynamicPartitionsDefinition, key: dg.AssetKey, job_name: str
) -> list[dg.ScheduleDefinition]:
    if contract.schedules.backtest is None:
        return []
    return [
        dg.schedule(
            name=f"{identifier(contract.name)}_backtest",
            job_name=job_name,
            cron_schedule=contract.schedules.backtest,
            execution_timezone="UTC",
            default_status=dg.DefaultScheduleStatus.RUNNING,
        )(missing_windows(contract, project, partitions, key, job_name))
    ]


def missing_windows(
    contract: Contract, project: Path, partitions: dg.DynamicPartitionsDefinition, key: dg.AssetKey, job_name: str
) -> Callable[[dg.ScheduleEvaluationContext], list[dg.RunRequest] | dg.SkipReason]:
    """A level-triggered schedule: windows there are minus windows done, whatever ticks were missed or runs failed."""

    def missing(context: dg.ScheduleEvaluationContext) -> list[dg.RunRequest] | dg.SkipReason:
        instance = context.instance
        local = context.scheduled_execution_time.astimezone(ZoneInfo(zone_of(contract))).replace(tzinfo=None)
        try:
            windows = backtested_windows(Workbench(load_settings(project)), contract, np.datetime64(local, "s"))
        except BaselineError as error:
            return dg.SkipReason(str(error))
        done = instance.get_materialized_partitions(key)
        wanted = {window for window in windows if window not in done}
        if not wanted:
            return dg.SkipReason("every window has been judged")
        known = instance.get_run_records(dg.RunsFilter(job_name=job_name), limit=20)
        if any(not one.dagster_run.is_finished for one in known):
            return dg.SkipReason("windows are being judged")
        there = set(instance.get_dynamic_partitions(str(partitions.name)))
        instance.add_dynamic_partitions(str(partitions.name), [one for one in windows if one in wanted - there])
        tick = context.scheduled_execution_time.isoformat()  # a window whose run failed is asked for again
        return [
            _request(contract, part, tick)
            for part in _stretches(instance.get_dynamic_partitions(str(partitions.name)), wanted)
        ]

    return missing


def _stretches(order: Sequence[str], wanted: set[str]) -> list[list[str]]:
    """Wanted partitions that follow on one another as Dagster keeps them, so many together at most.

    Example:
        >>> _stretches(["a", "b", "c", "d"], {"a", "b", "d"})
        [['a', 'b'], ['d']]
    """
    found: list[list[str]] = []
    before = None
    for place, one in enumerate(order):
        if one not in wanted:
            continue
        if before == place - 1 and found and len(found[-1]) < TOGETHER:
            found[-1].append(one)
        else:
            found.append([one])
        before = place
    return found


def _request(contract: Contract, part: Sequence[str], tick: str) -> dg.RunRequest:
    tags = {MODEL_TAG: contract.name}
    if len(part) == 1:
        return dg.RunRequest(run_key=f"{part[0]} {tick}", partition_key=part[0], tags=tags)
    span = {RANGE_START: part[0], RANGE_END: part[-1]}
    return dg.RunRequest(run_key=f"{part[0]} to {part[-1]} {tick}", tags=tags | span)
