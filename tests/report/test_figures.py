import pytest

from baseline_pipeline.figures import MISSING, bracketed, fixed, p_text


@pytest.mark.parametrize(
    ("margin", "interval", "expected"),
    [
        (0.03, (-0.061, -0.029), 3),
        (0.005, (-0.002, 0.001), 4),
        (0.03, (-0.0004, -0.0002), 4),
        (0.03, (-4e-9, -2e-9), 5),
        (0.03, None, 3),
        (25.0, (-3.0, 4.0), 0),
        (None, (-0.01, 0.02), 3),
        (None, None, 3),
    ],
)
def test_decimals_follow_the_margin_and_the_interval(cell, margin, interval, expected):
    assert cell(margin=margin, interval=interval).decimals == expected


@pytest.mark.parametrize("value", [None, float("nan"), float("inf"), -float("inf")])
def test_what_is_no_number_is_said_in_words(value):
    assert fixed(value) == MISSING


def test_a_huge_number_stays_short():
    assert fixed(1e300, 3, signed=True) == "+1e+300"


def test_an_interval_with_an_infinite_end_is_left_out():
    assert bracketed((float("-inf"), 1.0), 2) == ""


def test_a_tiny_p_value_is_never_shown_as_zero():
    assert p_text(0.0) == "<0.001"
