"""What the triggers look at: cheap digests of everything that may move."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from baseline_pipeline.governance.events import Watched, last_decision
from baseline_pipeline.records import digest_of
from baseline_pipeline.workbench.code import code_digest, function_version
from baseline_pipeline.workbench.iteration.elsewhere import as_evaluated
from baseline_pipeline.workbench.iteration.environment import observe

if TYPE_CHECKING:
    from baseline_pipeline.contract import Contract
    from baseline_pipeline.ports import SourceState
    from baseline_pipeline.workbench.iteration.environment import Environment
    from baseline_pipeline.workbench.workbench import Workbench


@dataclass(frozen=True)
class Look:
    """The watched state at one moment.

    Attributes:
        watched: digests of all facets; data is `None` unless the source is ready.
        source: what the source looks like.
        environment: lockfile, manifest and interpreter.
        registry: version behind each alias.
    """

    watched: Watched
    source: SourceState
    environment: Environment
    registry: dict[str, str | None]


def look(bench: Workbench, contract: Contract) -> Look:
    """Look at everything that may move, without reading data whole or loading a model."""
    source = bench.source(contract).state()
    environment = as_evaluated(bench, observe(contract, bench.settings.project))
    registry = registry_state(bench, contract)
    watched = Watched(
        data=source.digest,
        dependencies=environment.dependencies,
        infrastructure=environment.infrastructure,
        registry=digest_of(registry),
        code=watched_code(bench, contract),
    )
    return Look(watched, source, environment, registry)


def registry_state(bench: Workbench, contract: Contract) -> dict[str, str | None]:
    """The version behind each alias; where no registry is used, what stands for it."""
    if contract.model.function is not None:
        return {"champion": function_version(contract.model.function, bench.settings.project)}
    if contract.model.registered is None:
        from baseline_pipeline.adapters.models.places import watched_uri

        return {"champion": watched_uri(contract, bench.settings.tracking_uri, bench.settings.project)}
    from baseline_pipeline.adapters.registries.mlflow import registry_fingerprint

    return dict(registry_fingerprint(contract, bench.settings.tracking_uri))


def watched_code(bench: Workbench, contract: Contract) -> str:
    """Moves with the scoring code and with the contract's policy: both ask for a new decision."""
    return digest_of([code_digest(contract, bench.settings.project), contract.policy_digest()])


def last_watched(bench: Workbench, contract: Contract, seen: Look) -> tuple[Watched | None, int]:
    """The watched state of the last decision, and its ledger number; `(None, 0)` before the first.

    The registry counts as not looked at where a challenger that waited for the first baseline can be judged now.
    """
    event = last_decision(bench.events(contract.name), contract.name)
    if event is None:
        return None, 0
    watched = Watched.stored(event.content["watched"])
    waited = event.content["baseline_revision"] is None and not event.content["challenged"]
    if waited and seen.registry.get(contract.model.challenger) and bench.baseline(contract.name) is not None:
        watched = watched.model_copy(update={"registry": None})
    return watched, event.seq
