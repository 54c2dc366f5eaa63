"""Where a contract's model comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from baseline_pipeline.contract import Contract
    from baseline_pipeline.ports import ModelCatalogue

    Progress = Callable[[str], None]


def open_catalogue(
    contract: Contract, tracking_uri: str, project: Path, cache: Path, progress: Progress = lambda _: None
) -> ModelCatalogue:
    """The catalogue that a contract names: a registry, an MLflow URI, or a function."""
    if contract.model.function is not None:
        from baseline_pipeline.adapters.models.function import FunctionCatalogue

        return FunctionCatalogue(contract, project)
    from baseline_pipeline.adapters.models.mlflow import MlflowCatalogue

    return MlflowCatalogue(contract, tracking_uri, project, cache, progress)
