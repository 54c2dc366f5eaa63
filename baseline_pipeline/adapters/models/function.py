"""A plain function as the model: `module:function` over a DataFrame of features."""

from __future__ import annotations

import hashlib
import importlib
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from baseline_pipeline.adapters.models.function_files import files_behind
from baseline_pipeline.adapters.stores.durable import sha256_of
from baseline_pipeline.errors import ModelFailed, UsageError
from baseline_pipeline.ports import LoadedModel, ModelVersion

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pandas as pd

    from baseline_pipeline.contract import Contract


@dataclass(frozen=True)
class _Function:
    call: Callable[[Any], object]

    def predict(self, features: pd.DataFrame) -> object:
        return self.call(features)


class FunctionCatalogue:
    """The function a contract names is its champion; its version is the digest of its source and of files behind it."""

    def __init__(self, contract: Contract, project: Path) -> None:
        self._reference = str(contract.model.function)
        self._training = contract.model.training
        self._project = project

    def resolve(self, role: Literal["champion", "challenger"]) -> ModelVersion | None:
        if role == "challenger":
            return None
        window = None if self._training is None else tuple(day.isoformat() for day in self._training.window)
        return self._version(self._reference, window)  # type: ignore[arg-type]  # a pair

    def candidate(self, reference: str, *, required: Sequence[str] = (), wait: float = 0.0) -> ModelVersion:  # noqa: ARG002  # functions wait for nothing
        """Another function, `module:function`."""
        if not re.fullmatch(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*", reference):
            message = f"{reference!r} is no candidate: the contract's model is a function"
            raise UsageError(message, next_step="accepted: module:function")
        return self._version(reference, None)

    def _version(self, reference: str, window: tuple[str, str] | None) -> ModelVersion:
        module = self._module(reference)
        digest = hashlib.sha256(_source(module, reference))
        if reference != self._reference:
            digest.update(reference.encode())  # two functions may stand in one file
        for file in files_behind(Path(module.__file__), self._project):
            digest.update(f"{file.relative_to(self._project.resolve())} {sha256_of(file)}\n".encode())
        return ModelVersion(reference, digest.hexdigest()[:12], reference, digest.hexdigest(), window)

    def load(self, version: ModelVersion) -> LoadedModel:
        """The function.

        Raises:
            ModelFailed: when it is gone, or its source is not that version's any more.
        """
        module = self._unchanged(version)
        call = getattr(module, version.uri.partition(":")[2], None)
        if not callable(call):
            message = f"{version.uri}: there is no such function"
            raise ModelFailed(message, next_step="check model.function in the contract")
        return _Function(call)

    def artifact(self, version: ModelVersion) -> dict[str, object]:
        """The function by name: a worker imports it from the project."""
        self._unchanged(version)
        return {"loader": "function", "function": version.uri}

    def _unchanged(self, version: ModelVersion) -> Any:
        module = self._module(version.uri)
        if self._version(version.uri, None).digest != version.digest:
            message = f"{version.uri}, or a file behind it, is no longer version {version.version}"
            raise ModelFailed(message, next_step="register the model, so that earlier versions can be scored again")
        return module

    def _module(self, reference: str) -> Any:
        name = reference.partition(":")[0]
        sys.path.insert(0, str(self._project))
        try:
            return importlib.import_module(name)
        except Exception as error:
            message = f"{reference} cannot be imported: {type(error).__name__}: {error}"
            raise ModelFailed(message, next_step="check model.function in the contract") from error
        finally:
            sys.path.remove(str(self._project))


def _source(module: Any, reference: str) -> bytes:
    if not getattr(module, "__file__", None):
        message = f"{reference}: the module has no source file to take a digest of"
        raise ModelFailed(message)
    return Path(module.__file__).read_bytes()
