from dataclasses import replace

import html5lib
import pytest

from baseline_pipeline.records import canonical_json
from baseline_pipeline.report.html import decision_html, model_html
from baseline_pipeline.report.json_report import decision_json
from baseline_pipeline.report.markdown import decision_markdown
from baseline_pipeline.report.story import DecisionStory, ModelStory
from baseline_pipeline.report.terminal import decision_text

BARE = {
    "evaluations": {},
    "snapshots": {},
    "drift": None,
    "quality": None,
    "calibration": (),
    "trajectories": (),
    "ledger": (),
    "links": (),
    "worst_rows": (),
    "followed": (),
    "commands": (),
}
NOTHING = dict.fromkeys(
    (
        *("baseline", "candidate", "gain", "interval", "harm_bounds", "p_value", "p_adjusted", "margin", "severe"),
        *("minimum_detectable_effect", "rows_required", "clusters", "changed_rows", "tier"),
    )
)
NO_BASELINE = {"baseline_revision": None, "changed": (), "drift": None}
FIRST = {"outcome": "hold", "hold": "needs_approval", "tier": None, "approvals_required": 1, "actions": ()}


@pytest.fixture
def cases(decision_story, retold, cell):
    contrast = decision_story.comparison.contrasts[0]

    def with_cells(*cells, **changes):
        return retold((contrast.model_copy(update={"cells": cells, **changes}),))

    many = [
        cell(slice=f"carrier={n}", metric=m, verdict="unchanged", tier=None) for n in range(500) for m in ("a", "b")
    ]
    regression = decision_story.card.model_copy(update={"task": "regression", "description": None, "owners": {}})
    return {
        "no baseline yet": retold((), compared=NO_BASELINE, decided=FIRST),
        "nothing but the decision": retold((), compared=NO_BASELINE, decided={**FIRST, "reasons": ()}, **BARE),
        "nothing moved": retold((), compared={"changed": ()}, decided={"outcome": "promote", "tier": None}),
        "all not evaluated": with_cells(cell(**NOTHING, verdict="not_evaluated", rows=0, note="no rows")),
        "no slices": with_cells(cell(slice="all", role="primary")),
        "no cells": with_cells(),
        "requests": with_cells(cell(metric="latency_mean", slice="all", counts="requests", rows_required=5100)),
        "500 slices": with_cells(*many),
        "very long names": with_cells(cell(slice="carrier=" + "W" * 4000, metric="m" * 900)),
        "unpaired": with_cells(cell(changed_rows=None, clusters=None), pairing="unpaired", changes=None),
        "not comparable": with_cells(not_comparable="the label column is another one"),
        "no drift": retold(drift=None, changed_drift=None),
        "regression": retold(card=regression, calibration=()),
        "records not at hand": retold(evaluations={}, snapshots={}),
        "many reasons": retold(decided={"reasons": tuple(f"reason {n}" for n in range(60))}),
    }


NAMES = (
    *("no baseline yet", "nothing but the decision", "nothing moved", "all not evaluated", "no slices", "no cells"),
    *("500 slices", "very long names", "unpaired", "not comparable", "no drift", "regression", "requests"),
    *("records not at hand", "many reasons"),
)


@pytest.mark.parametrize("name", NAMES)
def test_every_report_can_be_written(cases, name):
    story = cases[name]
    page = decision_html(story)

    html5lib.HTMLParser(strict=True).parse(page)
    for text in (page, decision_text(story), decision_markdown(story), canonical_json(decision_json(story)).decode()):
        assert "nan" not in text.lower().replace("provenance", "")
        assert "None" not in text


def test_one_reason_more_is_one_reason(decision_story):
    reasons = tuple(f"reason {number}" for number in range(9))
    story = replace(decision_story, decision=decision_story.decision.model_copy(update={"reasons": reasons}))

    assert "<summary>1 more reason</summary>" in decision_html(story)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("no baseline yet", "baseline establish flight_delays"),
        ("no baseline yet", "There is no baseline to have changed from."),
        ("nothing moved", "Nothing moved since baseline revision 3."),
        ("all not evaluated", "not evaluated"),
        ("no cells", "No metric was compared."),
        ("requests", '<td class="number">2,914 requests</td>'),
        ("requests", '<td class="number">5,100 requests</td>'),
        ("500 slices", "475 less critical slices stand in"),
        ("not comparable", "the label column is another one"),
        ("unpaired", "unpaired"),
        ("many reasons", "52 more reasons"),
    ],
)
def test_an_empty_place_is_said_in_words(cases, name, said):
    assert said in decision_html(cases[name]).replace("<code>", "").replace("</code>", "")


@pytest.mark.parametrize(("name", "heading"), [("no drift", "Drift"), ("regression", "Reliability")])
def test_a_section_without_content_is_left_out(cases, name, heading):
    assert f"<h2>{heading}</h2>" not in decision_html(cases[name])


def test_a_model_without_history_says_what_to_do(decision_story):
    page = model_html(ModelStory(card=decision_story.card))

    assert "No baseline yet" in page
    assert "Nothing has been decided yet." in page


def test_a_story_needs_only_card_decision_and_comparison(decision_story):
    story = DecisionStory(decision_story.card, decision_story.decision, decision_story.comparison)

    assert "REJECT" in decision_html(story)


@pytest.mark.parametrize(
    ("outcome", "hold", "tone"),
    [
        ("promote", None, "good"),
        ("establish", None, "good"),
        ("reject", None, "bad"),
        ("hold", "harm_unresolved", "bad"),
        ("hold", "needs_approval", "wait"),
        ("hold", "inconclusive", "unknown"),
        ("hold", "not_comparable", "unknown"),
        ("hold", "evidence_missing", "unknown"),
    ],
)
def test_every_outcome_has_a_colour_a_word_and_a_next_step(retold, outcome, hold, tone):
    page = decision_html(retold(decided={"outcome": outcome, "hold": hold, "tier": None}))

    assert f'class="outcome {tone}"' in page
    assert f">{outcome.upper()}" in page
    assert "Next:</strong> " in page
