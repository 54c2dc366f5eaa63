"""Where a project's state lives: read from BASELINE_* variables and `[tool.baseline]`, always explicit."""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from baseline_pipeline.errors import ContractError, NotInitialised

if TYPE_CHECKING:
    from collections.abc import Mapping

EXPERIMENT = "baseline-pipeline"
NAMES = ("home", "tracking_uri", "experiment", "ledger_url")


LOGIN = re.compile(r"://[^/\s'\"][^\s'\"]*@")
OPTIONS = re.compile(r"\?[^\s'\"]*=[^\s'\"]*")


def without_login(text: str) -> str:
    """A text whose addresses show neither logins nor options; paths of files stay.

    Example:
        >>> without_login("no answer from https://ana:p/w@mlflow.example/a?token=x within 5 s")
        'no answer from https://***@mlflow.example/a?*** within 5 s'
        >>> without_login("sqlite:////home/ana@work/mlflow.db")
        'sqlite:////home/ana@work/mlflow.db'
    """
    return OPTIONS.sub("?***", LOGIN.sub("://***@", text))


@dataclass(frozen=True)
class Settings:
    """Where things are.

    Attributes:
        project: folder with `assets/`; contracts' paths are relative to it.
        home: state directory.
        tracking_uri: MLflow tracking and registry URI.
        experiment: MLflow experiment that evaluations are logged to.
        ledger_url: SQLAlchemy URL of the ledger.
    """

    project: Path
    home: Path
    tracking_uri: str
    experiment: str
    ledger_url: str

    @property
    def tracking_shown(self) -> str:
        """The tracking URI without a login.

        Example:
            >>> Settings(Path(), Path(), "https://ana:pw@mlflow.example/a", "e", "").tracking_shown
            'https://***@mlflow.example/a'
        """
        return without_login(self.tracking_uri)

    @property
    def embedded(self) -> bool:
        """Whether evaluations are tracked where a home brings its own tracking."""
        return (self.tracking_uri, self.experiment) == (_below(self.home, "mlflow"), EXPERIMENT)

    @property
    def assets(self) -> Path:
        """The folder of contracts."""
        return self.project / "assets"

    @property
    def dagster_home(self) -> Path:
        """Dagster's own state."""
        return self.home / "dagster"

    @property
    def scratch(self) -> Path:
        """Unfinished files, on the same file system as the store."""
        return self.home / "scratch"


def find_project(start: Path, environ: Mapping[str, str] = os.environ) -> Path:
    """The project a folder belongs to: `BASELINE_PROJECT_ROOT`, or the nearest one above with `assets/`.

    Raises:
        NotInitialised: when no folder upwards has one.
    """
    named = environ.get("BASELINE_PROJECT_ROOT")
    if named:
        root = Path(named).resolve()
        if not (root / "assets").is_dir():
            message = f"BASELINE_PROJECT_ROOT is {named!r}, and there is no folder `assets` in it"
            raise NotInitialised(message, next_step="point it at a project, or unset it")
        return root
    for folder in (start.resolve(), *start.resolve().parents):
        if (folder / "assets").is_dir():
            return folder
    message = f"no folder `assets` in {start} or above it"
    raise NotInitialised(message, next_step="change into a project, or make one with `baseline init MODEL`")


def load_settings(start: Path | None = None, environ: Mapping[str, str] = os.environ) -> Settings:
    """Settings of the project that `start` (the working directory by default) belongs to.

    `BASELINE_HOME`, `BASELINE_TRACKING_URI`, `BASELINE_EXPERIMENT` and `BASELINE_LEDGER_URL` win over
    `[tool.baseline]` in pyproject.toml, which wins over the embedded defaults below the home.

    Raises:
        NotInitialised: when there is no project.
        ContractError: on unknown or empty settings, with what would be accepted.
    """
    project = find_project(start or Path.cwd(), environ)
    file = project / "pyproject.toml"
    table = _settings_in(file) if file.exists() else {}
    for key in table:
        if key not in NAMES:
            close = difflib.get_close_matches(key, NAMES, n=1)
            hint = f"; did you mean {close[0]!r}?" if close else ""
            message = f"pyproject.toml [tool.baseline]: {key!r} is not a setting{hint}; accepted: {', '.join(NAMES)}"
            raise ContractError(message)
    chosen = {name: _chosen(name, table, environ) for name in NAMES}
    home = (project / _expanded(chosen["home"] or ".baseline")).resolve()
    return Settings(
        project=project,
        home=home,
        tracking_uri=chosen["tracking_uri"] or _below(home, "mlflow"),
        experiment=chosen["experiment"] or EXPERIMENT,
        ledger_url=chosen["ledger_url"] or _below(home, "ledger"),
    )


def _below(home: Path, name: str) -> str:
    return f"sqlite:///{home / name}.db"


def _expanded(home: str) -> Path:
    try:
        return Path(home).expanduser()
    except RuntimeError as error:
        message = f"the home {home!r} begins with a user who is not here"
        raise ContractError(message, next_step="write out the path in BASELINE_HOME or [tool.baseline]") from error


def _settings_in(file: Path) -> dict[str, object]:
    """`[tool.baseline]` of a pyproject.toml.

    Raises:
        ContractError: where the file is no TOML in UTF-8, or something else than a table stands there.
    """
    try:
        found: object = tomllib.loads(file.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        message = f"{file} is not valid TOML: {error}"
        raise ContractError(message, next_step="correct the file at that place") from error
    for name in ("tool", "baseline"):
        found = found.get(name, {}) if isinstance(found, dict) else found
    if not isinstance(found, dict):
        message = f"{file.name} [tool.baseline]: {found!r} stood here; accepted: a table with {', '.join(NAMES)}"
        raise ContractError(message)
    return found


def _chosen(name: str, table: Mapping[str, object], environ: Mapping[str, str]) -> str | None:
    variable = f"BASELINE_{name.upper()}"
    value = environ.get(variable, table.get(name))
    if value is None:
        return None
    if not isinstance(value, str) or not value.strip():
        place = variable if variable in environ else f"pyproject.toml [tool.baseline] {name}"
        message = f"{place}: {value!r} stood here; accepted: a non-empty text, or nothing for the default"
        raise ContractError(message)
    return value
