"""From `assets/<model>/defs.yaml` to a `Contract`; nobody looks a name up after that."""

from __future__ import annotations

import difflib
import operator
from functools import reduce
from typing import TYPE_CHECKING

from pydantic import ValidationError

from baseline_pipeline.contract.contract import Contract
from baseline_pipeline.contract.explain import KINDS, explain
from baseline_pipeline.contract.yaml_lines import read_yaml
from baseline_pipeline.errors import ContractError, UsageError
from baseline_pipeline.metrics.classes import class_name

if TYPE_CHECKING:
    from pathlib import Path

    from baseline_pipeline.contract.yaml_lines import Document

COMPONENT_TYPE = "baseline_pipeline.orchestration.MonitoredModel"
FILE_NAME = "defs.yaml"


def parse_contract(name: str, text: str, *, folder: str | None) -> Contract:
    """The contract in a text.

    Args:
        name: The file's name, for messages.
        text: Its content.
        folder: The folder it stands in; the model's name must equal it. `None` where it may be any.

    Raises:
        ContractError: with file, line, what stood there, and what would be accepted; so, too, where YAML reads a class
            as another one (`yes` as true, `012` as 10): no row would be of it.
    """
    document = read_yaml(name, text)
    _check_frame(name, document.value)
    _refuse_renamed_classes(document)
    attributes = document.value.get("attributes") or {}
    try:
        contract = Contract.model_validate(attributes)
    except ValidationError as error:
        raise ContractError(explain(document, Contract, error, ("attributes",))) from None  # its text names words
    if folder is not None and contract.name != folder:
        line = document.line(("attributes", "name"))
        message = f"{name}:{line}: name {contract.name!r} differs from the folder's name {folder!r}"
        raise ContractError(message, next_step="rename one of the two")
    return contract


def _check_frame(name: str, value: object) -> None:
    if not isinstance(value, dict) or "type" not in value:
        words = f"a mapping of {', '.join(value) or 'nothing'}" if isinstance(value, dict) else _kind(value)
        stood = "the file is empty" if value is None else f"{words} stood here"
        message = f"{name}:1: {stood}; a contract starts with `type: {COMPONENT_TYPE}` and `attributes:`"
        raise ContractError(message, next_step="compare with assets/flight_delays/defs.yaml")
    accepted = ["type", "attributes", "template_vars_module", "requirements", "post_processing"]
    for key in value:
        if key not in accepted:
            close = difflib.get_close_matches(key, accepted, n=1)
            hint = f"; did you mean {close[0]!r}?" if close else ""
            message = f"{name}: {key!r} is not accepted at the top{hint}; accepted: {', '.join(accepted)}"
            raise ContractError(message)
    if value["type"] != COMPONENT_TYPE:
        message = f"{name}:1: type {value['type']!r} stood here; accepted: {COMPONENT_TYPE}"
        raise ContractError(message)


def _refuse_renamed_classes(document: Document) -> None:
    for path, spelt in document.spelt.items():
        if path[1:] != ("model", "positive_class") and path[1:3] != ("model", "classes") and path[-1] != "average":
            continue
        value = reduce(operator.getitem, path, document.value)
        if isinstance(value, int) and class_name(value) != spelt.lower():
            where = ".".join(map(str, path[1:]))
            message = (
                f"{document.name}:{document.line(path)}: {where}: YAML reads the class {spelt} as {class_name(value)}"
            )
            raise ContractError(
                message, next_step=f"write '{spelt}', in quotes, or {class_name(value)} if that is meant"
            )


def _kind(value: object) -> str:
    return KINDS.get(type(value), "a number")


def read_contract(path: Path, model: str | None = None) -> Contract:
    """The contract in a file.

    Args:
        path: The file.
        model: Whose contract it has to be, wherever the file stands; by default its folder says so.

    Raises:
        UsageError: where it is another model's than the one asked for.
        ContractError: where the file is absent, not UTF-8, or not a valid contract.
    """
    shown = "/".join(path.parts[-3:])
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        message = f"{shown}: there is no such contract"
        raise ContractError(message, next_step="make the folder with a defs.yaml, or check the name") from error
    except OSError as error:
        message = f"{shown}: cannot be read: {error.strerror}"
        raise ContractError(message, next_step="a contract is a file that may be read") from error
    except UnicodeDecodeError as error:
        message = f"{shown}: not UTF-8 text (byte {error.start})"
        raise ContractError(message, next_step="save the file as UTF-8") from error
    contract = parse_contract(shown, text, folder=path.parent.name if model is None else None)
    if model is not None and contract.name != model:
        message = f"{shown} is the contract of {contract.name!r}, and {model!r} was asked for"
        raise UsageError(message)
    return contract


def contract_path(assets: Path, model: str) -> Path:
    """The contract of one model.

    Raises:
        UsageError: when there is no such model, with those that there are.
        ContractError: when its folder's file is no contract at all, saying what stands there.
    """
    paths = contract_paths(assets)
    if model in paths:
        return paths[model]
    for path in assets.glob(f"*/{FILE_NAME}"):
        if path.parent.name == model:
            read_contract(path)
    message = f"there is no model {model!r}; models here: {', '.join(paths) or 'none'}"
    raise UsageError(message, next_step="check the name, or make one with `baseline init MODEL`")


def contract_paths(assets: Path) -> dict[str, Path]:
    """Every `<model>/defs.yaml` below the assets folder that is ours, by model; it may be misspelt."""
    found = sorted(assets.glob(f"*/{FILE_NAME}"))
    ours = COMPONENT_TYPE.partition(".")[0]
    return {
        path.parent.name: path for path in found if path.is_file() and ours in path.read_text("utf-8", errors="replace")
    }
