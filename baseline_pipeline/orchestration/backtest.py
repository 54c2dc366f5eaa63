"""The backtest: one partition per month, made up for whenever one is missing."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import dagster as dg

from baseline_pipeline.contract import Contract
from baseline_pipeline.errors import BaselineError
from baseline_pipeline.orchestration.names import MODEL_TAG, identifier
from baseline_pipeline.records import digest_of
from baseline_pipeline.settings import load_settings
from baseline_pipeline.workbench.over_time.backtesting import BacktestedMonth, backtest_month, backtested_months
from baseline_pipeline.workbench.workbench import Workbench


def backtest_definitions(contract: Contract, project: Path) -> dg.Definitions:
    """The partitioned asset, its job, and the contract's schedule."""
    name = identifier(contract.name)
    partitions = dg.DynamicPartitionsDefinition(name=f"{name}_months")
    key = dg.AssetKey([contract.name, "backtest"])

    @dg.asset(
        key=key,
        deps=[dg.AssetKey([contract.name, "promotion_decision"])],
        partitions_def=partitions,
        group_name=name,
        tags={MODEL_TAG: contract.name},
        description="Each month of the champion's rows, judged by the present rules, with the events that are known.",
    )
    def backtest(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        bench = Workbench(load_settings(project), progress=context.log.info)
        month = backtest_month(bench, contract, context.partition_key)
        return dg.MaterializeResult(data_version=dg.DataVersion(digest_of(month.body())), metadata=_metadata(month))

    job = dg.define_asset_job(
        f"{name}_backtest",
        selection=dg.AssetSelection.assets(key),
        tags={MODEL_TAG: contract.name},
    )
    return dg.Definitions(
        assets=[backtest], jobs=[job], schedules=_schedule(contract, project, partitions, key, job.name)
    )


def _metadata(month: BacktestedMonth) -> dict[str, Any]:
    seen = [
        f"{one.incident.what}: {f'{one.tier} after {one.delay_days:.1f} d' if one.found else 'missed'}"
        for one in month.incidents
    ]
    return {
        "windows": month.windows,
        "alarms": len(month.alarms),
        "false_alarms": month.false,
        "alarmed": bool(month.alarms),
        "guardrails": "\n".join(f"{one.opened[:10]} {one.tier}: {one.words()}" for one in month.alarms[:20])
        or "silent",
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
        )(missing_months(contract, project, partitions, key))
    ]


def missing_months(
    contract: Contract, project: Path, partitions: dg.DynamicPartitionsDefinition, key: dg.AssetKey
) -> Callable[[dg.ScheduleEvaluationContext], list[dg.RunRequest] | dg.SkipReason]:
    """A level-triggered schedule: months there are minus months done, whatever ticks were missed."""

    def missing(context: dg.ScheduleEvaluationContext) -> list[dg.RunRequest] | dg.SkipReason:
        instance = context.instance
        try:
            months = backtested_months(Workbench(load_settings(project)), contract)
        except BaselineError as error:
            return dg.SkipReason(str(error))
        done = instance.get_materialized_partitions(key)
        now = context.scheduled_execution_time.strftime("%Y-%m")
        wanted = [month for month in months if month not in done and month < now]  # a month that grows waits
        if not wanted:
            return dg.SkipReason("every month has been judged")
        instance.add_dynamic_partitions(str(partitions.name), wanted)
        tags = {MODEL_TAG: contract.name}
        tick = context.scheduled_execution_time.isoformat()  # a month whose run failed is asked for again
        return [dg.RunRequest(run_key=f"{month} {tick}", partition_key=month, tags=tags) for month in wanted]

    return missing
