import io
import re
from dataclasses import replace

import pytest
from rich.console import Console

from baseline_pipeline.evaluation import MetricValue
from baseline_pipeline.report.terminal import coloured, decision_text
from baseline_pipeline.report.wrapping import columns


def test_reasons_beyond_the_eighth_are_counted(decision_story):
    many = replace(
        decision_story,
        decision=decision_story.decision.model_copy(update={"reasons": tuple(f"reason {n}" for n in range(1, 13))}),
    )

    assert "8. reason 8\n  4 more reasons (--all shows them)\n" in decision_text(many)
    assert "12. reason 12" in decision_text(many, show_all=True)


def test_the_outcome_stands_first_and_the_next_step_last(decision_story):
    lines = decision_text(decision_story).splitlines()

    assert lines[0] == "REJECT  flight_delays  (moderate)"
    assert lines[-2:] == ["  the contract asks to: experiment", "  this concerns on-call: team:flights"]


def test_sections_stand_in_the_order_they_are_needed(decision_story):
    text = decision_text(decision_story)

    titles = ("Why", "What changed", "Comparison:", "Drift", "Data quality", "Environment", "Next")
    assert [text.index(f"\n{title}") for title in titles] == sorted(text.index(f"\n{title}") for title in titles)


def value(slice_, number, metric="roc_auc", **more):
    spread = {} if number is None else {"low": number - 0.02, "high": number + 0.02}
    given = {"rows": 900, "clusters": None, "low": None, "high": None, "value": number, **spread, **more}
    return MetricValue(metric=metric, slice=slice_, **given)


@pytest.fixture
def first(decision_story, retold):
    story = retold(
        (),
        compared={"baseline_revision": None, "changed": (), "drift": None},
        decided={"outcome": "hold", "hold": "needs_approval", "tier": None},
    )
    values = (
        value("all", 0.8),
        value("all", None, "recall", note="no positives"),
        value("all", 12.5, "own", low=None, high=None),
        *(value(f"carrier={name}", number) for name, number in zip("ABCDE", (0.9, 0.6, 0.7, 0.5, None), strict=True)),
        value("carrier=A", 0.1, "recall"),
    )
    key = story.comparison.candidate
    evaluation = story.evaluations[key].model_copy(update={"metrics": values})
    return replace(story, evaluations={key: evaluation})


def test_a_first_run_prints_what_was_measured_and_the_worst_slices_before_what_is_next(first):
    text = decision_text(first)

    assert text[text.index("Measured") : text.index("\n\nDrift")].splitlines() == [
        "Measured",
        "  roc_auc  0.800 [0.780, 0.820]  n=900",
        "  recall  not measured: no positives  n=900",
        "  own  12.5  n=900",
        "  worst slices by roc_auc:",
        "  roc_auc[carrier=D]  0.500 [0.480, 0.520]  n=900",
        "  roc_auc[carrier=B]  0.600 [0.580, 0.620]  n=900",
        "  roc_auc[carrier=C]  0.700 [0.680, 0.720]  n=900",
        "  3 more values of slices (--all shows them)",
    ]
    assert text.index("Measured") < text.index("\nNext")


def test_one_slice_more_is_one_value(first):
    key = first.comparison.candidate
    kept = first.evaluations[key].metrics[:-2]
    story = replace(first, evaluations={key: first.evaluations[key].model_copy(update={"metrics": kept})})

    assert "  1 more value of slices (--all shows them)" in decision_text(story).splitlines()


def test_every_slice_of_a_first_run_is_shown_when_asked_for(first):
    text = decision_text(first, show_all=True)

    assert "recall[carrier=A]  0.100" in text
    assert "--all" not in text


def test_beside_a_baseline_verdicts_stand_for_what_was_measured(decision_story):
    assert "\nMeasured" not in decision_text(decision_story)


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


def printed(story, **console):
    stream = io.StringIO()
    Console(file=stream, width=100, **console).print(coloured(decision_text(story)))
    return stream.getvalue()


def test_a_pipe_gets_no_escapes(decision_story):
    assert printed(decision_story, force_terminal=False) == decision_text(decision_story) + "\n"


@pytest.mark.parametrize("no_color", [False, True])
def test_a_console_without_colour_shows_none(decision_story, no_color):
    text = printed(decision_story, force_terminal=True, color_system="standard", no_color=no_color)

    assert bool(re.search("\x1b\\[[0-9;]*3[0-7]m", text)) is not no_color


@pytest.mark.parametrize(
    ("learned", "words"),
    [
        (0, None),
        (300, "  300 rows left out: version 7 learned from them (2013-01-01 to 2013-04-30)"),
        (
            900,
            "  version 7 learned from all of these rows (2013-01-01 to 2013-04-30): they flatter it, bring later ones",
        ),
    ],
)
def test_a_first_run_says_which_rows_its_model_learned_from(first, learned, words):
    key = first.comparison.candidate
    evaluation = first.evaluations[key].model_copy(update={"rows": 900, "learned": learned})

    lines = decision_text(replace(first, evaluations={key: evaluation}), width=120).splitlines()

    after = lines[lines.index("Measured") + 1]
    assert after == words if words else "learned from" not in after


def test_a_model_that_does_not_repeat_itself_is_doubted_before_there_is_anything_to_compare(first):
    key = first.comparison.candidate
    noisy = first.evaluations[key].model_copy(update={"replay_difference": 4.53})
    told = replace(first, evaluations={**first.evaluations, key: noisy})

    assert "moves scores" not in decision_text(first)
    assert "Doubts\n  candidate: scoring the same rows twice moves scores by up to 4.5\n" in decision_text(told)
