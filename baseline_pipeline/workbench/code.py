"""The digest of the code that scores: ours, and the functions that a contract names beside its model."""

from __future__ import annotations

import hashlib
import importlib.resources
import importlib.util
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from baseline_pipeline.adapters.models.function_files import function_digest
from baseline_pipeline.adapters.models.function_modules import let_go, standing_module
from baseline_pipeline.adapters.own_modules import LOOKED_IN, import_folders, importing_from
from baseline_pipeline.errors import ContractError
from baseline_pipeline.records import Digest, digest_of

if TYPE_CHECKING:
    from baseline_pipeline.contract import Contract

SCORING = ("content", "labels.py", "evaluating.py", "scoring.py", "adapters/models", "adapters/registries")
"""What row-level results depend on; metrics and intervals are computed anew from the rows each time."""


def code_digest(contract: Contract, project: Path) -> Digest:
    """Moves with the scoring code, the contract's definition, and the callables it names, with what they rest on.

    A model that is a function is none of them: its version says what it rests on.
    """
    package = Path(str(importlib.resources.files("baseline_pipeline")))
    files = [file for part in SCORING for file in _python_files(package / part)]
    ours = {str(file.relative_to(package)): _sha256(file) for file in files}
    own = [rule.own for rule in contract.metrics]
    named = [ref for ref in (contract.data.source.callable, *own) if ref]
    theirs = {ref: function_digest(ref, module_file(ref, project), project, named=False) for ref in named}
    return digest_of({"ours": ours, "theirs": theirs, "definition": contract.definition()})


def function_version(reference: str, project: Path) -> str:
    """A function as the model, by name and digest; found without running its module where that is top-level.

    Raises:
        ContractError: see `module_file`.
    """
    return f"{reference} {function_digest(reference, module_file(reference, project), project, named=False)}"


def importable(project: Path) -> None:
    """Let a project's own modules be imported, after all that is installed."""
    sys.path.extend(str(one) for one in import_folders(project) if str(one) not in sys.path)


def as_they_stand(contract: Contract, project: Path) -> None:
    """Let functions that a contract names beside its model answer as they stand, however long this process has lived.

    What was not imported yet is left to whoever asks; so is what cannot be imported any more, with its own words.
    """
    own = [*(rule.own for rule in contract.metrics), *contract.artifacts]
    for reference in filter(None, (contract.data.source.callable, *own)):
        if reference.partition(":")[0] in sys.modules:
            with suppress(Exception):
                standing_module(reference, project)


def _python_files(path: Path) -> list[Path]:
    return [path] if path.suffix == ".py" else sorted(path.glob("*.py"))


def _sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def module_file(reference: str, project: Path) -> Path:
    """The source file behind `module:function`, found without running it where it is top-level.

    Raises:
        ContractError: when there is no such module, or it has no source.
    """
    module = reference.partition(":")[0]
    for folder in import_folders(project):
        let_go(module, folder)
    try:
        with importing_from(project):
            spec = importlib.util.find_spec(module)
    except ModuleNotFoundError:
        spec = None
    if spec is None or spec.origin is None:
        message = f"{reference!r}: there is no module {module!r}"
        raise ContractError(message, next_step=f"check the spelling; {LOOKED_IN}")
    return Path(spec.origin)
