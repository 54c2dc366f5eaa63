"""Classes are named by their labels: what else the label holds does not move them."""

import numpy as np
import pyarrow as pa
import pytest

from baseline_pipeline.contract.metrics import MetricRule
from baseline_pipeline.evaluation import Scores
from baseline_pipeline.metrics import METRICS
from baseline_pipeline.metrics.outcomes import NotMeasurable, Outcomes
from baseline_pipeline.scores_file import read_scores, write_scores

COSTS = {
    "ant": {"ant": 0, "cat": 9, "dog": 9},
    "cat": {"ant": 9, "cat": 0, "dog": 5},
    "dog": {"ant": 9, "cat": 2, "dog": 0},
}


def pets(label, prediction, *, classes=("cat", "dog"), several=True):
    label, prediction = (np.array([classes.index(one) for one in values.split()]) for values in (label, prediction))
    return Outcomes(label, prediction, classes=len(classes) if several else None, class_names=classes)


def measured(name, outcomes, **given):
    return METRICS[name].configured(given).measure(outcomes).value


@pytest.mark.parametrize("classes", [("cat", "dog"), ("ant", "cat", "dog")], ids=["two", "and one more"])
@pytest.mark.parametrize(
    ("name", "given", "value"),
    [
        ("recall", {"average": "dog"}, 2 / 3),
        ("precision", {"average": "cat"}, 1 / 2),
        ("expected_cost_by_class", {"matrix": COSTS}, (2 + 5) / 5),
    ],
)
def test_a_class_is_named_by_its_label_whatever_other_classes_there_are(classes, name, given, value):
    outcomes = pets("cat dog dog dog cat", "cat cat dog dog dog", classes=classes)

    assert measured(name, outcomes, **given) == pytest.approx(value)


def test_a_number_is_the_label_that_reads_so():
    ten = pets("2 10 10 2", "2 10 2 2", classes=("10", "2"))

    assert measured("recall", ten, average=10) == 0.5
    assert measured("recall", ten, average=2) == 1.0


def test_a_list_of_costs_is_for_classes_called_0_and_1_and_so_on():
    numbered = pets("0 1 2", "1 1 0", classes=("0", "1", "2"))

    assert measured("expected_cost_by_class", numbered, matrix=[[0, 3, 9], [9, 0, 9], [6, 9, 0]]) == 3


@pytest.mark.parametrize("matrix", [[[0, 1], [4, 0]], {"yes": {"yes": 0, "no": 4}, "no": {"no": 0, "yes": 1}}])
@pytest.mark.parametrize("negative", ["no", ""], ids=["named", "not seen"])
def test_of_two_classes_a_list_begins_with_the_negative_one(matrix, negative):
    outcomes = Outcomes(np.array([0, 1, 1, 0]), np.array([1, 0, 1, 0]), class_names=(negative, "yes"))

    assert measured("expected_cost_by_class", outcomes, matrix=matrix) == 5 / 4


@pytest.mark.parametrize(
    ("name", "given", "words"),
    [
        ("recall", {"average": "dgo"}, ["'dgo' is no class", "did you mean 'dog'", "macro, micro", "cat, dog"]),
        ("recall", {"average": 1}, ["1 is no class", "a class by its label: cat, dog"]),
        ("expected_cost_by_class", {"matrix": [[0, 1], [1, 0]]}, ["stands for the classes 0, 1;", "cat, dog"]),
        (
            "expected_cost_by_class",
            {"matrix": {"cat": {"cat": 0, "cow": 1}, "cow": {"cat": 1, "cow": 0}}},
            ["costs for cat, cow and has none for dog", "accepted: costs for all classes of the label: cat, dog"],
        ),
    ],
)
def test_a_name_that_no_class_has_is_refused_with_those_there_are(name, given, words):
    rule = MetricRule(metric=name, parameters=given, role="report_only")
    wrong = rule.misfit(("cat", "dog"), several=True)

    with pytest.raises(NotMeasurable) as refused:
        measured(name, pets("cat dog", "cat dog"), **given)
    assert str(refused.value) == wrong
    for word in words:
        assert word in wrong


def test_of_two_classes_only_the_positive_one_has_a_metric_of_its_own():
    outcomes = pets("cat dog dog", "cat cat dog", several=False)

    assert measured("recall", outcomes, average="dog") == 0.5
    with pytest.raises(NotMeasurable, match="a class by its label: dog"):
        measured("recall", outcomes, average="cat")


@pytest.mark.parametrize("matrix", [{"cat": {"cat": 0}}, {"cat": {"cat": 0, "dog": 1}, "dog": {"dog": 0}}, {}, [[1]]])
def test_costs_that_lack_a_class_on_one_side_are_refused(matrix):
    with pytest.raises(ValueError, match="costs by label and by prediction"):
        METRICS["expected_cost_by_class"].configured({"matrix": matrix})


def test_scores_keep_the_names_of_their_classes(tmp_path):
    outcomes = pets("cat dog", "cat cat")
    scores = Scores(
        row_id=pa.array(["a", "b"]),
        outcomes=outcomes,
        cluster=None,
        day=None,
        columns=pa.table({"x": [1, 2]}),
        content=np.zeros(2, dtype=np.uint64),
    )
    kept = read_scores(write_scores(scores, outcomes.class_names, tmp_path))

    assert kept.outcomes.class_names == ("cat", "dog")
    assert kept.outcomes.take(np.array([1])).class_names == ("cat", "dog")
