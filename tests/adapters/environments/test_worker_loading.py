"""Models of other libraries answer as these libraries do, in this process and in a worker."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from baseline_pipeline.adapters.environments.worker_loading import answering, onnx_session, through_mlflow

ROWS = pd.DataFrame({"speed": [0.2, 0.9], "floors": [3, 12], "maker": ["Ottis", "Kohne"]})


class Classifier:
    """Has classes and probabilities, as LightGBM's and XGBoost's scikit-learn classes do."""

    def predict(self, rows):
        return (rows["speed"] > 0.5).astype(int)

    def predict_proba(self, rows):
        return np.column_stack([1 - rows["speed"], rows["speed"]])


class Booster:
    """Takes columns by their place, as LightGBM's booster does."""

    def feature_name(self):
        return ["floors", "speed"]

    def predict(self, rows):
        return np.asarray(rows)[:, 0]


Booster.__module__ = "lightgbm.basic"


class Session:
    """What onnxruntime offers, as far as it is asked for."""

    def __init__(self, outputs, **inputs):
        self.outputs, self.inputs, self.fed = outputs, inputs, None

    def get_inputs(self):
        return [SimpleNamespace(name=name, type=kind, shape=shape) for name, (kind, shape) in self.inputs.items()]

    def run(self, names, fed):
        self.fed = fed
        return self.outputs


def logged(flavor, raw, predict=None):
    metadata = SimpleNamespace(flavors={flavor: {}, "python_function": {}})
    return SimpleNamespace(metadata=metadata, get_raw_model=lambda: raw, predict=predict or raw.predict)


@pytest.mark.parametrize("flavor", ["sklearn", "lightgbm", "xgboost", "catboost"])
def test_probabilities_are_taken_where_mlflow_gives_classes(flavor):
    model = logged(flavor, Classifier())

    assert np.allclose(through_mlflow(model, "scores").answer(ROWS), [[0.8, 0.2], [0.1, 0.9]])
    assert list(through_mlflow(model, "predictions").answer(ROWS)) == [0, 1]


def test_a_python_model_is_asked_by_its_own_predict():
    model = logged("python_model", Classifier(), predict=lambda rows: rows["speed"] / 2)

    assert list(through_mlflow(model, "scores").answer(ROWS)) == [0.1, 0.45]


def test_lightgbm_is_given_columns_in_the_order_that_it_learned():
    turned = ROWS[["speed", "floors"]]

    assert list(answering(Booster(), "scores").answer(turned)) == [3, 12]
    assert list(through_mlflow(logged("lightgbm", Booster()), "scores").answer(turned)) == [3, 12]
    assert list(answering(Booster(), "scores").answer(turned.to_numpy())) == [0.2, 0.9]


def test_of_onnx_outputs_scores_are_the_last_and_predictions_the_first():
    table = np.array([[0.8, 0.2], [0.1, 0.9]], dtype=np.float32)
    session = Session([np.array([0, 1]), table], X=("tensor(float)", ["n", 2]))
    session.predict = None

    assert through_mlflow(logged("onnx", session, predict=print), "scores").answer(ROWS[["speed", "floors"]]) is table
    assert session.fed["X"].dtype == np.float32
    assert session.fed["X"].shape == (2, 2)
    assert list(onnx_session(session, "predictions").answer(ROWS[["speed", "floors"]])) == [0, 1]


def test_several_onnx_inputs_take_their_columns_in_type_and_rank():
    session = Session(
        [[{0: 0.8, 1: 0.2}, {0: 0.1, 1: 0.9}]],
        maker=("tensor(string)", [None, 1]),
        floors=("tensor(int32)", [None]),
        speed=("tensor(float)", [None, 1]),
    )

    assert onnx_session(session, "scores").answer(ROWS) == [[0.8, 0.2], [0.1, 0.9]]
    assert {name: (values.shape, str(values.dtype)) for name, values in session.fed.items()} == {
        "maker": ((2, 1), "object"),
        "floors": ((2,), "int32"),
        "speed": ((2, 1), "float32"),
    }


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        ({"x": ("tensor(float)", [None, 1]), "load": ("tensor(float)", [None, 1])}, "input x is no feature; features:"),
        ({"x": ("tensor(float16)", [None, 3])}, r"input x takes tensor\(float16\); accepted: tensor\(float\)"),
    ],
)
def test_an_onnx_input_that_cannot_be_given_is_told(inputs, words):
    with pytest.raises((ValueError, TypeError), match=words):
        onnx_session(Session([], **inputs), "scores").answer(ROWS)
