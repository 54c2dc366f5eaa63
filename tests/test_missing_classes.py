"""Rows that lack a class: numbers of classes differ between two sets of rows, their names do not."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from baseline_pipeline.contract import Contract
from baseline_pipeline.errors import ModelFailed
from baseline_pipeline.evaluation import Scores
from baseline_pipeline.labels import encode_labels
from baseline_pipeline.metrics.outcomes import Outcomes
from baseline_pipeline.ports import ModelVersion
from baseline_pipeline.replay.factorial import Sides, factorial
from baseline_pipeline.scoring import interpret
from tests.two_scorings import cell, compared

MODEL = """\
import numpy as np


def predict(features):
    distance = abs(features["x"].to_numpy()[:, None] - np.array([-1.0, 0.0, 1.0]))
    return np.exp(-distance) / np.exp(-distance).sum(axis=1, keepdims=True)
"""
KINDS = ["a bad one", "fair", "good"]


def contract(*, metrics=({"metric": "accuracy", "margin": {"absolute": 0.02}},), **model):
    data = {"source": {"csv": "x.csv"}, "row_id": ["id"], "label": "kind", "features": [{"name": "x"}]}
    return Contract.model_validate(
        {
            "name": "m",
            "task": "multiclass_classification",
            "data": data,
            "model": {"function": "a:b", **model},
            "metrics": list(metrics),
        }
    )


def scores(names, label, said, content=0):
    """Rows whose labels and predictions are given by name, classes numbered as `names` has them."""
    index = {name: number for number, name in enumerate(names)}
    label, prediction = (np.array([index[one] for one in values]) for values in (label, said))
    score = np.full((len(label), len(names)), 0.1 / (len(names) - 1))
    score[np.arange(len(label)), prediction] = 0.9
    return Scores(
        row_id=pa.array([f"{number:05}" for number in range(len(label))]),
        outcomes=Outcomes(label, prediction, score, classes=len(names), class_names=tuple(names)),
        cluster=None,
        day=None,
        columns=pa.table({"x": np.zeros(len(label))}),
        content=np.full(len(label), content, dtype=np.uint64),
    )


@pytest.fixture
def relabelled():
    """600 rows before and after their values changed: the class that sorts first is gone, so that numbers moved."""
    rng = np.random.default_rng(1)
    label = rng.choice(["fair", "good"], 600)
    before = scores(KINDS, label, label)
    return before, scores(["fair", "good"], label, label, content=1)


def test_changed_rows_are_compared_by_the_names_of_their_classes(relabelled):
    result = compared(*relabelled, moved="data_values", policy=contract())

    assert (result.changes.labels_changed, result.changes.decisions_changed) == (0, 0)
    assert cell(result, "accuracy").verdict == "unchanged"


def test_a_replay_knows_classes_by_their_names_too(relabelled):
    old, new = relabelled
    cells = factorial({frozenset(): Sides(old, new)}).cells
    before, after = (cells[frozenset(factors)].outcomes for factors in ((), {"data_values"}))

    assert before.class_names == after.class_names == tuple(KINDS)
    assert (before.label == after.label).all()


def test_declared_classes_stand_for_the_models_columns_and_new_labels_come_after_them():
    policy = contract(classes=["good", "a bad one", "fair"])
    labels, classes = encode_labels(policy, pa.table({"kind": ["fair", "splendid"]}))
    version = ModelVersion("m", "1", "a:b", "0" * 64)
    said = interpret(policy, np.array([[0.1, 0.2, 0.7], [0.5, 0.3, 0.2]]), pa.array(["p", "q"]), version, classes)

    assert (classes, labels.tolist()) == (("good", "a bad one", "fair", "splendid"), [2, 3])
    assert said.score.tolist() == [[0.1, 0.2, 0.7, 0.0], [0.5, 0.3, 0.2, 0.0]]
    assert said.prediction.tolist() == [2, 0]


def test_columns_that_are_not_the_classes_are_refused_with_what_to_write():
    version = ModelVersion("m", "1", "a:b", "0" * 64)

    with pytest.raises(ModelFailed, match=r"gave 3 columns for 2 classes \(fair, good: the labels") as refused:
        interpret(contract(), np.full((1, 3), 1 / 3), pa.array(["p"]), version, ("fair", "good"))
    assert "model.classes" in refused.value.next_step


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"classes": ["fair", "fair"]}, "class 'fair' stands in `classes` 2 times"),
        (
            {
                "classes": KINDS,
                "metrics": [{"metric": "f1", "role": "report_only", "parameters": {"average": "goood"}}],
            },
            "did you mean 'good'",
        ),
    ],
)
def test_classes_are_declared_once_and_metrics_name_them(given, words):
    with pytest.raises(ValueError, match=words):
        contract(**given)


@pytest.mark.parametrize("declared", ["", ", classes: [a bad one, fair, good]"])
@pytest.mark.usefixtures("pictures")
def test_rows_without_a_class_of_the_baseline_are_scored_and_compared(project, declared):
    file = project.root / "assets" / "small" / "defs.yaml"
    text = file.read_text().replace("binary_classification", "multiclass_classification")
    text = text.replace('"smallmodel:predict", positive_class: 1', f'"smallmodel:predict"{declared}')
    file.write_text(text.replace("label: y", "label: kind").replace("brier, margin", "log_loss, margin"))
    (project.root / "smallmodel.py").write_text(MODEL)
    rows = project.rows(rows=1800)
    noisy = rows["x"] + np.random.default_rng(2).normal(0, 0.3, len(rows))
    rows["kind"] = pd.cut(noisy, [-9, -0.5, 0.5, 9], labels=KINDS).astype(str)
    project.write(rows)
    project.run()
    project.establish()
    rest = rows[rows["kind"] != "a bad one"].copy()
    rest["x"] += np.where(np.arange(len(rest)) < 900, 1e-3, 0.0)
    project.write(rest)

    decision = project.run()

    assert decision.outcome == "promote", decision.reasons
    if not declared:  # what is declared later means what was read before
        file.write_text(file.read_text().replace('predict"', 'predict", classes: [a bad one, fair, good]'))
        assert project.run().outcome == "promote"
