"""Exactly one model behind what somebody typed, or the list of those that it could be."""

from __future__ import annotations

import math
import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from baseline_pipeline.adapters.registries.mlflow import connect, quietly
from baseline_pipeline.errors import TrackingUnavailable, UsageError
from baseline_pipeline.settings import without_login

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mlflow import MlflowClient

ACCEPTED = "models:/NAME/7, models:/NAME@alias, runs:/RUN_ID, m-MODEL_ID"
FINISHED, FAILED = "FINISHED", {"FAILED", "KILLED"}
PAUSE = 2.0
"""Seconds between two looks at a run that is not finished."""


@dataclass(frozen=True)
class Found:
    """An exact model.

    Attributes:
        uri: `models:/NAME/7` or `models:/m-...`.
        version: Number in the registry; `None` where it has none yet.
        run: The run that made it, if any.
    """

    uri: str
    version: str | None
    run: str | None


def find_candidate(
    tracking_uri: str,
    name: str,
    reference: str,
    *,
    required: Sequence[str] = (),
    wait: float = 0.0,
    progress: Callable[[str], None] = lambda _: None,
) -> Found:
    """The model that a reference means, once its run is finished and holds the metrics that are asked of it.

    Args:
        tracking_uri: MLflow tracking and registry URI.
        name: Name of the registered model that the contract names.
        reference: What was typed.
        required: Metrics that its run must hold, finite.
        wait: Seconds to wait for run and metrics; after that it is an error.
        progress: Told what is waited for.

    Raises:
        UsageError: when the reference is none, is of another model, or could mean several.
        TrackingUnavailable: when there is no such model, or its run failed, is deleted, or is not finished in time.
    """
    client = connect(tracking_uri)
    if reference.startswith("runs:/"):  # the model may be logged only at the run's end
        run_id = reference.removeprefix("runs:/").partition("/")[0]
        _finished(client, tracking_uri, run_id, required, wait, progress)
    with quietly(tracking_uri):
        found = _referenced(client, tracking_uri, name, reference)
    if found.run is None:
        if required:
            message = f"{reference} was made by no run that could hold {', '.join(required)}"
            raise TrackingUnavailable(message, next_step="log the model and its metrics in one run")
        return found
    if not reference.startswith("runs:/"):
        _finished(client, tracking_uri, found.run, required, wait, progress)
    return found


def _referenced(client: MlflowClient, where: str, name: str, reference: str) -> Found:
    if reference.startswith("runs:/"):
        return _of_run(client, where, name, reference)
    if re.fullmatch(r"(models:/)?m-[0-9a-f]{16,}", reference):
        return _logged(client, where, reference.removeprefix("models:/"))
    exact = re.fullmatch(r"models:/(?P<name>[^/@]+)(/(?P<version>\d+)|@(?P<alias>[^/@]+))", reference)
    if exact is None:
        _refuse_vague(client, name, reference)
        raise AssertionError
    if exact["name"] != name:
        message = f"{reference} is a version of {exact['name']!r}; the contract names {name!r}"
        raise UsageError(message, next_step="name a version of the contract's model, or gate the other model")
    return _registered(client, where, name, exact["version"], exact["alias"])


def _refuse_vague(client: MlflowClient, name: str, reference: str) -> None:
    versions = sorted(int(one.version) for one in client.search_model_versions(f"name='{name}'"))
    there = ", ".join(f"models:/{name}/{number}" for number in versions[-8:]) or "none yet"
    message = f"{reference!r} is no exact candidate; versions of {name!r}: {there}"
    raise UsageError(message, next_step=f"accepted: {ACCEPTED}")


def _registered(client: MlflowClient, where: str, name: str, version: str | None, alias: str | None) -> Found:
    from mlflow.exceptions import MlflowException

    try:
        entry: Any = (
            client.get_model_version_by_alias(name, alias) if alias else client.get_model_version(name, str(version))
        )
    except MlflowException as error:
        what = f"alias {alias!r}" if alias else f"version {version}"
        message = f"model {name!r} at {without_login(where)} has no {what}"
        raise TrackingUnavailable(message, next_step="register it first; see the versions in MLflow") from error
    return Found(f"models:/{name}/{entry.version}", str(entry.version), entry.run_id or None)


def _logged(client: MlflowClient, where: str, model_id: str) -> Found:
    from mlflow.exceptions import MlflowException

    try:
        entry: Any = client.get_logged_model(model_id)
    except MlflowException as error:
        message = f"there is no model {model_id} at {without_login(where)}"
        raise TrackingUnavailable(message, next_step="check the id, and BASELINE_TRACKING_URI") from error
    if str(entry.status).rpartition(".")[2] != "READY":
        message = f"model {model_id} is {str(entry.status).rpartition('.')[2]}, not READY"
        raise TrackingUnavailable(message, next_step="log it once more")
    return Found(f"models:/{model_id}", None, entry.source_run_id or None)


def _of_run(client: MlflowClient, where: str, name: str, reference: str) -> Found:
    """The one model that a run made: registered under the contract's name, or only logged."""
    run_id, _, path = reference.removeprefix("runs:/").partition("/")
    run = _run(client, where, run_id)
    versions = [one for one in client.search_model_versions(f"name='{name}'") if one.run_id == run_id]
    if len(versions) > 1:
        there = ", ".join(f"models:/{name}/{one.version}" for one in sorted(versions, key=lambda one: int(one.version)))
        message = f"{reference} could be {there}"
        raise UsageError(message, next_step="name one of them")
    if versions:
        return Found(f"models:/{name}/{versions[0].version}", str(versions[0].version), run_id)
    outputs = getattr(run, "outputs", None)
    logged = [str(one.model_id) for one in (outputs.model_outputs if outputs else [])]
    if path:
        logged = [one for one in logged if client.get_logged_model(one).name == path]
    if len(logged) > 1:
        message = f"{reference} could be {', '.join(f'models:/{one}' for one in logged)}"
        raise UsageError(message, next_step="name one of them")
    if not logged:
        message = f"run {run_id} at {without_login(where)} made no model{f' named {path!r}' if path else ''}"
        raise TrackingUnavailable(message, next_step="log a model in the run, or name another run")
    return Found(f"models:/{logged[0]}", None, run_id)


def _run(client: MlflowClient, where: str, run_id: str) -> Any:
    from mlflow.exceptions import MlflowException

    try:
        return client.get_run(run_id)
    except MlflowException as error:
        message = f"there is no run {run_id!r} at {without_login(where)}"
        raise TrackingUnavailable(message, next_step="check the id, and BASELINE_TRACKING_URI") from error


def _finished(
    client: MlflowClient,
    where: str,
    run_id: str,
    required: Sequence[str],
    wait: float,
    progress: Callable[[str], None],
) -> None:
    """Look until the run is finished and holds what is asked of it, or time is up."""
    deadline = time.monotonic() + wait
    told = ""
    while True:
        with quietly(where):
            run = _run(client, where, run_id)
        missing = _missing(run, run_id, required)
        if not missing:
            return
        left = deadline - time.monotonic()
        if left <= 0:
            waited = f" after {wait:.0f} s" if wait else ""
            message = f"{missing}{waited}"
            raise TrackingUnavailable(message, next_step="see what became of the run; --wait 10m waits for it")
        if missing != told:
            progress(f"waiting at most {left:.0f} s: {missing}")
            told = missing
        time.sleep(min(PAUSE, left))


def _missing(run: Any, run_id: str, required: Sequence[str]) -> str:
    """What is not there yet, in words; or nothing."""
    if run.info.lifecycle_stage != "active":
        message = f"run {run_id} is deleted"
        raise TrackingUnavailable(message, next_step="restore it, or gate another candidate")
    if run.info.status in FAILED:
        message = f"run {run_id} ended as {run.info.status}: what it logged is no evidence"
        raise TrackingUnavailable(message, next_step="run it again, and gate that")
    if run.info.status != FINISHED:
        return f"run {run_id} is {run.info.status}, not {FINISHED}"
    values = run.data.metrics
    absent = [name for name in required if name not in values]
    if absent:
        return f"run {run_id} has no metric {', '.join(absent)} (it has {', '.join(sorted(values)) or 'none'})"
    wrong = [name for name in required if not math.isfinite(values[name])]
    if wrong:
        message = f"run {run_id}: {', '.join(f'{name} is {values[name]}' for name in wrong)}, which is no number"
        raise TrackingUnavailable(message, next_step="see why the run computed none, and run it again")
    return ""
