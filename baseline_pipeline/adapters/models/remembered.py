"""Models that are loaded once, however often they are asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from baseline_pipeline.ports import LoadedModel, ModelCatalogue, ModelVersion


class RememberedModels:
    """A catalogue that keeps what it has loaded; for work that scores many tables with few models.

    Args:
        inner: Finds and loads.
    """

    def __init__(self, inner: ModelCatalogue) -> None:
        self._inner = inner
        self._loaded: dict[str, LoadedModel] = {}

    def resolve(self, role: Literal["champion", "challenger"]) -> ModelVersion | None:
        """The exact version behind a role."""
        return self._inner.resolve(role)

    def candidate(self, reference: str, *, required: Sequence[str] = (), wait: float = 0.0) -> ModelVersion:
        """The exact version that a reference means."""
        return self._inner.candidate(reference, required=required, wait=wait)

    def artifact(self, version: ModelVersion) -> dict[str, object]:
        """What a worker loads."""
        return self._inner.artifact(version)

    def load(self, version: ModelVersion) -> LoadedModel:
        """The version, loaded now or before.

        Raises:
            ModelFailed: see the inner catalogue.
        """
        if version.digest not in self._loaded:
            self._loaded[version.digest] = self._inner.load(version)
        return self._loaded[version.digest]
