"""MLflow as registry: exact versions behind aliases, and a client that never hangs."""

from __future__ import annotations

import http.client
import logging
import os
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit

from filelock import FileLock

from baseline_pipeline.errors import BaselineError, TrackingUnavailable
from baseline_pipeline.settings import without_login

if TYPE_CHECKING:
    from mlflow import MlflowClient

    from baseline_pipeline.contract import Contract

IDENTITY_TAG = "baseline.store_id"
PROBE_SECONDS = 5.0
BOUNDS = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "8",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
    "MLFLOW_ENABLE_ASYNC_LOGGING": "false",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "GIT_PYTHON_REFRESH": "quiet",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}
"""Three tries of 8 s with 1 s and 2 s between: a dead server costs one call at most 27 s, not 20 minutes."""


@contextmanager
def quietly(uri: str) -> Iterator[None]:
    """MLflow's own failures as ours, its chatter off.

    Raises:
        TrackingUnavailable: for whatever MLflow or the connection raises inside.
    """
    import sqlalchemy as sa
    from mlflow.exceptions import MlflowException

    try:
        yield
    except BaselineError:
        raise
    except (MlflowException, sa.exc.SQLAlchemyError, OSError) as error:
        words = str(error).strip().splitlines()[0][:300] if str(error).strip() else type(error).__name__
        message = f"MLflow at {without_login(uri)}: {without_login(words)}"
        raise TrackingUnavailable(
            message, next_step="see that the server runs and BASELINE_TRACKING_URI is right"
        ) from error


def connect(uri: str) -> MlflowClient:
    """A client for an explicit URI, bounded in time.

    The bounds are set in this process's environment, since MLflow reads them from nowhere else.

    Raises:
        TrackingUnavailable: when the server does not answer, or the SQLite file does not exist.
    """
    if not uri.strip():
        message = "no tracking URI"
        raise TrackingUnavailable(message, next_step="set BASELINE_TRACKING_URI")
    _probe(uri)
    for name, value in BOUNDS.items():
        os.environ[name] = value
    import mlflow
    from mlflow import MlflowClient

    for name in ("alembic", "mlflow"):
        logging.getLogger(name).setLevel(logging.ERROR)
    with quietly(uri):
        mlflow.set_tracking_uri(uri)
        mlflow.set_registry_uri(uri)
        return MlflowClient(tracking_uri=uri, registry_uri=uri)


def _probe(uri: str) -> None:
    """Ask once, briefly, before MLflow's own client starts to try again and again."""
    if uri.startswith("sqlite:///"):
        file = Path(uri.removeprefix("sqlite:///"))
        if not file.is_file():
            message = f"MLflow at {without_login(uri)}: there is no such file"
            raise TrackingUnavailable(message, next_step="check BASELINE_TRACKING_URI, or make it with `baseline init`")
        return
    if not uri.startswith(("http://", "https://")):
        return
    parts = urlsplit(uri)
    there = parts._replace(netloc=parts.netloc.rpartition("@")[2], path=f"{parts.path.rstrip('/')}/health")
    request = urllib.request.Request(there.geturl())  # noqa: S310  # the scheme is checked above
    try:
        with urllib.request.urlopen(request, timeout=PROBE_SECONDS) as answer:  # noqa: S310  # the scheme is checked above
            answer.read(64)
    except HTTPError as error:
        if error.code in {401, 403, 404}:
            return  # alive; what it thinks of us is told by the real call
        message = f"MLflow at {without_login(uri)} answers {error.code} {error.reason}"
        raise TrackingUnavailable(message, next_step="see the server's log; nothing was changed") from error
    except http.client.InvalidURL:
        message = f"MLflow at {without_login(uri)} is no address"
        raise TrackingUnavailable(message, next_step="percent-encode what stands before the @: %2F for a /") from None
    except (URLError, OSError) as error:
        why = getattr(error, "reason", error)
        message = f"MLflow at {without_login(uri)} does not answer within {PROBE_SECONDS:.0f} s: {why}"
        raise TrackingUnavailable(message, next_step="start the server, or correct BASELINE_TRACKING_URI") from error


def initialise_store(uri: str, experiment: str, store_id: str, artifacts: Path) -> bool:
    """Make the embedded store where it is absent, and put our identity on the experiment; safe to repeat.

    Returns:
        Whether there was no such experiment.

    Raises:
        TrackingUnavailable: when the server is down, or the experiment belongs to another home.
    """
    if uri.startswith("sqlite:///"):
        file = Path(uri.removeprefix("sqlite:///"))
        file.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{file}.lock", timeout=120):
            file.touch()
            return _identify(uri, experiment, store_id, artifacts.resolve().as_uri())
    return _identify(uri, experiment, store_id, None)


def _identify(uri: str, experiment: str, store_id: str, artifacts: str | None) -> bool:
    client = connect(uri)
    with quietly(uri):
        found = client.get_experiment_by_name(experiment)
        if found is None:
            client.create_experiment(experiment, artifact_location=artifacts, tags={IDENTITY_TAG: store_id})
            return True
        owner = found.tags.get(IDENTITY_TAG)
        if owner is None:
            client.set_experiment_tag(found.experiment_id, IDENTITY_TAG, store_id)
        elif owner != store_id:
            _refuse_foreign(uri, experiment, owner, store_id)
    return False


def _refuse_foreign(uri: str, experiment: str, owner: str | None, store_id: str) -> None:
    where = f"MLflow experiment {experiment!r} at {without_login(uri)}"
    message = f"{where} belongs to store {owner}, this home is store {store_id}"
    raise TrackingUnavailable(message, next_step="check BASELINE_HOME, BASELINE_TRACKING_URI and BASELINE_EXPERIMENT")


def check_store(uri: str, experiment: str, store_id: str) -> str:
    """The experiment's id, where the store is the one that the home was made with.

    Raises:
        TrackingUnavailable: when it is down, lacks the experiment, or belongs to another home.
    """
    client = connect(uri)
    with quietly(uri):
        found = client.get_experiment_by_name(experiment)
    if found is None:
        message = f"MLflow at {without_login(uri)} has no experiment {experiment!r}"
        check = "check BASELINE_TRACKING_URI and BASELINE_EXPERIMENT: is it a fresh store?"
        raise TrackingUnavailable(message, next_step=f"{check} If it is meant, `baseline init` makes the experiment")
    if found.tags.get(IDENTITY_TAG) != store_id:
        _refuse_foreign(uri, experiment, found.tags.get(IDENTITY_TAG), store_id)
    return str(found.experiment_id)


def registry_fingerprint(contract: Contract, uri: str) -> dict[str, str | None]:
    """The version behind the champion's and the challenger's alias, cheaply; `None` where unset."""
    client = connect(uri)
    with quietly(uri):
        aliases = _aliases(client, str(contract.model.registered))
    return {alias: aliases.get(alias) for alias in (contract.model.champion, contract.model.challenger)}


def _aliases(client: MlflowClient, name: str) -> dict[str, str]:
    from mlflow.exceptions import MlflowException

    try:
        entry: Any = client.get_registered_model(name)
    except MlflowException as error:
        if error.error_code == "RESOURCE_DOES_NOT_EXIST":
            return {}
        raise
    return {alias: str(version) for alias, version in entry.aliases.items()}


def champion_version(contract: Contract, uri: str) -> str | None:
    """The version that the champion's alias points at now; `None` where it is unset."""
    client = connect(uri)
    with quietly(uri):
        return _aliases(client, str(contract.model.registered)).get(contract.model.champion)


def point_champion(contract: Contract, uri: str, version: str) -> None:
    """Point the champion's alias at a version."""
    client = connect(uri)
    with quietly(uri):
        client.set_registered_model_alias(str(contract.model.registered), contract.model.champion, version)


DECISION_TAG = "baseline.decision"


def registered_version(contract: Contract, uri: str, source: str, decision: str) -> str:
    """The registry's number of a model that is to be promoted, registered now where it has none.

    Found again by the decision's tag, so that a retry registers nothing twice.

    Args:
        contract: Names the registered model.
        uri: Of the registry.
        source: Where the model is: `models:/name/7`, `models:/m-...` or `runs:/...`.
        decision: Digest of the decision that promotes it.
    """
    name = str(contract.model.registered)
    prefix = f"models:/{name}/"
    if source.startswith(prefix):
        return source.removeprefix(prefix)
    client = connect(uri)
    with quietly(uri):
        made = client.search_model_versions(f"name='{name}'")
        found = [int(one.version) for one in made if one.tags.get(DECISION_TAG) == decision]
        if found:
            return str(min(found))
        import mlflow

        return str(mlflow.register_model(source, name, tags={DECISION_TAG: decision}).version)


def author_of(contract: Contract, uri: str, version: str) -> str | None:
    """Who made a version: its `author` tag, the version's user, or the user of its run; `None` where nobody says.

    Args:
        contract: Names the registered model.
        uri: Of the registry.
        version: Number in the registry, or `m-...` of a model that is only logged.

    Raises:
        TrackingUnavailable: when it cannot be asked; an author who is not known must not pass for nobody.
    """
    client = connect(uri)
    with quietly(uri):
        if version.startswith("m-"):
            logged: Any = client.get_logged_model(version)
            said, run_id = logged.tags.get("author"), logged.source_run_id
        else:
            entry: Any = client.get_model_version(str(contract.model.registered), version)
            said, run_id = entry.tags.get("author") or entry.user_id, entry.run_id
        if not said and run_id:
            said = client.get_run(run_id).data.tags.get("mlflow.user")
        return str(said) if said else None
