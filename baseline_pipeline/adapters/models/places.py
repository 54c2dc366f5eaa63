"""What a model's URI means now: a folder of this machine, or an exact version of a registry."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from baseline_pipeline.adapters.registries.mlflow import connect, quietly
from baseline_pipeline.errors import ModelFailed, TrackingUnavailable
from baseline_pipeline.settings import without_login

if TYPE_CHECKING:
    from baseline_pipeline.contract import Contract

EXACT = re.compile(r"models:/([^/@]+/\d+|m-[0-9a-f]+)")
"""What names the same bytes for ever, as far as the registry keeps its word."""

ABSENT = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE")
"""How MLflow says that it has no such model, or no such alias."""


def folder_here(uri: str, project: Path) -> Path | None:
    """The folder that a path or a `file:` URI names; `None` of what is elsewhere.

    Args:
        uri: As the contract names the model.
        project: Relative paths start here.

    Example:
        >>> folder_here("file:///srv/no%20models", Path("project"))
        PosixPath('/srv/no models')
        >>> folder_here("models:/churn/7", Path("project")) is None
        True
    """
    if uri.startswith("file:"):
        return project / unquote(urlsplit(uri).path)
    local = project / uri
    return local if local.is_dir() or not re.match(r"[A-Za-z][\w+.-]*:/", uri) else None


def exact_uri(uri: str, tracking_uri: str) -> str:
    """The version that an alias, or the word `latest`, stands for now; other URIs as they are.

    Raises:
        TrackingUnavailable: when the registry has no such alias or model.
    """
    asked = re.fullmatch(r"models:/(?P<name>[^/@]+)(@(?P<alias>[^/@]+)|/latest)", uri)
    if asked is None:
        return uri
    from mlflow.exceptions import MlflowException

    name, client = asked["name"], connect(tracking_uri)
    with quietly(tracking_uri):
        try:
            number = _number(client, name, asked["alias"])
        except (MlflowException, ValueError) as error:
            if getattr(error, "error_code", ABSENT[0]) not in ABSENT:  # the server's failure
                raise
            message = f"there is no {uri} at {without_login(tracking_uri)}"
            raise TrackingUnavailable(message, next_step="check model.uri; see the model in MLflow") from error
    return f"models:/{name}/{number}"


def _number(client: Any, name: str, alias: str | None) -> str:
    if alias:
        return str(client.get_model_version_by_alias(name, alias).version)
    return str(max(int(one.version) for one in client.search_model_versions(f"name='{name}'")))


def watched_uri(contract: Contract, tracking_uri: str, project: Path) -> str:
    """What moves when the model behind a contract's URI does, without bringing it here.

    A folder is digested; of what lies elsewhere under a name that may be written to again (s3://, runs:/) only its
    name is known until a run brings it.
    """
    uri = str(contract.model.uri)
    folder = folder_here(uri, project)
    if folder is None:
        return exact_uri(uri, tracking_uri)
    return f"{uri} {folder_digest(folder)}" if folder.is_dir() else uri


def folder_digest(folder: Path) -> str:
    """SHA-256 over the sorted (path, SHA-256) of all files; a link to one counts as what it leads to.

    Raises:
        ModelFailed: where a link leads to a folder: its files would be loaded, and not be counted.
    """
    linked = next((path for path in sorted(folder.rglob("*")) if path.is_symlink() and not path.is_file()), None)
    if linked is not None:
        message = f"{linked} is a link to no file; a version is named by the files in its folder"
        raise ModelFailed(message, next_step="put the files themselves there")
    total = hashlib.sha256()
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        if file.name == "registered_model_meta":
            continue  # written into the copy while downloading; not part of the model
        total.update(
            f"{file.relative_to(folder).as_posix()}\0{hashlib.sha256(file.read_bytes()).hexdigest()}\n".encode()
        )
    return total.hexdigest()
