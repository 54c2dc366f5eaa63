import io

import pytest
from rich.console import Console

from baseline_pipeline.report.terminal import coloured, decision_text
from baseline_pipeline.report.wrapping import columns


def test_the_outcome_stands_first_and_the_next_step_last(decision_story):
    lines = decision_text(decision_story).splitlines()

    assert lines[0] == "REJECT  flight_delays  (moderate)"
    assert lines[-1] == "  the contract asks to: experiment"


def test_sections_stand_in_the_order_they_are_needed(decision_story):
    text = decision_text(decision_story)

    titles = ("Why", "What changed", "Comparison:", "Drift", "Data quality", "Environment", "Next")
    assert [text.index(f"\n{title}") for title in titles] == sorted(text.index(f"\n{title}") for title in titles)


def test_what_need_not_be_read_is_folded_to_a_count(decision_story):
    text = decision_text(decision_story)

    assert "17 more: 4 inconclusive, 1 not evaluated, 1 improved, 11 unchanged (--all shows them)" in text
    assert "carrier=UA" not in text


def test_everything_is_shown_when_asked_for(decision_story):
    text = decision_text(decision_story, show_all=True)

    assert "carrier=UA" in text
    assert "steady visib" in text
    assert "--all" not in text


@pytest.mark.parametrize("width", [10, 40, 72, 200])
def test_no_line_is_wider_than_the_terminal(decision_story, width):
    text = decision_text(decision_story, width=width, show_all=True)

    assert max(map(columns, text.splitlines())) <= max(width, 40)


def test_colours_add_styles_and_change_no_word(decision_story):
    text = decision_text(decision_story)

    styled = coloured(text)

    assert styled.plain == text
    assert any(
        str(span.style) == "bold red" and styled.plain[span.start : span.end] == "REJECT" for span in styled.spans
    )


@pytest.mark.parametrize(("no_color", "escapes"), [(False, True), (True, False)])
def test_the_console_decides_about_colour(decision_story, no_color, escapes):
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=not no_color, no_color=no_color, color_system="standard", width=100)
    console.print(coloured(decision_text(decision_story)))

    assert ("\x1b[" in stream.getvalue()) is escapes
