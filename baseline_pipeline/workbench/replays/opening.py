"""What is replayed: the champion, an exact candidate, or a plain file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from baseline_pipeline.errors import EvidenceUnavailable
from baseline_pipeline.workbench.replays.replaying import Replaying

if TYPE_CHECKING:
    from baseline_pipeline.adapters.environments.knobs import Knobs
    from baseline_pipeline.contract import Contract
    from baseline_pipeline.workbench.workbench import Workbench


def open_replaying(
    bench: Workbench,
    contract: Contract,
    *,
    candidate: str | None = None,
    artifact: str | None = None,
    knobs: Knobs | None = None,
) -> Replaying:
    """What is to be replayed: the champion, an exact candidate, or a plain file.

    Raises:
        EvidenceUnavailable: when there is no such model.
        UsageError: when the file is of no known format, or runs code that nobody vouched for.
    """
    from pathlib import Path

    from baseline_pipeline.adapters.models.artifact import file_artifact
    from baseline_pipeline.ports import ModelVersion

    if artifact is not None:
        import hashlib

        found = file_artifact(bench.settings.project / Path(artifact), allow_pickle=contract.model.allow_pickle)
        digest = hashlib.sha256(Path(str(found["path"])).read_bytes()).hexdigest()
        version = ModelVersion(contract.name, digest[:12], artifact, digest, _declared_window(contract))
        return Replaying(bench, contract, version, found, knobs=knobs)
    catalogue = bench.catalogue(contract)
    chosen = catalogue.resolve("champion") if candidate is None else catalogue.candidate(candidate)
    if chosen is None:
        message = f"model {contract.name}: no champion"
        raise EvidenceUnavailable(message, next_step="name one: --candidate models:/NAME/7")
    return Replaying(bench, contract, chosen, catalogue.artifact(chosen), knobs=knobs)


def _declared_window(contract: Contract) -> tuple[str, str] | None:
    training = contract.model.training
    if training is None:
        return None
    first, last = (day.isoformat() for day in training.window)
    return first, last
