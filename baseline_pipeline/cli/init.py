"""`baseline init`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from baseline_pipeline.cli.options import Quiet
from baseline_pipeline.cli.output import progress, say

if TYPE_CHECKING:
    from baseline_pipeline.settings import Settings

TEMPLATE = """\
type: baseline_pipeline.orchestration.MonitoredModel
attributes:
  name: {name}
  description: What does the model decide, in one sentence?
  task: binary_classification  # multiclass_classification | regression | question_answering | ranking
  data:
    source: {{parquet: data/{name}/*.parquet}}  # csv | sql | delta | iceberg | callable
    row_id: [id]
    label: label
    # time: predicted_at     # rows inside a model's training window are left out
    # cluster: day           # rows of one value move together
    features:
      - {{name: feature_1}}
  model: {{registered: {name}, positive_class: 1}}  # or uri: ..., or function: package.module:predict
  environment: {{lockfile: requirements.lock}}
  slices: []
  metrics:
    - {{metric: roc_auc, margin: {{absolute: 0.01}}}}
    - {{metric: brier, margin: {{absolute: 0.005}}}}
"""


DG_TOML = """\
# Tells Dagster that assets/ holds the definitions.
directory_type = "project"

[project]
root_module = "assets"
defs_module = "assets"
code_location_target_module = "baseline_pipeline.definitions"
code_location_name = "baselines"
"""


def command(
    model: Annotated[str | None, typer.Argument(help="Also write assets/MODEL/defs.yaml to start from.")] = None,
    quiet: Quiet = False,
) -> None:
    """Make the state directory (once), and a contract to start from.

    Where the directory is there and the tracking server is another one, the experiment is made on that.

    Example: baseline init churn
    """
    from baseline_pipeline.errors import NotInitialised, UsageError
    from baseline_pipeline.settings import load_settings
    from baseline_pipeline.workbench.home import store_id
    from baseline_pipeline.workbench.setup import make_home, make_tracking

    if model is not None:
        if not re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,63}", model):
            message = f"{model!r} cannot name a model; accepted: lower-case letters, digits, `.`, `_`, `-`"
            raise UsageError(message)
        _start_project(Path.cwd())
    tell = progress(quiet=quiet)
    try:
        settings = load_settings()
    except NotInitialised as error:
        raise UsageError(error.message, next_step="name a model to start with: `baseline init MODEL`") from error
    wrote = model is not None and _write_contract(settings.assets / model / "defs.yaml", model)
    tell(f"home {settings.home}")
    made = make_home(settings, [_make_dagster_home])
    there = f"assets/{model}/defs.yaml is there already"
    if model is not None and not wrote and not made:
        raise UsageError(there, next_step=f"edit it, and see `baseline check {model}`")
    say(f"home {settings.home} {'is ready' if made else 'was there already'}; tracking URI {settings.tracking_shown}")
    if not made and not settings.embedded and make_tracking(settings, store_id(settings)):
        say(f"made experiment {settings.experiment!r} there: it was not")
    if model is not None:
        written = f"wrote assets/{model}/defs.yaml; next: edit it, then" if wrote else f"{there} and stays; next:"
        say(f"{written} `baseline check {model}`")


def _write_contract(file: Path, model: str) -> bool:
    """Write a contract to start from; whether there was none, as there is in a fresh clone of a project."""
    if file.exists():
        return False
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(TEMPLATE.format(name=model))
    return True


def _make_dagster_home(settings: Settings, store_id: str) -> None:
    """Dagster's part; imported where the home is not there yet, since that takes a second."""
    from baseline_pipeline.orchestration.instance import make_dagster_home

    make_dagster_home(settings, store_id)


def _start_project(folder: Path) -> None:
    """Make `assets/` where no project is found upwards: a fresh folder becomes one."""
    from baseline_pipeline.errors import NotInitialised
    from baseline_pipeline.settings import find_project

    try:
        find_project(folder)
    except NotInitialised:
        (folder / "assets").mkdir()
        (folder / "assets" / "__init__.py").touch()
        if not (folder / "dg.toml").exists():
            (folder / "dg.toml").write_text(DG_TOML)
