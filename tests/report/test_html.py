import re

import html5lib
import pytest

from baseline_pipeline.comparison import Leaning
from baseline_pipeline.report.html import decision_html, model_html

POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def tree(text):
    return html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(text)


def words(text):
    return " ".join("".join(tree(text).find("body").itertext()).split())


@pytest.fixture
def page(decision_story):
    return decision_html(decision_story)


def test_the_page_is_well_formed_and_forbids_loading(page):
    metas = tree(page).findall(".//meta[@http-equiv='Content-Security-Policy']")

    assert [meta.get("content") for meta in metas] == [POLICY]


def test_the_outcome_stands_before_everything_else(page):
    text = words(page)

    assert text.index("REJECT") < text.index("recall[carrier=EV] degraded") < text.index("What changed")


@pytest.mark.parametrize(
    "said",
    [
        "scikit-learn 1.6.1 -> 1.7.2",
        "candidate: declared 4 cores, observed 2",
        "112 rows left out: inside the training window of version 7",
        "All 21 verdicts: 1 degraded",
        "no rows in this slice",
        "2 of 6 columns moved",
        "1 of 2 expectations hold",
        "recall: late flights no longer found",
        "agreed in the January review",
        "baseline run flight_delays",
        "EPYC 7B13",
        "tracking.example/mlflow",
    ],
)
def test_the_page_tells_what_the_story_knows(page, said):
    assert said in words(page)


def test_every_digest_of_the_chain_is_written_out(page, decision_story):
    text = words(page)

    evaluations = decision_story.evaluations.values()
    assert all(evaluation.key in text and evaluation.scores_file in text for evaluation in evaluations)
    assert decision_story.decision.comparison in text


def test_secrets_in_addresses_are_left_out(page):
    assert "secret" not in page


def test_every_picture_has_words_and_every_head_a_scope(page):
    found = tree(page)
    drawings = [node for node in found.iter() if node.tag.endswith("svg") and node.get("role") == "img"]

    assert drawings
    assert all(node.get("aria-label") for node in drawings)
    assert all(head.get("scope") in {"row", "col"} for head in found.iter("th"))


def test_links_lead_only_to_places_on_the_page(page):
    found = tree(page)
    places = {node.get("id") for node in found.iter() if node.get("id")}

    assert {link.get("href").removeprefix("#") for link in found.iter("a")} <= places


def test_a_models_page_shows_its_baseline_and_its_decisions(model_story):
    text = words(model_html(model_story))

    assert "Baseline revision 3" in text
    assert text.index("REJECT") < text.index("HOLD: inconclusive") < text.index("ESTABLISH")


def test_the_same_story_gives_the_same_bytes(page, decision_story):
    assert decision_html(decision_story) == page


def test_long_intervals_break_before_themselves_and_run_into_nothing(page):
    style = re.search(r"<style>(.*?)</style>", page, re.DOTALL)[1]
    cells = re.findall(r'<td class="number gain">(.*?)</td>', page)

    assert ".forest .gain { white-space: normal; } .forest .gain span { white-space: nowrap; }" in style
    assert cells
    assert all(re.fullmatch(r"<span>[^ <]*</span> <span>[^<]*</span>", cell) for cell in cells)


def test_a_finding_starts_with_a_capital_and_keeps_the_names_it_holds(decision_story, retold):
    leaning = Leaning(feature="HbA1c_mean", baseline=0.2, candidate=0.6, p_adjusted=0.001, found=True)
    contrast = decision_story.comparison.contrasts[0].model_copy(update={"leanings": (leaning,)})

    assert "Leans on another feature: HbA1c_mean makes 20% -> 60%" in words(decision_html(retold((contrast,))))
