"""What is said to people on stderr."""

import pytest

from baseline_pipeline.cli.output import say_of
from baseline_pipeline.errors import DataUnreadable


@pytest.mark.parametrize("message", ["no file there", "hives: no file there"])
def test_a_model_is_named_once_before_what_went_wrong_with_it(capsys, message):
    say_of("hives", DataUnreadable(message, next_step="look"))

    assert capsys.readouterr().err == "hives: no file there\n  next: look\n"
