"""A credit model and two real lockfiles."""

import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from baseline_pipeline.replay.outcome import WorkerRun

CONTRACT = """\
type: baseline_pipeline.orchestration.MonitoredModel
attributes:
  name: credit
  task: binary_classification
  data:
    source: {parquet: data/rows.parquet}
    row_id: [id]
    label: bad
    features: [{name: income}, {name: debt}, {name: age}, {name: cards}]
  model:
    function: "credit_model:predict"
    positive_class: 1
    allow_pickle: true
    training: {entry: "credit_model:fit", window: [2020-01-01, 2020-12-31]}
  slices: [{by: [region], min_rows: 200}]
  metrics:
    - {metric: accuracy, margin: {absolute: 0.03}}
    - {metric: brier, margin: {absolute: 0.02}}
"""
MODEL = """\
import numpy as np


def predict(features):
    features = np.asarray(features, dtype=float)
    return 1 / (1 + np.exp(-(features[:, 1] - features[:, 0])))


def boosted(features, labels, seed=0):
    from sklearn.ensemble import HistGradientBoostingClassifier

    return HistGradientBoostingClassifier(max_iter=40, random_state=seed).fit(np.asarray(features), np.asarray(labels))


def forest(features, labels, seed=0):
    from sklearn.ensemble import RandomForestClassifier

    return RandomForestClassifier(20, random_state=seed).fit(np.asarray(features), np.asarray(labels))


fit = boosted
"""
SHARED = "joblib==1.4.2\nthreadpoolctl==3.5.0\n"
LOCKS = {
    "old.lock": f"scikit-learn==1.5.2\nnumpy==2.1.3\nscipy==1.14.1\n{SHARED}",
    "new.lock": f"scikit-learn==1.9.1\nnumpy==2.4.6\nscipy==1.17.1\n{SHARED}narwhals==2.9.0\n",
}


def rows(count=6000):
    rng = np.random.default_rng(8)
    found = pd.DataFrame(rng.normal(size=(count, 4)), columns=["income", "debt", "age", "cards"])
    odds = found.debt - found.income + np.sin(2 * found.age) * found.cards
    found["bad"] = (rng.random(count) < 1 / (1 + np.exp(-odds))).astype(int)
    found["id"] = np.arange(count)
    found["region"] = rng.choice(["N", "S"], count)
    return found


@pytest.fixture
def run_with():
    """A worker's record: its lockfile, how it failed, and in which words."""

    def made(lock, failure=None, words=""):
        return WorkerRun(
            environment="0" * 64,
            lock=lock,
            failure=failure,
            words=words,
            scores_file=None,
            outputs=None,
            python="3.11.7",
            model="things.fine",
            warnings=(),
            seconds={},
            peak_memory_mb=None,
        )

    return made


@pytest.fixture(scope="session")
def credit(tmp_path_factory):
    """A project, and `typed`: `baseline` as people type it."""
    root = tmp_path_factory.mktemp("credit")
    (root / "assets" / "credit").mkdir(parents=True)
    (root / "assets" / "__init__.py").touch()
    (root / "assets" / "credit" / "defs.yaml").write_text(CONTRACT)
    (root / "credit_model.py").write_text(MODEL)
    for name, text in LOCKS.items():
        (root / name).write_text(text)
    (root / "data").mkdir()
    rows().to_parquet(root / "data" / "rows.parquet", index=False)

    def typed(*words, **options):
        import os
        from pathlib import Path

        env = {name: value for name, value in os.environ.items() if not name.startswith("BASELINE_")}
        return subprocess.run(
            [Path(sys.executable).with_name("baseline"), *map(str, words)],
            cwd=root,
            env=env,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
            **options,
        )

    assert typed("init").returncode == 0
    return SimpleNamespace(root=root, typed=typed, environments=root / ".baseline" / "environments")
