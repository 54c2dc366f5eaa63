"""MLflow models: exact versions resolved, their bytes digested, and nothing loaded that runs foreign code unasked."""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import shutil
import tempfile
import warnings
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from baseline_pipeline.adapters.environments.worker_loading import through_mlflow
from baseline_pipeline.adapters.models.artifact import stored_artifact
from baseline_pipeline.adapters.models.candidates import find_candidate
from baseline_pipeline.adapters.models.places import EXACT, exact_uri, folder_digest, folder_here
from baseline_pipeline.adapters.models.trust import code_run_on_loading
from baseline_pipeline.adapters.registries.mlflow import connect, quietly, registry_fingerprint
from baseline_pipeline.errors import ModelFailed, ModelGone, TrackingUnavailable, foreign
from baseline_pipeline.ports import LoadedModel, ModelVersion
from baseline_pipeline.settings import without_login

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pandas as pd

    from baseline_pipeline.contract import Contract

WINDOW_TAG = "training_window"


@dataclass(frozen=True)
class _Loaded:
    call: Callable[[Any], object]

    def predict(self, features: pd.DataFrame) -> object:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a model's own remarks on its input are not ours to repeat
            return self.call(features)


SKOPS = (
    'log it with serialization_format="skops" and skops_trusted_types=[...] (docs/gate.md), '
    "or say `allow_pickle: true` in the contract if you wrote it"
)


class MlflowCatalogue:
    """Champion and challenger of a registered model, or the one model behind a URI.

    Args:
        contract: Names the model and its aliases.
        tracking_uri: MLflow tracking and registry URI.
        project: Relative model paths start here.
        cache: Folder for downloaded artifacts.
        progress: Told what is waited for.
    """

    def __init__(
        self,
        contract: Contract,
        tracking_uri: str,
        project: Path,
        cache: Path,
        progress: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._progress = progress
        self._contract = contract
        self._uri = tracking_uri
        self._project = project
        self._cache = cache

    def resolve(self, role: Literal["champion", "challenger"]) -> ModelVersion | None:
        """The exact version behind a role.

        Raises:
            TrackingUnavailable: when the registry cannot be had, or the champion's alias is not set.
        """
        model = self._contract.model
        if model.registered is None:
            return None if role == "challenger" else self._by_uri(str(model.uri))
        alias = model.champion if role == "champion" else model.challenger
        aliases = registry_fingerprint(self._contract, self._uri)
        number = aliases.get(alias)
        if number is not None:
            return self._by_number(model.registered, number, alias)
        if role == "challenger":
            return None
        there = ", ".join(f"{name} (version {version})" for name, version in aliases.items() if version) or "none"
        message = (
            f"model {model.registered!r} at {without_login(self._uri)} has no alias {alias!r}; aliases there: {there}"
        )
        next_step = "register the model there and set the alias; BASELINE_TRACKING_URI names another server"
        raise TrackingUnavailable(message, next_step=next_step)

    def candidate(self, reference: str, *, required: Sequence[str] = (), wait: float = 0.0) -> ModelVersion:
        """The exact version behind a reference; see `find_candidate`."""
        name = self._contract.model.registered
        if name is None:
            return self._by_uri(reference)
        found = find_candidate(self._uri, name, reference, required=required, wait=wait, progress=self._progress)
        if found.version is not None:
            return self._by_number(name, found.version, "candidate")
        model_id = found.uri.removeprefix("models:/")
        folder = self._folder(found.uri, f"{name}-{model_id}")
        return ModelVersion(name, model_id, found.uri, folder_digest(folder), None)

    def _by_number(self, name: str, number: str, alias: str) -> ModelVersion:
        client = connect(self._uri)
        with quietly(self._uri):
            entry: Any = client.get_model_version(name, number)
        folder = self._folder(f"models:/{name}/{number}", f"{name}-{number}")
        tag, uri = entry.tags.get(WINDOW_TAG), f"models:/{name}/{number}"
        window = _tagged(uri, tag) if tag else self._declared(alias)
        return ModelVersion(name, number, uri, folder_digest(folder), window, alias)

    def _declared(self, alias: str) -> tuple[str, str] | None:
        training = self._contract.model.training
        if training is None or alias != self._contract.model.champion:
            return None
        first, last = training.window
        return first.isoformat(), last.isoformat()

    def _by_uri(self, uri: str) -> ModelVersion:
        folder = folder_here(uri, self._project)
        if folder is None:
            uri = exact_uri(uri, self._uri)
            folder = self._folder(uri, uri) if EXACT.fullmatch(uri) else self._as_it_is(uri)
        elif not folder.is_dir():
            message = f"model {uri!r}: there is no such folder"
            raise ModelFailed(message, next_step="check model.uri in the contract")
        digest = folder_digest(folder)
        window = self._declared(self._contract.model.champion)
        return ModelVersion(self._contract.name, digest[:12], uri, digest, window)

    def _as_it_is(self, uri: str) -> Path:
        """The artifacts behind a name that may be written to again: brought anew, and kept by their content."""
        coming = f"{uri} {os.getpid()}"
        shutil.rmtree(self._place(coming), ignore_errors=True)
        found = self._folder(uri, coming)
        target = self._place(f"{uri} {folder_digest(found)}")
        with suppress(OSError):  # it is there already
            found.rename(target)
        shutil.rmtree(found, ignore_errors=True)
        return target

    def load(self, version: ModelVersion) -> LoadedModel:
        """Bring a version into memory.

        Raises:
            ModelGone: when its bytes are not the digested ones.
            ModelFailed: when loading would run code that the contract does not allow, or when it does not load.
        """
        return _load(self._vouched(version), version, wants_scores=self._contract.wants_scores)

    def artifact(self, version: ModelVersion) -> dict[str, object]:
        """The files that a worker loads, and by which library.

        Raises:
            ModelFailed: see `load`.
        """
        return stored_artifact(self._vouched(version))

    def _vouched(self, version: ModelVersion) -> Path:
        """The artifacts, digested once more, where the contract lets them be loaded."""
        folder = folder_here(version.uri, self._project)
        if folder is None and self._contract.model.registered is not None:
            folder = self._folder(version.uri, f"{version.name}-{version.version}")
        elif folder is None and EXACT.fullmatch(version.uri):
            folder = self._folder(version.uri, version.uri)
        elif folder is None:
            kept = self._place(f"{version.uri} {version.digest}")
            folder = kept if kept.is_dir() else self._as_it_is(version.uri)
        if folder_digest(folder) != version.digest:
            message = f"the artifacts of {version.uri} are not those that were evaluated before"
            raise ModelGone(message, next_step="somebody changed them in place: register a new version instead")
        reason = code_run_on_loading(folder)
        if reason and not self._contract.model.allow_pickle:
            message = f"{version.uri} is not loaded: {reason}"
            raise ModelFailed(message, next_step=SKOPS)
        return folder

    def _place(self, name: str) -> Path:
        return self._cache / hashlib.sha256(f"{self._uri} {name}".encode()).hexdigest()[:24]

    def _folder(self, uri: str, name: str) -> Path:
        """The artifacts on disk, downloaded once and moved into place whole."""
        target = self._place(name)
        if target.is_dir():
            return target
        self._cache.mkdir(parents=True, exist_ok=True)
        connect(self._uri)
        import mlflow.artifacts

        temporary = Path(tempfile.mkdtemp(dir=self._cache))
        try:
            os.environ["MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR"] = "false"
            with quietly(self._uri):
                found = Path(mlflow.artifacts.download_artifacts(artifact_uri=uri, dst_path=str(temporary)))
            if not (found / "MLmodel").is_file():
                _refuse_elsewhere(uri, _recorded_at(self._uri, uri))
                message = f"there is no model behind {uri}: no MLmodel file is among its artifacts"
                raise TrackingUnavailable(
                    message, next_step="log the model and register that; see the version in MLflow"
                )
            try:
                found.rename(target)
            except OSError:
                if not target.is_dir():  # another process was first otherwise
                    raise
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
        return target


def _recorded_at(tracking_uri: str, uri: str) -> str:
    """Where the registry says that a version's artifacts are; empty of what is no version."""
    _, _, name = uri.partition("models:/")
    name, _, number = name.rpartition("/")
    if not name or not number.isdigit():
        return ""
    with quietly(tracking_uri):
        return str(connect(tracking_uri).get_model_version_download_uri(name, number))


def _refuse_elsewhere(uri: str, place: str) -> None:
    """Say of artifacts in a folder that only another machine, or an earlier place, has that they are there.

    Where their experiment's folder (three above) is here, they are missing for another reason.
    """
    folder = place.removeprefix("file://")
    above = list(Path(folder).parents)[:3]
    if "://" in folder or not Path(folder).is_absolute() or above[-1].exists():
        return
    message = f"the artifacts of {uri} were logged to {folder}, and there is no such folder here"
    raise TrackingUnavailable(
        message, next_step="bring that folder along, or log models to an artifact store that every machine reads"
    )


def _load(folder: Path, version: ModelVersion, *, wants_scores: bool) -> LoadedModel:
    import mlflow.pyfunc

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            # MLflow's remarks on versions take half a second, and the lockfile comparison says it better
            model: Any = mlflow.pyfunc.load_model(str(folder), suppress_warnings=True)
            return _Loaded(through_mlflow(model, "scores" if wants_scores else "predictions").answer)
    except Exception as error:
        message = f"{version.uri} does not load: {foreign(error)}"
        raise ModelFailed(message, next_step="see which library moved; the lockfile comparison names it") from error


def _tagged(uri: str, tag: str) -> tuple[str, str]:
    """First and last day of what a version learned from, as its tag says.

    Raises:
        TrackingUnavailable: where the tag names no span of days: nobody knows then which rows flatter the version.

    Example:
        >>> _tagged("models:/churn/1", "2026-01-01/2026-03-31")
        ('2026-01-01', '2026-03-31')
    """
    try:
        first, last = (dt.date.fromisoformat(day.strip()[:10]) for day in tag.split("/"))
    except ValueError:
        first, last = dt.date.max, dt.date.min
    if first > last:
        message = f"{uri}: its tag {WINDOW_TAG} is {tag!r}; accepted: first and last day, 2026-01-01/2026-03-31"
        raise TrackingUnavailable(message, next_step="correct the version's tag in MLflow")
    return first.isoformat(), last.isoformat()
