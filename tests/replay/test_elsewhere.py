"""Evaluations in the environment of a lockfile that says all there is to install."""

import json

import numpy as np
import pytest

LOCK = """\
[[package]]
name = "numpy"
version = "{numpy}"
groups = ["main"]
"""
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
  model: {function: "credit_model:predict", positive_class: 1}
  environment: {lockfile: poetry.lock}
  metrics:
    - {metric: brier, margin: {absolute: 0.02}}
    - {metric: latency_mean, role: report_only}
  latency: {requests: 100, seconds: 2}
"""
ARRAYS = """\
import numpy as np


def predict(features):
    assert np.__version__ == "{numpy}", np.__version__
    features = np.asarray(features, dtype=float)
    return 1 / (1 + np.exp(-(features[:, 1] - features[:, 0])))
"""


@pytest.fixture
def locked(credit, tmp_path):
    """The project once more, with a lockfile that the present interpreter is not; its environments are shared."""
    import shutil

    from baseline_pipeline.orchestration.instance import make_dagster_home
    from baseline_pipeline.settings import load_settings
    from baseline_pipeline.workbench.setup import make_home

    (tmp_path / "assets" / "credit").mkdir(parents=True)
    (tmp_path / "assets" / "__init__.py").touch()
    (tmp_path / "assets" / "credit" / "defs.yaml").write_text(CONTRACT)
    (tmp_path / "credit_model.py").write_text("def predict(features):\n    return features @ [1, 2, 3, 4]\n")
    shutil.copytree(credit.root / "data", tmp_path / "data")
    make_home(load_settings(tmp_path, environ={}), [make_dagster_home])
    return tmp_path


def write(root, numpy):
    (root / "poetry.lock").write_text(LOCK.format(numpy=numpy))


def test_rows_are_scored_where_the_lockfile_says_and_a_lock_without_what_is_needed_is_a_failure(locked):
    from baseline_pipeline.settings import load_settings
    from baseline_pipeline.workbench.iteration.comparing import load_comparison
    from baseline_pipeline.workbench.iteration.deciding import establish
    from baseline_pipeline.workbench.iteration.evaluating import load_evaluation, load_scores
    from baseline_pipeline.workbench.iteration.pipeline import run
    from baseline_pipeline.workbench.iteration.watching import look
    from baseline_pipeline.workbench.workbench import Workbench

    heard = []
    bench = Workbench(load_settings(locked, environ={}), progress=heard.append)
    # the version is asserted within the model: only the locked environment has it
    (locked / "credit_model.py").write_text(ARRAYS.format(numpy="2.1.3"))
    write(locked, "2.1.3")
    import sys

    sys.modules.pop("credit_model", None)

    first = run(bench, "credit")
    assert first.hold == "needs_approval", first.reasons
    assert "models are loaded in the environment of poetry.lock" in heard
    evaluation = load_evaluation(bench, "credit", first.candidate)
    assert evaluation.environment.differences == ()
    scores = load_scores(bench, evaluation).outcomes.score
    assert np.isfinite(scores).all()
    assert len(scores) == 6000
    environments = bench.settings.home / "environments"
    assert list(environments.glob("*/lib/python*/site-packages/numpy/__pycache__/__init__.*.pyc"))
    assert not (locked / "__pycache__").exists()
    establish(bench, bench.contract("credit"), actor="Ada", reason="measured as agreed")
    seen = look(bench, bench.contract("credit")).watched
    assert seen.dependencies == evaluation.fingerprint.dependencies or seen.dependencies is not None
    write(locked, "2.1.2")

    second = run(bench, "credit")

    assert (second.outcome, second.tier) == ("reject", "severe")
    assert "AssertionError: 2.1.2" in second.reasons[0]
    comparison = load_comparison(bench, "credit", second.comparison)
    assert json.loads(comparison.model_dump_json())["failures"]
