"""What runs by the clock, as the contract says."""

from __future__ import annotations

import dagster as dg

from baseline_pipeline.contract import Contract
from baseline_pipeline.orchestration.names import MODEL_TAG, identifier


def model_schedules(contract: Contract, job_name: str) -> list[dg.ScheduleDefinition]:
    """The schedules of one model; a missed tick is made up for by the next, since runs are level-triggered."""
    if contract.schedules.evaluation is None:
        return []
    return [
        dg.ScheduleDefinition(
            name=f"{identifier(contract.name)}_evaluation",
            job_name=job_name,
            cron_schedule=contract.schedules.evaluation,
            execution_timezone="UTC",
            tags={MODEL_TAG: contract.name},
            default_status=dg.DefaultScheduleStatus.RUNNING,
        )
    ]
