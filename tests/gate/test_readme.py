"""The README's commands in a fresh folder, as a new user types them, against a server that knows nothing yet."""

import json
import os
import re
import shlex
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

README = (Path(__file__).parents[2] / "README.md").read_text()


def blocks(heading, language):
    """The code blocks of a section."""
    section = README.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    return re.findall(rf"```{language}\n(.*?)```", section, re.DOTALL)


def typed_lines(heading):
    """Every command of a section, comments aside, as words."""
    lines = "\n".join(blocks(heading, "bash")).splitlines()
    return [words for line in lines if (words := shlex.split(line, comments=True))]


@pytest.fixture
def fresh(tmp_path):
    """A folder with nothing in it; `said(words)` types them there."""

    def said(words, **more):
        assert words[0] == "baseline"
        env = {name: value for name, value in os.environ.items() if not name.startswith(("BASELINE_", "MLFLOW_"))}
        command = [Path(sys.executable).with_name("baseline"), *words[1:]]
        done = subprocess.run(
            command, cwd=tmp_path, env={**env, **more}, capture_output=True, text=True, timeout=200, check=False
        )
        assert "Traceback" not in done.stderr
        return done

    return tmp_path, said


def customers(root, calls=1.0):
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
    (root / "data" / "churn").mkdir(parents=True, exist_ok=True)
    frame.to_parquet(root / "data" / "churn" / "rows.parquet")
    return frame


def test_your_own_model_in_five_minutes(fresh):
    root, said = fresh
    first, *rest = typed_lines("Your own model in five minutes")
    assert said(first).returncode == 0
    customers(root)
    (root / "churn.py").write_text(blocks("Your own model in five minutes", "python")[0])
    (root / "assets" / "churn" / "defs.yaml").write_text(blocks("Your own model in five minutes", "yaml")[0])
    (root / "requirements.lock").write_text(f"numpy=={np.__version__}\n")

    codes = []
    for words in rest[:4]:
        done = said(words)
        codes.append(done.returncode)
    assert codes == [0, 5, 0, 0], done.stdout + done.stderr
    assert "nothing moved" in done.stdout + done.stderr
    customers(root, calls=0.1)
    assert said(["baseline", "run", "churn"]).returncode == 1
    assert said(rest[4]).returncode in {0, 1}
    power = said(rest[5])
    assert (power.returncode, "roc_auc" in power.stdout) == (0, True)


@pytest.mark.parametrize("server", ["sqlite"], indirect=True)
def test_in_ci_in_ten_minutes(server, fresh):
    import mlflow
    from sklearn.linear_model import LogisticRegression

    root, said = fresh
    settings = {"BASELINE_HOME": str(root / "home"), "BASELINE_TRACKING_URI": server.uri}
    assert said(["baseline", "init", "churn"], **settings).returncode == 0
    frame = customers(root)
    features = frame[["tenure", "calls"]].astype(float)
    client = mlflow.MlflowClient(server.uri, server.uri)
    mlflow.set_tracking_uri(server.uri)
    mlflow.set_registry_uri(server.uri)
    mlflow.set_experiment("churn-training")
    for alias, labels in (("champion", frame.label), ("challenger", np.random.default_rng(1).permutation(frame.label))):
        with mlflow.start_run(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = LogisticRegression().fit(features, labels)
            info = mlflow.sklearn.log_model(
                model, name="model", serialization_format="skops", pip_requirements=["scikit-learn"]
            )
        version = mlflow.register_model(info.model_uri, "churn").version
        client.set_registered_model_alias("churn", alias, version)
    contract = yaml.safe_load(blocks("Your own model in five minutes", "yaml")[0])
    contract["attributes"]["model"] = {"registered": "churn", "positive_class": 1}
    del contract["attributes"]["environment"]
    (root / "assets" / "churn" / "defs.yaml").write_text(yaml.safe_dump(contract))
    export, gate = typed_lines("In CI, in ten minutes")
    assert {word.partition("=")[0] for word in export[1:]} == set(settings)
    client.delete_registered_model_alias("churn", "challenger")
    assert said(["baseline", "run", "churn"], **settings).returncode == 5
    established = said(["baseline", "establish", "churn", "--by", "Ada", "--reason", "agreed"], **settings)
    assert established.returncode == 0, established.stderr
    client.set_registered_model_alias("churn", "challenger", "2")

    bad = said([*gate, "--json"], **settings)
    client.set_registered_model_alias("churn", "challenger", "1")
    same = said(gate, **settings)

    assert bad.returncode == 1, bad.stderr
    assert json.loads(bad.stdout)["gate"]["word"] == "FAIL: degraded"
    assert (root / "gate.xml").exists()
    assert same.returncode in {0, 5}, same.stdout + same.stderr
