"""Small real projects: contracts, data, models, an initialised home."""

import gc
import os
import re
import shlex
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from baseline_pipeline.cli.init import DG_TOML

SMALL = """\
type: baseline_pipeline.orchestration.MonitoredModel
attributes:
  name: small
  task: binary_classification
  data:
    source: {csv: "data/*.csv"}
    row_id: [id]
    label: y
    cluster: day
    features: [{name: x}, {name: z}]
    expectations: expectations.yaml
  model: {function: "smallmodel:predict", positive_class: 1}
  environment: {lockfile: requirements.lock, infrastructure: infrastructure.yaml}
  slices:
    - {by: [group], min_rows: 50}
  metrics:
    - {metric: brier, margin: {absolute: 0.01}}
    - {metric: error_rate, role: guardrail, margin: {absolute: 0.05}}
"""
EXPECTATIONS = """\
- expect_column_values_to_be_between: {column: x, min_value: -50, max_value: 50}
- expect_column_values_to_not_be_null: {column: z}
"""
MODEL = """\
import numpy as np


def predict(features):
    return (1 / (1 + np.exp(-features["x"]))).to_numpy()
"""


LONGEST = ("end_to_end", "gate")
gc.disable()  # while tests are found: what libraries and tests make then stays to the end


def pytest_collection_finish():
    gc.freeze()
    gc.set_threshold(10_000, 10, 10)
    gc.enable()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(items):
    """Where several run side by side: what takes minutes begins first, and what shares a server stays together."""
    for item in items:  # before xdist reads the groups
        folder = item.path.parent.name
        group = {"gate": "gate", "end_to_end": item.nodeid}.get(folder, str(item.path))
        item.add_marker(pytest.mark.xdist_group(group))
    yield
    items.sort(  # after fixtures were put together
        key=lambda item: LONGEST.index(item.path.parent.name) if item.path.parent.name in LONGEST else len(LONGEST)
    )


class Readme:
    """What a new user reads."""

    text = (Path(__file__).parents[1] / "README.md").read_text()

    def blocks(self, heading, language):
        """The code blocks of a section."""
        section = self.text.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
        return re.findall(rf"```{language}\n(.*?)```", section, re.DOTALL)

    def typed(self, heading):
        """Every command of a section, comments aside, as words."""
        lines = "\n".join(self.blocks(heading, "bash")).splitlines()
        return [words for line in lines if (words := shlex.split(line, comments=True))]


@pytest.fixture
def readme():
    return Readme()


@pytest.fixture
def fresh(tmp_path):
    """A folder with nothing in it; `said(words)` types them there, `customers` puts rows into it."""

    def said(words, **more):
        assert words[0] == "baseline"
        env = {name: value for name, value in os.environ.items() if not name.startswith(("BASELINE_", "MLFLOW_"))}
        command = [Path(sys.executable).with_name("baseline"), *words[1:]]
        done = subprocess.run(
            command, cwd=tmp_path, env={**env, **more}, capture_output=True, text=True, timeout=200, check=False
        )
        assert "Traceback" not in done.stderr
        return done

    def customers(calls=1.0):
        rng = np.random.default_rng(3)
        rows = 4000
        frame = pd.DataFrame(
            {
                "id": np.arange(rows),
                "tenure": rng.integers(1, 60, rows),
                "calls": rng.poisson(20, rows) * calls,
                "plan": rng.choice(["basic", "family", "pro"], rows),
            }
        )
        odds = 0.02 * frame.calls / calls - 0.05 * frame.tenure
        frame["label"] = (rng.random(rows) < 1 / (1 + np.exp(-odds))).astype(int)
        (tmp_path / "data" / "churn").mkdir(parents=True, exist_ok=True)
        frame.to_parquet(tmp_path / "data" / "churn" / "rows.parquet")
        return frame

    return SimpleNamespace(root=tmp_path, said=said, customers=customers)


class Project:
    """A project on disk with one small model."""

    def __init__(self, root):
        self.root = root
        self.data = root / "data"

    def rows(self, seed=1, rows=1500, start=0):
        rng = np.random.default_rng(seed)
        x = rng.normal(size=rows)
        return pd.DataFrame(
            {
                "id": np.arange(start, start + rows),
                "x": x.round(6),
                "z": rng.normal(size=rows).round(6),
                "group": rng.choice(["a", "b", "c"], rows),
                "day": [f"2026-01-{day:02d}" for day in rng.integers(1, 29, rows)],
                "y": (rng.random(rows) < 1 / (1 + np.exp(-x))).astype(int),
            }
        )

    def write(self, frame, name="rows.csv"):
        """Replace a data file as a careful feed does: by renaming, with a settled time."""
        temporary = self.root / f".{name}.tmp"
        frame.to_csv(temporary, index=False)
        now = temporary.stat().st_mtime - 60
        os.utime(temporary, (now, now))
        temporary.replace(self.data / name)

    def lock(self, text=None):
        (self.root / "requirements.lock").write_text(text or f"numpy=={version('numpy')}\n")

    def manifest(self, text="architecture: x86_64\n"):
        import platform

        (self.root / "infrastructure.yaml").write_text(text.replace("x86_64", platform.machine()))

    @property
    def settings(self):
        from baseline_pipeline.settings import load_settings

        return load_settings(self.root, environ={})

    def bench(self):
        from baseline_pipeline.workbench.workbench import Workbench

        return Workbench(self.settings)

    def run(self, model="small", **options):
        from baseline_pipeline.workbench.iteration.pipeline import run

        return run(self.bench(), model, **options)

    def establish(self, model="small"):
        from baseline_pipeline.workbench.iteration.deciding import establish

        bench = self.bench()
        return establish(bench, bench.contract(model), actor="Ada", reason="measured as agreed")

    def events(self, kind=None, model="small"):
        return [event for event in self.bench().events(model) if kind in {None, event.kind}]


@pytest.fixture(scope="session", autouse=True)
def drawn():
    """What draws, out of use: nine tenths of a small evaluation's time go into pictures. `pictures` brings it back."""
    from baseline_pipeline.adapters.drift import evidently
    from baseline_pipeline.adapters.tracking import mlflow

    instead = {
        (mlflow, "log_standard_plots"): lambda *_, **__: None,
        (mlflow, "importance_plots"): lambda *_: None,
        (evidently, "_page"): lambda *_: "<!DOCTYPE html>\n<title>not drawn</title>\n",
    }
    real = {place: getattr(*place) for place in instead}
    with pytest.MonkeyPatch.context() as patch:
        for place, stub in instead.items():
            patch.setattr(*place, stub)
        yield real


@pytest.fixture
def pictures(drawn, monkeypatch):
    """Draw as for people: MLflow's plots and Evidently's page."""
    for place, real in drawn.items():
        monkeypatch.setattr(*place, real)


@pytest.fixture(scope="session")
def empty_home(tmp_path_factory):
    """An initialised home, made once and copied: databases take seconds to make."""
    from baseline_pipeline.orchestration.instance import make_dagster_home
    from baseline_pipeline.settings import Settings
    from baseline_pipeline.workbench.setup import make_home

    root = tmp_path_factory.mktemp("home")
    home = root / ".baseline"
    settings = Settings(
        root, home, f"sqlite:///{home / 'mlflow.db'}", "baseline-pipeline", f"sqlite:///{home / 'ledger.db'}"
    )
    make_home(settings, [make_dagster_home])
    return home


@pytest.fixture
def project(tmp_path, empty_home, monkeypatch):
    """A project with data, contract, lockfile, manifest and home; nothing evaluated yet."""
    import shutil

    for name in ("BASELINE_HOME", "BASELINE_PROJECT_ROOT", "BASELINE_TRACKING_URI", "DAGSTER_HOME"):
        monkeypatch.delenv(name, raising=False)
    assets = tmp_path / "assets" / "small"
    assets.mkdir(parents=True)
    (tmp_path / "assets" / "__init__.py").touch()
    (assets / "defs.yaml").write_text(SMALL)
    (tmp_path / "dg.toml").write_text(DG_TOML)
    (assets / "expectations.yaml").write_text(EXPECTATIONS)
    (tmp_path / "smallmodel.py").write_text(MODEL)
    (tmp_path / "data").mkdir()
    shutil.copytree(empty_home, tmp_path / ".baseline")
    _move_artifacts(tmp_path / ".baseline", empty_home)
    found = Project(tmp_path)
    found.write(found.rows())
    found.lock()
    found.manifest()
    sys.modules.pop("smallmodel", None)
    yield found
    sys.modules.pop("smallmodel", None)


def _move_artifacts(home, made_as):
    """MLflow keeps the artifacts' absolute place in its database."""
    import sqlite3

    with sqlite3.connect(home / "mlflow.db") as database:
        database.execute(
            "UPDATE experiments SET artifact_location = replace(artifact_location, ?, ?)", (str(made_as), str(home))
        )
    database.close()
