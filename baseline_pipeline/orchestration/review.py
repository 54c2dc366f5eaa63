"""The scheduled review of a baseline: which of its assumptions are old, written where people find it."""

from pathlib import Path
from typing import Any

import dagster as dg

from baseline_pipeline.contract import Contract
from baseline_pipeline.errors import BaselineError
from baseline_pipeline.governance.reviews import Review
from baseline_pipeline.orchestration.names import MODEL_TAG, identifier
from baseline_pipeline.records import digest_of
from baseline_pipeline.report.review import due_lines, review_lines, review_markdown
from baseline_pipeline.settings import load_settings
from baseline_pipeline.workbench.reporting import write_whole
from baseline_pipeline.workbench.upkeep.reviewing import review
from baseline_pipeline.workbench.workbench import Workbench


def review_definitions(contract: Contract, project: Path) -> dg.Definitions:
    """The asset `<model>/baseline_review`, its job, and the contract's schedule; people sign it off themselves."""
    name = identifier(contract.name)
    key = dg.AssetKey([contract.name, "baseline_review"])

    @dg.asset(
        key=key,
        deps=[dg.AssetKey([contract.name, "promotion_decision"])],
        group_name=name,
        tags={MODEL_TAG: contract.name},
        description="Which assumptions of the baseline are old, and whether a signed review is due.",
    )
    def baseline_review(context: dg.AssetExecutionContext) -> dg.MaterializeResult:  # type: ignore[type-arg]  # as Dagster reads it
        bench = Workbench(load_settings(project), progress=context.log.info)
        try:
            found = review(bench, contract)
            page = bench.settings.home / "reports" / contract.name / "review.md"
            write_whole(page, review_markdown(found))
        except BaselineError as failure:  # no baseline yet is no fault of the clock
            return dg.MaterializeResult(metadata={"not reviewed": failure.message})
        finally:
            bench.close()
        return dg.MaterializeResult(
            data_version=dg.DataVersion(digest_of(found.body())), metadata=_metadata(found, page)
        )

    job = dg.define_asset_job(
        f"{name}_review", selection=dg.AssetSelection.assets(key), tags={MODEL_TAG: contract.name}
    )
    return dg.Definitions(assets=[baseline_review], jobs=[job], schedules=_schedules(contract, job.name))


def _metadata(found: Review, page: Path) -> dict[str, Any]:
    return {
        "old": len(found.old),
        "findings": "\n".join(review_lines(found)),
        "due": "\n".join(due_lines(found)) or "nothing",
        "report": dg.MetadataValue.path(str(page)),
    }


def _schedules(contract: Contract, job_name: str) -> list[dg.ScheduleDefinition]:
    if contract.schedules.review is None:
        return []
    return [
        dg.ScheduleDefinition(
            name=f"{identifier(contract.name)}_review",
            job_name=job_name,
            cron_schedule=contract.schedules.review,
            execution_timezone="UTC",
            tags={MODEL_TAG: contract.name},
            default_status=dg.DefaultScheduleStatus.RUNNING,
        )
    ]
