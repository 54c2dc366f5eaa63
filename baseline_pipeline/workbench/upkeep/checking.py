"""What a valid contract still lacks: files, columns, slices with rows, a model that loads and predicts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from baseline_pipeline.errors import BaselineError, ContractError, EvidenceUnavailable
from baseline_pipeline.metrics.calibration_intercept import CALIBRATION_INTERCEPT
from baseline_pipeline.metrics.calibration_slope import CALIBRATION_SLOPE
from baseline_pipeline.metrics.expected_calibration_error import EXPECTED_CALIBRATION_ERROR
from baseline_pipeline.workbench.code import importable
from baseline_pipeline.workbench.upkeep.trying import Tried, tried

if TYPE_CHECKING:
    from baseline_pipeline.contract import Contract
    from baseline_pipeline.ports import Source
    from baseline_pipeline.settings import Settings


def _source(settings: Settings, contract: Contract) -> tuple[Source | None, list[str]]:
    """Where rows come from, if it is ready; else why it is not."""
    from baseline_pipeline.adapters.sources import open_source

    try:
        source = open_source(contract, settings.project)
        state = source.state()
    except BaselineError as error:
        return None, [f"data: {error.message}"]
    if state.status == "ready":
        return source, []
    return None, [f"data is {state.status.replace('_', ' ')}: {state.detail}"]


def _environment(settings: Settings, contract: Contract) -> Tried:
    """Where the present environment is not the declared one; a declared file that is not there stops all."""
    from baseline_pipeline.workbench.iteration.environment import observe

    try:
        state = observe(contract, settings.project).state
    except ContractError:
        raise
    except BaselineError as error:
        return Tried([], [error])
    found = [
        f"{one.package} {one.locked} is locked, {one.installed or 'nothing'} is installed" for one in state.differences
    ]
    return Tried(found + [f"{state.manifest}: {words}" for words in state.contradictions], [])


def _level_unseen(contract: Contract) -> list[str]:
    """Calibration that is declared without what sees scores that are all too high or all too low."""
    named = {rule.metric for rule in contract.metrics if rule.role != "report_only"}
    declared = sorted(named & {CALIBRATION_SLOPE.name, EXPECTED_CALIBRATION_ERROR.name})
    if contract.task != "binary_classification" or not declared or CALIBRATION_INTERCEPT.name in named:
        return []
    blind: dict[tuple[str, ...], str] = {
        (CALIBRATION_SLOPE.name,): "calibration_slope does not move",
        (EXPECTED_CALIBRATION_ERROR.name,): "expected_calibration_error moves too little to be seen on few rows",
    }
    why = blind.get(
        tuple(declared), "calibration_slope does not move, and expected_calibration_error too little on few rows"
    )
    rule = f"{{metric: {CALIBRATION_INTERCEPT.name}, margin: {{absolute: 0.1}}}}"
    return [f"metrics: where all scores are too high or too low by the same log odds, {why}; {rule} sees it"]


def _shap(contract: Contract) -> list[str]:
    """Why SHAP values that are asked for will be missing."""
    if not contract.explain.shap:
        return []
    from baseline_pipeline.adapters.tracking.shap import require

    try:
        require()
    except EvidenceUnavailable as missing:
        return [f"explain.shap: {missing.message}, so evaluations go without: {missing.next_step}"]
    return []


def check_contract(settings: Settings, contract: Contract) -> Tried:
    """What goes wrong in words; nothing when everything that the contract names can be read.

    Raises:
        ContractError: when the expectation suite, the lockfile or the manifest cannot be understood.
    """
    from baseline_pipeline.metrics.custom import doubts

    ready, found = _source(settings, contract)
    elsewhere = _environment(settings, contract)
    found += elsewhere.findings
    if contract.model.allow_pickle:
        found.append("model.allow_pickle: loading the model runs its code; only for artifacts that you wrote")
    found += _shap(contract) + _level_unseen(contract)
    importable(settings.project)
    asked = Tried([], []) if ready is None else tried(settings, contract, ready, predict=not any(elsewhere))
    found += asked.findings
    training = contract.model.training
    functions = [
        ("model.stages", contract.model.stages),
        ("model.training.entry", training.entry if training else None),
    ]
    functions += [("artifacts", one) for one in contract.artifacts]
    functions += [("scenarios", one) for one in contract.scenarios if ":" in one]
    for place, function in functions:
        words = doubts(function) if function is not None else ()
        found += [f"{place}: {one}" for one in words if "cannot be imported" in one]
    for rule in contract.metrics:
        if rule.own is not None:
            found += [f"metric {rule.metric}: {words}" for words in doubts(rule.own)]
    if contract.data.expectations:
        path = settings.assets / contract.name / contract.data.expectations
        if path.is_file():
            from baseline_pipeline.adapters.quality.great_expectations import ExpectationSuite

            ExpectationSuite(path).check()
        else:
            found.append(f"expectations {contract.data.expectations!r} is not there")
    return Tried(found + _response(settings, contract), elsewhere.stops + asked.stops)


def _response(settings: Settings, contract: Contract) -> list[str]:
    """What stands in the way of alarms, incidents and people being told.

    Raises:
        ContractError: when an incidents file or a playbook cannot be understood.
    """
    import os
    import re

    from baseline_pipeline.backtest.incidents import read_incidents
    from baseline_pipeline.response.playbooks import read_playbook

    folder = settings.assets / contract.name
    found = []
    if contract.incidents is not None:
        path = folder / contract.incidents
        if path.is_file():
            read_incidents(f"{contract.name}/{path.name}", path.read_text(encoding="utf-8"))
        else:
            found.append(f"incidents {contract.incidents!r} is not there")
    for path in sorted((folder / "playbooks").glob("*.md")):
        read_playbook(f"{contract.name}/playbooks/{path.name}", path.read_text(encoding="utf-8"))
    if (contract.monitoring.requests or contract.schedules.monitor) and contract.data.time is None:
        found.append("monitoring needs data.time: when a prediction was due")
    for receiver in contract.notify:
        text = " ".join(filter(None, (receiver.apprise, receiver.webhook, receiver.secret)))
        absent = [name for name in re.findall(r"\$\{(\w+)\}", text) if name not in os.environ]
        found += [f"notify: the environment variable {name} is not set" for name in absent]
    return found
