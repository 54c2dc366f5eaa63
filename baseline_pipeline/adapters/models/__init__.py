"""Where a contract's model comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from baseline_pipeline.contract import Contract
    from baseline_pipeline.ports import ModelCatalogue, Store

    Progress = Callable[[str], None]


def open_catalogue(
    contract: Contract,
    tracking_uri: str,
    project: Path,
    cache: Path,
    progress: Progress = lambda _: None,
    store: Store | None = None,
) -> ModelCatalogue:
    """The catalogue that a contract names: a registry, an MLflow URI, or a function.

    Args:
        contract: Says which.
        tracking_uri: Where MLflow is.
        project: What paths and modules are relative to.
        cache: Models are laid out below it.
        progress: Told what takes long.
        store: Versions of functions are kept there; nowhere by default.
    """
    if contract.model.function is not None:
        from baseline_pipeline.adapters.models.function import FunctionCatalogue

        if store is None:
            return FunctionCatalogue(contract, project)
        from baseline_pipeline.adapters.models.function_kept import KeptFunctions

        return FunctionCatalogue(contract, project, KeptFunctions(store, contract.name, project, cache))
    from baseline_pipeline.adapters.models.mlflow import MlflowCatalogue

    return MlflowCatalogue(contract, tracking_uri, project, cache, progress)
