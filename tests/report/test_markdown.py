import pytest

from baseline_pipeline.report.markdown import decision_markdown, escaped


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a|b", "a\\|b"),
        ("`x`", "\\`x\\`"),
        ("<img src=x>", "&lt;img src=x&gt;"),
        ("flight_delays _so_", "flight_delays \\_so\\_"),
        ("https://evil.example", "https\\://evil.example"),
        ("@everyone", "@<!-- -->everyone"),
        ("one\ntwo", "one\\\\x0atwo"),
        ("a\\|b", "a\\\\\\|b"),
    ],
)
def test_text_keeps_no_meaning_in_markdown(text, expected):
    assert escaped(text) == expected


def test_the_outcome_and_the_worst_slice_are_told(decision_story):
    text = decision_markdown(decision_story)

    assert text.startswith("## REJECT (moderate) · flight_delays\n")
    assert "| DEGRADED, moderate | recall | carrier=EV | 0.871 | 0.826 | -0.045 |" in text
    assert "17 more: 4 inconclusive" in text


def test_secrets_in_addresses_are_left_out(decision_story):
    text = decision_markdown(decision_story)

    assert "secret" not in text
    assert "tracking.example/mlflow" in text
