"""Which stage of a model first differs: the worker's digests and values, held against each other."""

import sys
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from scipy import sparse
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from baseline_pipeline.adapters.environments import worker_stages
from baseline_pipeline.adapters.environments.built import Built
from baseline_pipeline.adapters.environments.job_files import stages_in, write_rows
from baseline_pipeline.adapters.environments.knobs import Knobs
from baseline_pipeline.adapters.environments.running import run_job
from baseline_pipeline.replay.numeric_difference import numeric_difference
from baseline_pipeline.replay.stages import stage_difference, stages_compared
from baseline_pipeline.report.stages import stages_lines

SLOWLY = """\
import time
from sklearn.base import BaseEstimator, TransformerMixin

class Slow(TransformerMixin, BaseEstimator):
    def __init__(self, seconds=0.0):
        self.seconds = seconds

    def fit(self, rows, labels=None):
        return self

    def transform(self, rows):
        time.sleep(self.seconds)
        return rows
"""
LAYERS = """\
import numpy as np

def predict(rows):
    return 1 / (1 + np.exp(-rows["x"].to_numpy()))

def layers(rows, model):
    assert model is predict
    return {"hidden": rows[["x"]] * 2, "word": rows["g"].to_numpy(), "logit": rows["x"].to_numpy()}

def short(rows):
    return {"hidden": rows["x"].to_numpy()[:3]}
"""


@pytest.fixture(scope="module")
def frame():
    rng = np.random.default_rng(7)
    found = pd.DataFrame({"x": rng.normal(size=40), "z": rng.normal(size=40), "g": rng.choice(["a", "b", "c"], 40)})
    found["y"] = (found.x + (found.g == "a") > 0).astype(int)
    return found


@pytest.fixture
def exposed(tmp_path, frame):
    """`exposed(artifact, stages)` scores the rows and gives what the worker left."""
    (tmp_path / "layered.py").write_text(LAYERS)
    write_rows(pa.Table.from_pandas(frame), tmp_path / "rows")
    built = Built("0" * 64, Path(sys.prefix), {}, (), ())
    job = {"rows": str(tmp_path / "rows"), "columns": ["x", "z", "g"], "wants": "scores", "project": str(tmp_path)}

    def ran(artifact, stages=None, **other):
        keep = tmp_path / "kept"
        keep.mkdir(exist_ok=True)
        told = {**job, "artifact": artifact, "stages": stages, **other}
        found = run_job(built, told, Knobs(batch_rows=16), tmp_path / "scratch", keep=keep)
        assert found.failure is None, found.words
        ran.seconds = found.facts["seconds"]
        file = keep / "stages.npz"
        return found.facts.get("stages_failure"), stages_in(file) if file.exists() else ()

    ran.folder = tmp_path
    return ran


def pipeline():
    columns = ColumnTransformer([("scale", StandardScaler(), ["x", "z"]), ("group", OneHotEncoder(), ["g"])])
    return make_pipeline(columns, StandardScaler(with_mean=False), LogisticRegression())


def test_a_pipelines_steps_are_had_by_name_and_the_first_that_differs_is_told(exposed, frame):
    model = pipeline().fit(frame[["x", "z", "g"]], frame.y)
    joblib.dump(model, exposed.folder / "one.joblib")
    model.steps[1][1].scale_[1] *= 2
    joblib.dump(model, exposed.folder / "two.joblib")
    _, before = exposed({"loader": "pickle", "path": str(exposed.folder / "one.joblib")})
    _, after = exposed({"loader": "pickle", "path": str(exposed.folder / "two.joblib")})

    found = stages_compared(before, after, numeric_difference(np.zeros(40), np.ones(40)), 3)

    assert [one.name for one in before] == ["columntransformer", "standardscaler"]
    assert before[0].names == ("scale__x", "scale__z", "group__g_a", "group__g_b", "group__g_c")
    scaled = model.steps[0][1].transform(frame[["x", "z", "g"]])[:, :2]
    np.testing.assert_allclose(before[0].values[:, :2], scaled, atol=1e-15)  # noqa: PD011  # an attribute of ours
    assert found.first.stage == "standardscaler"
    assert [(one.column, one.rows) for one in found.first.columns] == [("scale__z", 40)]
    lines = stages_lines(found)
    assert lines[0].startswith("first stage that differs (2 of 2): standardscaler: 40 of 40 rows differ, by up to")
    assert lines[1] == "no different before it: columntransformer"
    assert lines[2].endswith("3 decisions changed")
    same = stages_compared(before, before, numeric_difference(np.zeros(40), np.zeros(40)), 0)
    assert stages_lines(same)[0] == "no stage differs: columntransformer, standardscaler"


def test_a_search_holds_its_pipeline_inside_and_other_models_expose_nothing(frame):
    search = GridSearchCV(pipeline(), {"logisticregression__C": [1.0]}, cv=2).fit(frame[["x", "z", "g"]], frame.y)

    assert [name for name, _ in worker_stages.steps_of(search)] == ["columntransformer", "standardscaler"]
    assert worker_stages.steps_of(LogisticRegression()) == []
    nothing = stages_compared((), (), numeric_difference(np.zeros(2), np.zeros(2)), None)
    assert stages_lines(nothing)[0].startswith("the model exposes no stages")


def test_what_each_step_takes_of_an_answer_is_told_and_the_model_is_left_as_it_was(exposed, frame, tmp_path):
    (tmp_path / "slowly.py").write_text(SLOWLY)
    sys.path.insert(0, str(tmp_path))
    import slowly

    steps = ("narrow", slowly.Slow(0.001)), ("wide", slowly.Slow(0.2)), ("last", LogisticRegression())
    model = Pipeline(list(steps)).fit(frame[["x", "z"]], frame.y)
    seconds = {}
    with worker_stages.steps_timed(model, seconds):
        model.predict_proba(frame[["x", "z"]])
        model.predict_proba(frame[["x", "z"]])

    assert sorted(seconds) == ["predict: narrow", "predict: wide"]
    assert seconds["predict: wide"] >= 0.4
    assert seconds["predict: narrow"] >= 0.002
    assert all("transform" not in vars(step) for _, step in steps)
    with worker_stages.steps_timed(LogisticRegression(), seconds), worker_stages.steps_timed(None, seconds):
        assert len(seconds) == 2
    joblib.dump(model, tmp_path / "slow.joblib")
    exposed({"loader": "pickle", "path": str(tmp_path / "slow.joblib")}, columns=["x", "z"])
    parts = {name: took for name, took in exposed.seconds.items() if name.startswith("predict: ")}
    assert list(parts) == ["predict: narrow", "predict: wide", "predict: last"]
    assert parts["predict: wide"] >= 3 * 0.2
    assert sum(parts.values()) == pytest.approx(exposed.seconds["predict"])


def test_a_function_of_the_contract_exposes_the_stages_of_anything_else(exposed):
    artifact = {"loader": "function", "function": "layered:predict"}

    failure, stages = exposed(artifact, "layered:layers")

    assert not failure
    assert [(one.name, len(one.columns)) for one in stages] == [("hidden", 1), ("word", 1), ("logit", 1)]
    assert np.isnan(stages[1].values).all()
    assert len(set(stages[1].rows.tolist())) == 3
    assert exposed(artifact)[0] is None
    assert "stage hidden gives 3 outputs for 16 rows" in exposed(artifact, "layered:short")[0]


def taken(*outputs):
    stage = worker_stages.Stage("any")
    for one in outputs:
        stage.add(one, [])
    from io import BytesIO

    file = BytesIO()
    np.savez(file, stages=np.array(["any"]), **stage.arrays(0))
    file.seek(0)
    return stages_in(file)[0]


def test_digests_are_the_same_for_sparse_and_dense_and_for_any_batches():
    rng = np.random.default_rng(3)
    dense = rng.normal(size=(30, 7)) * (rng.random((30, 7)) < 0.3)

    whole, halves, thin = taken(dense), taken(dense[:11], dense[11:]), taken(sparse.csr_matrix(dense))

    for other in (halves, thin):
        assert stage_difference(whole, other).difference.identical
        assert stage_difference(whole, other).columns_changed == 0
    swapped = dense.copy()
    swapped[4, [0, 1]] = [1.0, 0.0]
    dense[4, [0, 1]] = [0.0, 1.0]
    found = stage_difference(taken(dense), taken(swapped))
    assert (found.difference.rows_changed, found.columns_changed, found.difference.largest_absolute) == (1, 2, 1.0)


def test_what_is_beyond_the_kept_rows_is_still_found(monkeypatch):
    monkeypatch.setattr(worker_stages, "KEPT", 40)
    monkeypatch.setattr(worker_stages, "BLOCK", 12)
    one = np.random.default_rng(1).normal(size=(50, 4))
    two = one.copy()
    two[45, 2] += 1

    found = stage_difference(taken(one), taken(two))

    assert (found.difference.rows_changed, found.columns_changed, found.measured) == (1, 1, 10)
    assert found.words().endswith("1 of 4 columns: column 2; sizes are of the first 10 rows")


def test_missing_values_equal_themselves_and_texts_have_no_size():
    one = pd.DataFrame({"n": [1.0, None, 3.0], "t": ["a", None, "c"]})
    two = one.assign(n=[1.0, None, None], t=["a", None, "d"])

    found = stage_difference(taken(one), taken(two))

    assert found.difference.rows_changed == 1
    assert found.difference.largest_absolute == 0.0
    assert found.columns_changed == 2
    assert stage_difference(taken(one), taken(one.assign(more=1.0))).words() == "any: 2 columns before, 3 now"


def test_a_stage_that_differs_between_two_runs_of_one_environment_is_not_the_first():
    rng = np.random.default_rng(2)
    one = rng.normal(size=(5, 2))
    scores = numeric_difference(one, one)
    floor = stages_compared([taken(one)], [taken(one + 1e-9)], scores, None)

    usual = stages_compared([taken(one)], [taken(one - 1e-9 / 2)], scores, None, floor=floor)
    more = stages_compared([taken(one)], [taken(one + 1e-3)], scores, None, floor=floor)

    assert usual.first is None
    assert stages_lines(usual)[0] == "no stage differs: any (no more than in two runs of one environment: any)"
    assert more.first.stage == "any"
