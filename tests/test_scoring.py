"""Outputs that are none, and models that end the process."""

import sys

import pytest

from baseline_pipeline.errors import ModelFailed
from baseline_pipeline.scoring import outputs_of
from tests.test_explaining import POLICY, VERSION, rows


class Giving:
    """A model that answers as it is told."""

    def __init__(self, answer):
        self.answer = answer

    def predict(self, frame):
        return self.answer(len(frame))


def finished(contract):
    return contract.model_copy(update={"model": contract.model.model_copy(update={"output": "prediction"})})


def regression(contract):
    return contract.model_copy(update={"task": "regression"})


def failure(answer, contract=POLICY, classes=("0", "1")):
    frame = rows(count=4)[0].to_pandas()
    with pytest.raises(ModelFailed) as caught:
        outputs_of(contract, frame, Giving(answer), VERSION, classes)
    return str(caught.value)


def test_a_text_where_a_probability_is_due_is_named_with_its_row():
    words = failure(lambda count: [0.5] * (count - 1) + ["yes"])

    assert "gave 'yes' for row replayed 3 (1 such rows); accepted: a number" in words


@pytest.mark.parametrize(("given", "told"), [("yes", True), ("maybe", False)])
def test_classes_where_a_probability_is_due_are_told_with_the_word_that_declares_them(given, told):
    words = failure(lambda count: ["no"] * (count - 1) + [given], classes=("no", "yes"))

    assert ("it gives classes: declare `model: {output: prediction}`" in words) is told


def test_fewer_columns_than_classes_are_told_before_what_they_sum_to():
    several = POLICY.model_copy(update={"task": "multiclass_classification"})

    words = failure(lambda count: [[0.5, 0.2]] * count, several, ("a", "b", "c"))

    assert "gave 2 columns for 3 classes (a, b, c: the labels of these rows)" in words


def test_rows_of_unequal_length_end_in_words():
    words = failure(lambda count: [[0.5]] * (count - 1) + [[0.2, 0.8]])

    assert "rows of unequal length" in words


def test_a_model_that_ends_the_process_does_not_end_it():
    words = failure(lambda _: sys.exit(0))

    assert "SystemExit: 0" in words


def test_a_worker_speaks_for_its_model():
    def refuse(_count):
        raise ModelFailed("nan for row 13 (402 such rows)")  # noqa: EM101, TRY003  # as a worker says it

    words = failure(refuse)

    assert words.endswith("nan for row 13 (402 such rows)")
    assert "ModelFailed" not in words


@pytest.mark.parametrize(
    ("contract", "answer", "words"),
    [
        (POLICY, [0.2, 0.3, 0.5], "gave 3 columns; accepted: the positive class's probability, or both classes'"),
        (finished(POLICY), ["no", "yes"], "gave 2 columns; accepted: one prediction per row"),
        (regression(POLICY), [1.0, 2.0], "gave 2 columns; accepted: one prediction per row"),
    ],
)
def test_more_columns_than_the_contract_can_read_are_told(contract, answer, words):
    assert words in failure(lambda count: [answer] * count, contract)
