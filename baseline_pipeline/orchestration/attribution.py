"""The asset that says which change did it, after a decision that found harm."""

from pathlib import Path
from typing import Any

import dagster as dg

from baseline_pipeline.contract import Contract
from baseline_pipeline.decision import Decision
from baseline_pipeline.errors import BaselineError
from baseline_pipeline.orchestration.listening import also_to
from baseline_pipeline.orchestration.pipes import CLIENT, piped
from baseline_pipeline.records import digest_of
from baseline_pipeline.settings import load_settings
from baseline_pipeline.workbench.replays.attributed import write_attribution
from baseline_pipeline.workbench.replays.attributing import attribute
from baseline_pipeline.workbench.workbench import Workbench

HARMED = ("moderate", "severe")


def attribution_asset(contract: Contract, project: Path, common: dict[str, Any]) -> dg.AssetsDefinition:
    """`<model>/change_attribution`, materialized where the decision is moderate or severe.

    What cannot be attributed (a model that is gone, a lockfile that says too little) is said in the metadata: the
    decision stands either way.
    """
    key = dg.AssetKey([contract.name, "change_attribution"])
    decided = dg.AssetKey([contract.name, "promotion_decision"])

    @dg.asset(
        key=key,
        ins={"decision": dg.AssetIn(decided)},
        description="Which of the changes did it: the harm shared out by factorial replay.",
        output_required=False,
        **{name: value for name, value in common.items() if name not in {"io_manager_key", "required_resource_keys"}},
        required_resource_keys={*common["required_resource_keys"], CLIENT},
        kinds={"numpy"},
    )
    def change_attribution(context: dg.AssetExecutionContext, decision: Decision):  # type: ignore[no-untyped-def]  # noqa: ANN202  # a generator of Dagster's
        if decision.tier not in HARMED:
            return
        here = Workbench(load_settings(project), progress=also_to(context.log.info), launch=piped(context))
        digest = digest_of(decision.body())
        try:
            found = attribute(here, contract, digest)
        except BaselineError as failure:
            yield dg.MaterializeResult(metadata={"decision": digest, "not attributed": failure.message})
            return
        page = write_attribution(here, contract, found)
        yield dg.MaterializeResult(
            data_version=dg.DataVersion(digest_of(found.body())),
            metadata={
                "decision": digest,
                "sentence": found.sentence,
                "advice": found.advice,
                "report": dg.MetadataValue.path(str(page)),
                **{
                    f"{one.metric}_{each.factor}": each.harm
                    for one in found.shared
                    if one.slice == "all"
                    for each in one.contributions
                },
            },
        )

    return change_attribution  # type: ignore[no-any-return]  # Dagster's decorator
