"""The asset that says which change did it, after a decision that found harm."""

from pathlib import Path
from typing import Any

import dagster as dg

from baseline_pipeline.contract import Contract
from baseline_pipeline.decision import Decision
from baseline_pipeline.orchestration.following import following
from baseline_pipeline.records import Digest, digest_of
from baseline_pipeline.workbench.replays.attributed import write_attribution
from baseline_pipeline.workbench.replays.attributing import attribute
from baseline_pipeline.workbench.workbench import Workbench

HARMED = ("moderate", "severe")


def attribution_asset(contract: Contract, project: Path, common: dict[str, Any]) -> dg.AssetsDefinition:
    """`<model>/change_attribution`, materialized where the decision is moderate or severe.

    What cannot be attributed (a model that is gone, a lockfile that says too little) is said in the metadata: the
    decision stands either way.
    """

    def look(here: Workbench, decision: Decision, digest: Digest) -> dg.MaterializeResult[Any] | None:
        if decision.tier not in HARMED:
            return None
        found = attribute(here, contract, digest)
        page = write_attribution(here, contract, found)
        return dg.MaterializeResult(
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

    return following(
        "change_attribution",
        look,
        lambda failure: {"not attributed": failure.message},
        contract,
        project,
        common,
        description="Which of the changes did it: the harm shared out by factorial replay.",
        kind="numpy",
    )
