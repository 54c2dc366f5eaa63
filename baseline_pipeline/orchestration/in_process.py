"""A sensor's tick and the run it asks for, in this process: what the daemon does, one step at a time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import dagster as dg

from baseline_pipeline.contract import Contract
from baseline_pipeline.errors import EvidenceUnavailable
from baseline_pipeline.monitoring.trigger import WatchedFacet
from baseline_pipeline.orchestration.component import model_definitions
from baseline_pipeline.orchestration.listening import LISTENER
from baseline_pipeline.orchestration.names import identifier
from baseline_pipeline.orchestration.triggers import tick

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


def tick_and_run(
    instance: dg.DagsterInstance,
    contract: Contract,
    project: Path,
    facet: WatchedFacet,
    listener: Callable[[str], None],
) -> str | None:
    """Let one sensor look once, and run what it asks for.

    Returns:
        Why the sensor asked for nothing; `None` where a run was made.

    Raises:
        EvidenceUnavailable: when the run failed, with its innermost cause.
    """
    answer = tick(instance, project, contract.name, facet)
    for event in answer.asset_events or []:
        instance.report_runless_asset_event(event)
    if not answer.run_requests:
        return str(answer.skip_reason.skip_message if answer.skip_reason else "")
    request = answer.run_requests[0]
    definitions = dg.Definitions.merge(
        model_definitions(contract, project), dg.Definitions(executor=dg.in_process_executor)
    )
    job = definitions.resolve_job_def(identifier(contract.name))
    token = LISTENER.set(listener)
    try:
        result = job.execute_in_process(
            instance=instance, tags=dict(request.tags), run_config=QUIET, raise_on_error=False
        )
    finally:
        LISTENER.reset(token)
    if not result.success:
        raise EvidenceUnavailable(_failure(result), next_step="see the run in Dagster's pages: `make dev`")
    return None


def _failure(result: dg.ExecuteInProcessResult) -> str:
    """The innermost cause of a failed run, in words."""
    for event in result.all_events:
        error = event.step_failure_data.error if event.is_step_failure else None
        while error is not None and error.cause is not None:
            error = error.cause
        if error is not None:
            return f"run {result.run_id[:8]} failed in {event.step_key}: {error.message.strip()}"
    return f"run {result.run_id[:8]} failed"
