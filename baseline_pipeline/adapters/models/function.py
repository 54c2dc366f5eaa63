"""A plain function as the model: `module:function` over a DataFrame of features."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from baseline_pipeline.adapters.models.function_files import function_digest, import_root
from baseline_pipeline.adapters.models.function_modules import standing_module
from baseline_pipeline.adapters.own_modules import LOOKED_IN
from baseline_pipeline.errors import ModelFailed, ModelGone, UsageError, foreign
from baseline_pipeline.ports import LoadedModel, ModelVersion

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pandas as pd

    from baseline_pipeline.adapters.models.function_kept import KeptFunctions
    from baseline_pipeline.contract import Contract


@dataclass(frozen=True)
class _Function:
    call: Callable[[Any], object]

    def predict(self, features: pd.DataFrame) -> object:
        return self.call(features)


class FunctionCatalogue:
    """The function a contract names is its champion; its version is the digest of its source and of files behind it.

    Args:
        contract: Names the function.
        project: Where it is imported from.
        kept: Where versions are kept, so that a worker can import them after they were edited.
    """

    def __init__(self, contract: Contract, project: Path, kept: KeptFunctions | None = None) -> None:
        self._reference = str(contract.model.function)
        self._training = contract.model.training
        self._project = project
        self._kept = kept

    def resolve(self, role: Literal["champion", "challenger"]) -> ModelVersion | None:
        if role == "challenger":
            return None
        window = None if self._training is None else tuple(day.isoformat() for day in self._training.window)
        return self._version(self._reference, window)  # type: ignore[arg-type]  # a pair

    def candidate(self, reference: str, *, required: Sequence[str] = (), wait: float = 0.0) -> ModelVersion:  # noqa: ARG002  # functions wait for nothing
        """Another function, `module:function`.

        Raises:
            UsageError: when that is none.
            ModelFailed: when its module cannot be imported.
        """
        if not re.fullmatch(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*", reference):
            message = f"{reference!r} is no candidate: the contract's model is a function"
            raise UsageError(message, next_step="accepted: module:function")
        module, name = self._module(reference), reference.partition(":")[2]
        if not callable(getattr(module, name, None)):
            near = get_close_matches(name, [one for one in vars(module) if callable(getattr(module, one))], n=1)
            message = f"{reference!r} is no candidate: {module.__name__} has no function {name!r}"
            raise UsageError(message, next_step=f"did you mean {near[0]!r}?" if near else f"see {module.__file__}")
        return self._version(reference, None)

    def keep(self, version: ModelVersion) -> str:
        """Keep the files of a version that stands in the project; why that cannot be, else nothing."""
        if self._kept is None or not self.stands(version):
            return ""
        return self._kept.keep(version, self._source(version.uri), named=self._named(version.uri))

    def stands(self, version: ModelVersion) -> bool:
        """Whether a version is what stands in the project now."""
        try:
            return self._version(version.uri, None).digest == version.digest
        except ModelFailed:  # its module was renamed, or cannot be imported any more
            return False

    def _version(self, reference: str, window: tuple[str, str] | None) -> ModelVersion:
        digest = function_digest(reference, self._source(reference), self._project, named=self._named(reference))
        return ModelVersion(reference, digest[:12], reference, digest, window)

    def _named(self, reference: str) -> bool:
        return reference != self._reference

    def load(self, version: ModelVersion) -> LoadedModel:
        """The function, as it stands in the project.

        Raises:
            ModelGone: when that is another version.
            ModelFailed: when it is gone.
        """
        if not self.stands(version):
            raise self._gone(version)
        call = getattr(self._module(version.uri), version.uri.partition(":")[2], None)
        if not callable(call):
            message = f"{version.uri}: there is no such function"
            raise ModelFailed(message, next_step="check model.function in the contract")
        return _Function(call)

    def artifact(self, version: ModelVersion) -> dict[str, object]:
        """The function by name, the folder that a worker imports it from, and the one that its files lie in.

        Raises:
            ModelGone: when that version stands in the project no more and was not kept.
        """
        project, imports = self._project, self._project
        if self.stands(version):
            imports = import_root(version.uri, self._source(version.uri), project)
        else:
            kept = None if self._kept is None else self._kept.laid_out(version)
            if kept is None:
                raise self._gone(version)
            project, imports = kept
        return {"loader": "function", "function": version.uri, "folder": str(project), "imports": str(imports)}

    def _gone(self, version: ModelVersion) -> ModelGone:
        message = f"{version.uri}, or a file behind it, is no longer version {version.version}, which was not kept"
        return ModelGone(message, next_step="register the model, so that earlier versions can be scored again")

    def _source(self, reference: str) -> Path:
        module = self._module(reference)
        if not getattr(module, "__file__", None):
            message = f"{reference}: the module has no source file to take a digest of"
            raise ModelFailed(message)
        return Path(module.__file__)

    def _module(self, reference: str) -> Any:
        try:
            return standing_module(reference, self._project)
        except Exception as error:
            message = f"{reference} cannot be imported: {foreign(error)}"
            raise ModelFailed(message, next_step=f"check model.function in the contract; {LOOKED_IN}") from error
