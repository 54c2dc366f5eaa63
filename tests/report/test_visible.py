import pytest

from baseline_pipeline.report.visible import visible, without_credentials
from baseline_pipeline.report.wrapping import columns, wrap


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\tb\r\n", "a\\x09b\\x0d\\x0a"),
        ("\x9b31m", "\\x9b31m"),
        ("\u202eevil\u2066", "\\u202eevil\\u2066"),
        ("\ud800", "\\ud800"),
        ("\U000e0041", "\\U000e0041"),
        ("\u2028", "\\u2028"),
        ("São Tomé 東京 🛫", "São Tomé 東京 🛫"),
    ],
)
def test_what_moves_or_hides_text_is_spelled_out(text, expected):
    assert visible(text) == expected
    assert visible(expected) == expected


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("https://ana:p%40ss@tracking.example:5000/x", "https://tracking.example:5000/x"),
        ("https://t0ken@tracking.example:5000", "https://tracking.example:5000"),
        ("sqlite:///mlflow.db", "sqlite:///mlflow.db"),
        ("https://tracking.example/a:b@c", "https://tracking.example/a:b@c"),
    ],
)
def test_credentials_are_left_out_of_addresses(uri, expected):
    assert without_credentials(uri) == expected


@pytest.mark.parametrize("text", ["short", "many words " * 40, "x" * 500, "東京" * 200, "a " + "é" * 300 + " b", ""])
@pytest.mark.parametrize("width", [40, 41, 100])
def test_wrapped_lines_fit_and_lose_no_word(text, width):
    lines = wrap(text, width, indent="  ", hanging="      ")

    assert max(map(columns, lines)) <= width
    assert "".join("".join(lines).split()) == "".join(text.split())
