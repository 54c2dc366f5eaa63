"""A plain function as the model: `module:function` over a DataFrame of features."""

from __future__ import annotations

import hashlib
import importlib
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from baseline_pipeline.errors import ModelFailed
from baseline_pipeline.ports import LoadedModel, ModelVersion

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pandas as pd

    from baseline_pipeline.contract import Contract


@dataclass(frozen=True)
class _Function:
    call: Callable[[Any], object]

    def predict(self, features: pd.DataFrame) -> object:
        return self.call(features)


class FunctionCatalogue:
    """The function a contract names is its champion; its version is the digest of its source."""

    def __init__(self, contract: Contract, project: Path) -> None:
        self._reference = str(contract.model.function)
        self._training = contract.model.training
        self._project = project

    def resolve(self, role: Literal["champion", "challenger"]) -> ModelVersion | None:
        if role == "challenger":
            return None
        module = self._module()
        digest = hashlib.sha256(_source(module, self._reference)).hexdigest()
        window = None if self._training is None else tuple(day.isoformat() for day in self._training.window)
        return ModelVersion(self._reference, digest[:12], self._reference, digest, window)  # type: ignore[arg-type]  # a pair

    def load(self, version: ModelVersion) -> LoadedModel:
        """The function.

        Raises:
            ModelFailed: when it is gone, or its source is not that version's any more.
        """
        module = self._module()
        if hashlib.sha256(_source(module, self._reference)).hexdigest() != version.digest:
            message = f"the source of {self._reference} is no longer version {version.version}"
            raise ModelFailed(message, next_step="register the model, so that earlier versions can be scored again")
        call = getattr(module, self._reference.partition(":")[2], None)
        if not callable(call):
            message = f"{self._reference}: there is no such function"
            raise ModelFailed(message, next_step="check model.function in the contract")
        return _Function(call)

    def _module(self) -> Any:
        name = self._reference.partition(":")[0]
        sys.path.insert(0, str(self._project))
        try:
            return importlib.import_module(name)
        except Exception as error:
            message = f"{self._reference} cannot be imported: {type(error).__name__}: {error}"
            raise ModelFailed(message, next_step="check model.function in the contract") from error
        finally:
            sys.path.remove(str(self._project))


def _source(module: Any, reference: str) -> bytes:
    from pathlib import Path

    if not getattr(module, "__file__", None):
        message = f"{reference}: the module has no source file to take a digest of"
        raise ModelFailed(message)
    return Path(module.__file__).read_bytes()
