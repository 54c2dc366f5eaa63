"""The component behind `type: baseline_pipeline.orchestration.MonitoredModel`."""

from pathlib import Path
from typing import Any

import dagster as dg

from baseline_pipeline.contract import Contract
from baseline_pipeline.contract.reading import read_contract
from baseline_pipeline.orchestration.assets import stage_assets, watched_specs
from baseline_pipeline.orchestration.backtest import backtest_definitions
from baseline_pipeline.orchestration.monitoring import monitoring_definitions
from baseline_pipeline.orchestration.names import MODEL_TAG, identifier
from baseline_pipeline.orchestration.resources import with_resources
from baseline_pipeline.orchestration.review import review_definitions
from baseline_pipeline.orchestration.schedules import model_schedules
from baseline_pipeline.orchestration.triggers import facet_sensors

MAX_RUNTIME_SECONDS = 7200


class MonitoredModel(dg.Component):
    """A model under watch: its four stages, what is watched for it, and when it runs.

    The contract is a plain pydantic model without Dagster, so that errors name file and line.
    """

    def __init__(self, contract: Contract) -> None:
        self.contract = contract

    @classmethod
    def get_model_cls(cls) -> type[Contract]:
        """What `attributes:` is checked against."""
        return Contract

    @classmethod
    def load(cls, attributes: Any, context: dg.ComponentLoadContext) -> "MonitoredModel":  # noqa: ARG003  # Dagster names it
        """Read the file again by our own rules: duplicate keys and aliases are gone by now."""
        return cls(read_contract(Path(context.path) / "defs.yaml"))

    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:
        """Assets, checks, job, sensors and schedules of one model."""
        return model_parts(self.contract, Path(context.path).parents[1])


def model_definitions(contract: Contract, project: Path) -> dg.Definitions:
    """Everything Dagster knows of one model in a project."""
    return with_resources(model_parts(contract, project), project)


def model_parts(contract: Contract, project: Path) -> dg.Definitions:
    """The same without resources, which several models share."""
    assets = stage_assets(contract, project)
    name = identifier(contract.name)
    job = dg.define_asset_job(
        name,
        selection=dg.AssetSelection.assets(*assets),
        tags={MODEL_TAG: contract.name, "dagster/max_runtime": str(MAX_RUNTIME_SECONDS)},
        description=f"Snapshot, evaluate, compare and decide: {contract.name}.",
    )
    stages = dg.Definitions(
        assets=[*watched_specs(contract), *assets],
        jobs=[job],
        sensors=facet_sensors(contract, project, name),
        schedules=model_schedules(contract, name),
    )
    return dg.Definitions.merge(
        stages,
        backtest_definitions(contract, project),
        monitoring_definitions(contract, project),
        review_definitions(contract, project),
    )
