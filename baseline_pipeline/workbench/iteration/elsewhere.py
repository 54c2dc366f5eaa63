"""Evaluations in the environment that the lockfile describes, where it is not the one at hand."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from baseline_pipeline.environment.interpreter import differences

if TYPE_CHECKING:
    from pathlib import Path

    from baseline_pipeline.adapters.environments.built import Built
    from baseline_pipeline.contract import Contract
    from baseline_pipeline.ports import ModelCatalogue
    from baseline_pipeline.workbench.iteration.environment import Environment
    from baseline_pipeline.workbench.workbench import Workbench


def in_declared_environment(
    bench: Workbench, contract: Contract, environment: Environment, catalogue: ModelCatalogue
) -> tuple[Environment, ModelCatalogue]:
    """The environment that evaluations run in, and where models are loaded.

    This process where it is what the lockfile says. Where it is not, and the lockfile says all there is to install
    (hashes on every line, or uv's, poetry's or conda-lock's format), the environment is built and models are loaded
    there. A list of some packages describes no environment: then the differences stand, and the evidence is missing.
    """
    if not _elsewhere(environment):
        return environment, catalogue
    from baseline_pipeline.adapters.environments.built import NotBuilt
    from baseline_pipeline.adapters.environments.remote import remote_catalogue
    from baseline_pipeline.adapters.environments.uv import build

    assert environment.wanted is not None  # noqa: S101  # it lies elsewhere
    name = str(contract.environment.lockfile)
    try:
        built = build(environment.wanted, _root(bench), name=name, progress=bench.progress)
    except NotBuilt as failure:
        bench.progress(failure.message)
        return environment, catalogue
    bench.progress(f"models are loaded in the environment of {name}")
    remote = remote_catalogue(catalogue, contract, built, bench.settings.project, bench.settings.scratch)
    return _seen_in(environment, built), remote


def as_evaluated(bench: Workbench, environment: Environment) -> Environment:
    """The environment as an evaluation would note it, without building anything: what was built before is found."""
    if not _elsewhere(environment):
        return environment
    from baseline_pipeline.adapters.environments.built import NotBuilt
    from baseline_pipeline.adapters.environments.uv import find

    assert environment.wanted is not None  # noqa: S101  # it lies elsewhere
    try:
        built = find(environment.wanted, _root(bench))
    except NotBuilt:
        return environment
    return environment if built is None else _seen_in(environment, built)


def _elsewhere(environment: Environment) -> bool:
    return bool(environment.state.differences) and environment.wanted is not None and environment.wanted.whole


def _root(bench: Workbench) -> Path:
    return bench.settings.home / "environments"


def _seen_in(environment: Environment, built: Built) -> Environment:
    assert environment.wanted is not None  # noqa: S101  # it was built
    found = differences(environment.wanted, built.packages)
    return replace(environment, state=environment.state.model_copy(update={"differences": found}))
