"""What a valid contract still lacks: files that are not there yet, columns that the data does not have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from baseline_pipeline.errors import BaselineError

if TYPE_CHECKING:
    from baseline_pipeline.contract import Contract
    from baseline_pipeline.settings import Settings


def check_contract(settings: Settings, contract: Contract) -> list[str]:
    """Findings in words; none when everything that the contract names can be read.

    Raises:
        ContractError: when the expectation suite, the lockfile or the manifest cannot be understood.
    """
    from baseline_pipeline.adapters.sources import open_source
    from baseline_pipeline.workbench.environment import observe

    found = []
    try:
        state = open_source(contract, settings.project).state()
        if state.status != "ready":
            found.append(f"data is {state.status.replace('_', ' ')}: {state.detail}")
    except BaselineError as error:
        found.append(f"data: {error.message}")
    try:
        environment = observe(contract, settings.project).state
        found += [
            f"{one.package} {one.locked} is locked, {one.installed or 'nothing'} is installed"
            for one in environment.differences
        ]
        found += [f"{environment.manifest}: {words}" for words in environment.contradictions]
    except BaselineError as error:
        found.append(error.message)
    if contract.data.expectations:
        path = settings.assets / contract.name / contract.data.expectations
        if path.is_file():
            from baseline_pipeline.adapters.quality.great_expectations import ExpectationSuite

            ExpectationSuite(path).check()
        else:
            found.append(f"expectations {contract.data.expectations!r} is not there")
    return found
