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


def failure(answer):
    frame = rows(count=4)[0].to_pandas()
    with pytest.raises(ModelFailed) as caught:
        outputs_of(POLICY, frame, Giving(answer), VERSION, ("0", "1"))
    return str(caught.value)


def test_a_text_where_a_probability_is_due_is_named_with_its_row():
    words = failure(lambda count: [0.5] * (count - 1) + ["yes"])

    assert "gave 'yes' for row replayed 3 (1 such rows); accepted: a number" in words


def test_rows_of_unequal_length_end_in_words():
    words = failure(lambda count: [[0.5]] * (count - 1) + [[0.2, 0.8]])

    assert "rows of unequal length" in words


def test_a_model_that_ends_the_process_does_not_end_it():
    words = failure(lambda _: sys.exit(0))

    assert "SystemExit: 0" in words
