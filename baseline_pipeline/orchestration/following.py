"""Assets that follow a decision: what is looked into after it, told in metadata where it cannot be."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import dagster as dg

from baseline_pipeline.contract import Contract
from baseline_pipeline.decision import Decision
from baseline_pipeline.errors import BaselineError
from baseline_pipeline.orchestration.listening import also_to
from baseline_pipeline.orchestration.pipes import CLIENT, piped
from baseline_pipeline.records import Digest, digest_of
from baseline_pipeline.settings import load_settings
from baseline_pipeline.workbench.workbench import Workbench

Look = Callable[[Workbench, Decision, Digest], dg.MaterializeResult[Any] | None]
"""From the project and a decision, with its digest, to what is materialized; `None` where there is nothing to."""


def following(
    name: str,
    look: Look,
    failed: Callable[[BaselineError], dict[str, Any]],
    contract: Contract,
    project: Path,
    common: dict[str, Any],
    *,
    description: str,
    kind: str,
) -> dg.AssetsDefinition:
    """`<model>/<name>`, materialized after a decision where there is something to say of it.

    Args:
        name: What the asset is called.
        look: What is done.
        failed: Metadata where it cannot be: the decision stands either way.
        contract: The model's contract.
        project: The project's root.
        common: Keywords that the model's assets share.
        description: For people.
        kind: Shown as the asset's kind.
    """

    @dg.asset(  # type: ignore[untyped-decorator]  # its keywords come from a dictionary
        name=name,
        key_prefix=[contract.name],
        ins={"decision": dg.AssetIn(dg.AssetKey([contract.name, "promotion_decision"]))},
        description=description,
        output_required=False,
        **{key: value for key, value in common.items() if key not in {"io_manager_key", "required_resource_keys"}},
        required_resource_keys={*common["required_resource_keys"], CLIENT},
        kinds={kind},
    )
    def followed(context: dg.AssetExecutionContext, decision: Decision):  # type: ignore[no-untyped-def]  # noqa: ANN202  # a generator of Dagster's
        here = Workbench(load_settings(project), progress=also_to(context.log.info), launch=piped(context))
        digest = digest_of(decision.body())
        try:
            found = look(here, decision, digest)
        except BaselineError as failure:
            yield dg.MaterializeResult(metadata={"decision": digest, **failed(failure)})
            return
        if found is not None:
            yield found

    return followed  # type: ignore[no-any-return]  # Dagster's decorator
