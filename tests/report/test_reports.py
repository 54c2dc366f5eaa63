"""Every form of the report, on a realistic story and on hostile words."""

import json
import re
import xml.etree.ElementTree as ET
from dataclasses import replace

import html5lib
import pytest

from baseline_pipeline.report.html import decision_html, model_html
from baseline_pipeline.report.json_report import decision_json, model_json
from baseline_pipeline.report.markdown import decision_markdown
from baseline_pipeline.report.terminal import decision_text
from baseline_pipeline.report.verdict_line import verdict_line

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "javascript:alert(1)",
    "' onmouseover='alert(1)",
    "</style><svg onload=alert(1)>",
    "a | b `c` \n# d",
    "\x1b[31mred\x1b[0m",
    "\u202eevil",
]
XHTML = "{http://www.w3.org/1999/xhtml}"


def poisoned(value, word, skip=("metric", "moved", "pairing")):
    """The same record with `word` in every free text."""
    texts = {
        "slice",
        "note",
        "question",
        "left_out_because",
        "reasons",
        "details",
        "column",
        "method",
        "rule",
        "observed",
        "row_ids",
        "what",
        "reason",
        "actor",
        "title",
        "value",
        "label",
        "name",
        "description",
        "version",
        "uri",
        "contradictions",
        "package",
        "locked",
    }
    if isinstance(value, dict):
        return {
            key: (_word(inner, word) if key in texts else poisoned(inner, word, skip)) for key, inner in value.items()
        }
    if isinstance(value, list):
        return [poisoned(inner, word, skip) for inner in value]
    return value


def _word(inner, word):
    if isinstance(inner, str):
        return word
    if isinstance(inner, list) and all(isinstance(one, str) for one in inner):
        return [word for _ in inner]
    return poisoned(inner, word)


def hostile(story, word):
    """A story whose comparison, decision and card carry the word wherever a text may stand."""
    comparison = type(story.comparison).model_validate(poisoned(story.comparison.body(), word))
    decision = type(story.decision).model_validate(poisoned(story.decision.body(), word))
    card = type(story.card).model_validate(poisoned(story.card.body(), word))
    drift = type(story.drift).model_validate(poisoned(story.drift.body(), word))
    facts = tuple(type(one).model_validate(poisoned(one.body(), word)) for one in story.ledger)
    found = replace(story, comparison=comparison, decision=decision, card=card, ledger=facts)
    return replace(found, drift=drift, changed_drift=drift)


def elements(page):
    return list(html5lib.parse(page).iter())


def shape(page):
    """Element names and attribute names: all that a page can do beyond showing text."""
    return {(element.tag, name) for element in elements(page) for name in element.attrib} | {
        (element.tag, None) for element in elements(page) if isinstance(element.tag, str)
    }


@pytest.mark.parametrize("word", HOSTILE)
def test_hostile_words_add_no_element_and_no_attribute_to_the_page(decision_story, word):
    plain, page = decision_html(decision_story), decision_html(hostile(decision_story, word))

    assert shape(page) <= shape(plain)
    assert not any(name and name.startswith("on") for _, name in shape(page))


def test_the_page_runs_nothing_and_loads_nothing(decision_story, model_story):
    for page in (decision_html(decision_story), model_html(model_story)):
        tags = {element.tag.removeprefix(XHTML) for element in elements(page) if isinstance(element.tag, str)}
        loaded = [
            value
            for element in elements(page)
            for name, value in element.attrib.items()
            if name in {"src", "href", "action", "data", "poster", "srcset"} and not value.startswith(("#", "data:"))
        ]

        assert not tags & {"script", "link", "iframe", "object", "embed", "base", "form"}
        assert loaded == []
        assert "default-src 'none'" in page
        assert not re.search(r"url\(\s*['\"]?https?:", page)


def test_the_page_says_outcome_reasons_and_every_verdict(decision_story):
    page = decision_html(decision_story)

    assert decision_story.decision.reasons[0].split(" ")[0] in page
    for contrast in decision_story.comparison.contrasts:
        assert contrast.question in page.replace("&#39;", "'")


def drawings(page):
    """The outermost svg elements, as text."""
    depth, start, found = 0, 0, []
    for tag in re.finditer(r"<svg\b|</svg>", page):
        if tag.group() == "</svg>":
            depth -= 1
            if depth == 0:
                found.append(page[start : tag.end()])
        else:
            start = tag.start() if depth == 0 else start
            depth += 1
    return found


def test_drawings_are_well_formed(decision_story, model_story):
    for page in (decision_html(decision_story), model_html(model_story)):
        found = drawings(page)

        assert found
        for drawing in found:
            assert ET.fromstring(drawing) is not None


@pytest.mark.parametrize("word", HOSTILE)
def test_the_terminal_shows_no_control_character(decision_story, word):
    text = decision_text(hostile(decision_story, word), show_all=True)

    assert not set(text) & {"\x1b", "\u202e", "\x00", "\r"}


@pytest.mark.parametrize("word", HOSTILE)
def test_markdown_tables_keep_their_columns(decision_story, word):
    lines = decision_markdown(hostile(decision_story, word), show_all=True).splitlines()
    rows = [line for line in lines if line.startswith("|")]
    width = None
    for line in lines:
        bars = len(re.findall(r"(?<!\\)\|", line))
        if not line.startswith("|"):
            width = None
            continue
        width = width or bars

        assert bars == width, line
    assert rows
    assert "<script" not in "\n".join(lines)


def test_json_is_json_without_nan(decision_story, model_story):
    for value in (decision_json(decision_story), model_json(model_story)):
        assert json.loads(json.dumps(value, allow_nan=False)) == value


def test_the_verdict_line_never_says_nan(decision_story):
    for contrast in decision_story.comparison.contrasts:
        for cell in contrast.cells:
            line = verdict_line(cell, contrast.pairing)

            assert "nan" not in line.lower()
            assert "None" not in line


def test_a_story_without_baseline_drift_and_contrasts_is_told_too(decision_story):
    comparison = decision_story.comparison.model_copy(
        update={"contrasts": (), "baseline_revision": None, "changed": ()}
    )
    decision = decision_story.decision.model_copy(
        update={"outcome": "hold", "hold": "needs_approval", "tier": None, "baseline_revision": None}
    )
    bare = replace(
        decision_story,
        comparison=comparison,
        decision=decision,
        drift=None,
        quality=None,
        calibration=(),
        worst_rows=(),
    )

    assert "needs approval" in decision_text(bare)
    assert "needs approval" in decision_html(bare)
    assert "needs approval" in decision_markdown(bare)


def test_five_hundred_slices_are_folded(decision_story):
    contrast = decision_story.comparison.contrasts[0]
    many = tuple(
        contrast.cells[0].model_copy(update={"slice": f"dest={number:03d}", "role": "guardrail"})
        for number in range(500)
    )
    wide = contrast.model_copy(update={"cells": (contrast.cells[0], *many)})
    comparison = decision_story.comparison.model_copy(update={"contrasts": (wide,)})
    story = replace(decision_story, comparison=comparison)

    assert len(decision_text(story).splitlines()) < 200
    assert "<details" in decision_html(story)
