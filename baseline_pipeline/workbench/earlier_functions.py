"""Functions as the model: kept when they are scored, and asked again by a worker after they were edited."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from baseline_pipeline.errors import ModelFailed, ModelGone
from baseline_pipeline.ports import LoadedBy

if TYPE_CHECKING:
    from collections.abc import Callable

    from baseline_pipeline.contract import Contract
    from baseline_pipeline.ports import LoadedModel, ModelCatalogue, ModelVersion
    from baseline_pipeline.settings import Settings


def keep_function(catalogue: ModelCatalogue, version: ModelVersion, progress: Callable[[str], None]) -> None:
    """Keep the files of a version that stands in the project, or say why it cannot be asked again once it is edited."""
    found: Any = catalogue
    why = found.inner.keep(version)
    if why:
        progress(f"version {version.version} is not kept, and cannot be asked again once it is edited: {why}")


def with_earlier(catalogue: ModelCatalogue, contract: Contract, settings: Settings) -> LoadedBy:
    """A function as it stands in the project is called here; as it was, by a worker in this environment."""
    functions: Any = catalogue

    def loading(version: ModelVersion) -> LoadedModel:
        if functions.stands(version):
            return catalogue.load(version)
        try:
            return elsewhere(catalogue, contract, settings).load(version)
        except ModelGone:
            raise
        except ModelFailed as failure:
            message = f"version {version.version}, as it was kept: {failure.message}"
            raise ModelGone(
                message, next_step="register the model, so that earlier versions can be scored again"
            ) from failure

    return LoadedBy(catalogue, loading)


def elsewhere(catalogue: ModelCatalogue, contract: Contract, settings: Settings) -> LoadedBy:
    """All versions, each in a worker of its own in this environment."""
    from baseline_pipeline.adapters.environments.built import here
    from baseline_pipeline.adapters.environments.remote import remote_catalogue

    return remote_catalogue(catalogue, contract, here(), settings.project, settings.scratch)
