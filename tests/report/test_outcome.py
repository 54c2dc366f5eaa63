import importlib.util
import re

import pytest

from baseline_pipeline.decision import EXIT_CODES
from baseline_pipeline.records import digest_of, short
from baseline_pipeline.report.outcome import next_step, standing


@pytest.mark.parametrize(("outcome", "hold"), EXIT_CODES)
@pytest.mark.parametrize("revision", [None, 3])
def test_every_command_in_a_next_step_is_a_verb_of_the_command_line(decision_story, outcome, hold, revision):
    changes = {"outcome": outcome, "hold": hold, "tier": None, "baseline_revision": revision}
    step = next_step(decision_story.decision.model_copy(update=changes))
    verbs = re.findall(r"baseline (\w+) flight_delays", step)

    assert step
    assert all(importlib.util.find_spec(f"baseline_pipeline.cli.{verb}") for verb in verbs)


@pytest.mark.parametrize(
    ("outcome", "revision", "expected"),
    [
        ("hold", None, "no baseline stands yet"),
        ("promote", 3, "the candidate follows baseline revision 3"),
        ("establish", 1, "baseline revision 1 is established"),
        ("reject", 3, "baseline revision 3 stays"),
    ],
)
def test_what_becomes_of_the_baseline_is_said(decision_story, outcome, revision, expected):
    decision = decision_story.decision.model_copy(update={"outcome": outcome, "baseline_revision": revision})

    assert standing(decision) == expected


def test_a_decision_that_was_only_tried_names_no_command_that_needs_it(decision_story):
    step = next_step(decision_story.decision, tried=True)

    assert "without --dry-run" in step
    assert "`" not in step


def test_whom_to_approve_is_named_by_its_digest(decision_story):
    decision = decision_story.decision.model_copy(update={"outcome": "hold", "hold": "needs_approval", "tier": None})

    assert f"`baseline approve {short(digest_of(decision.body()))} --reason TEXT`" in next_step(decision)


def test_where_nothing_moved_no_new_revision_is_promised(decision_story):
    decision = decision_story.decision.model_copy(
        update={
            "outcome": "promote",
            "hold": None,
            "reasons": ("nothing moved since baseline 3",),
            "baseline_revision": 3,
        }
    )

    assert standing(decision) == "baseline revision 3 stands"
    assert next_step(decision) == "nothing to do"
