"""Models that are loaded once, however often they are asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from baseline_pipeline.ports import LoadedBy

if TYPE_CHECKING:
    from baseline_pipeline.ports import LoadedModel, ModelCatalogue, ModelVersion


def remembered(inner: ModelCatalogue) -> LoadedBy:
    """A catalogue that keeps what it has loaded; for work that scores many tables with few models.

    Args:
        inner: Finds and loads.
    """
    known: dict[str, LoadedModel] = {}

    def loading(version: ModelVersion) -> LoadedModel:
        if version.digest not in known:
            known[version.digest] = inner.load(version)
        return known[version.digest]

    return LoadedBy(inner, loading)
