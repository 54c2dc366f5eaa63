"""Whatever a name, a slice, a reason or a path holds, no report lets it become markup or a command."""

import re
import typing
from dataclasses import fields, is_dataclass, replace

import html5lib
import pytest

from baseline_pipeline.records import Record
from baseline_pipeline.report.html import decision_html, model_html
from baseline_pipeline.report.markdown import decision_markdown
from baseline_pipeline.report.terminal import decision_text
from baseline_pipeline.report.wrapping import columns

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "javascript:alert(1)",
    "</style></title></svg><iframe src=https://evil.example>",
    "<!-- --> ]]> &lt;b&gt; {{ 7 * 7 }} {% raw %}",
    "\u202eetoved\u2066\u200b",
    "\x1b[2J\x1b]8;;https://evil.example\x07\x9b31m\x00",
    "a|b||c \\| d",
    "`x` ``y``` ~~~",
    "\n\n# heading\r\n- item\n| a | b |\n|---|---|\u2028",
    "W" * 3000,
]


def poisoned(value, text, kept=frozenset()):
    """The value with the text behind every string in it that is not empty or of a fixed vocabulary."""
    if isinstance(value, str):
        return value + text if value and value != "all" and value not in kept else value
    if isinstance(value, Record):
        found = {
            name: poisoned(getattr(value, name), text, vocabulary(field.annotation))
            for name, field in type(value).model_fields.items()
        }
        return value.model_copy(update=found)
    if is_dataclass(value):
        return replace(value, **{each.name: poisoned(getattr(value, each.name), text) for each in fields(value)})
    if isinstance(value, tuple):
        return tuple(poisoned(item, text, kept) for item in value)
    if isinstance(value, dict):
        return {poisoned(key, text): poisoned(item, text) for key, item in value.items()}
    return value


def vocabulary(annotation):
    parts = typing.get_args(annotation)
    words = {part for part in parts if isinstance(part, str)}
    return words.union(*(vocabulary(part) for part in parts))


def shape(text):
    """Every element with the names of its attributes, in order; links and classes with their values."""
    parsed = html5lib.parse(text, namespaceHTMLElements=False)
    told = {"href", "class", "http-equiv", "content", "id"}
    return [
        (node.tag, tuple(sorted((name, value if name in told else "") for name, value in node.attrib.items())))
        for node in parsed.iter()
        if isinstance(node.tag, str)
    ]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_decisions_page_keeps_its_shape(decision_story, text):
    page = decision_html(poisoned(decision_story, text))

    assert shape(page) == shape(decision_html(decision_story))


@pytest.mark.parametrize("text", HOSTILE)
def test_a_models_page_keeps_its_shape(model_story, text):
    page = model_html(poisoned(model_story, text))

    assert shape(page) == shape(model_html(model_story))


@pytest.mark.parametrize("text", HOSTILE)
def test_a_page_can_load_nothing_and_run_nothing(decision_story, text):
    found = html5lib.parse(decision_html(poisoned(decision_story, text)), namespaceHTMLElements=False)
    elements = [node for node in found.iter() if isinstance(node.tag, str)]
    names = {name for node in elements for name in node.attrib}

    assert not {node.tag for node in elements} & {"script", "img", "iframe", "object", "embed", "link", "base", "form"}
    assert not {name for name in names if name.startswith("on") or name in {"src", "style", "srcset", "action"}}
    assert all(node.get("href", "#").startswith("#") for node in elements)
    assert not re.search(r"url\(|@import|expression\(", "".join(style.text for style in found.iter("style")))


@pytest.mark.parametrize("text", HOSTILE)
def test_a_page_holds_no_unseen_characters(decision_story, text):
    page = decision_html(poisoned(decision_story, text))

    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069]", page)


@pytest.mark.parametrize("show_all", [False, True])
@pytest.mark.parametrize("text", HOSTILE)
def test_the_terminal_gets_printable_lines_that_fit(decision_story, text, show_all):
    lines = decision_text(poisoned(decision_story, text), show_all=show_all).split("\n")

    assert all(line.isprintable() for line in lines)
    assert max(map(columns, lines)) <= 100


@pytest.mark.parametrize("text", HOSTILE)
def test_a_markdown_table_keeps_its_columns(decision_story, text):
    clean, page = (decision_markdown(story) for story in (decision_story, poisoned(decision_story, text)))

    assert borders(page) == borders(clean)


def borders(page):
    """Unescaped pipes of every line of a table."""
    return [len(re.findall(r"(?<!\\)(?:\\\\)*\|", line)) for line in page.split("\n") if line.startswith("|")]


@pytest.mark.parametrize("text", HOSTILE)
def test_markdown_holds_no_html_but_our_own_comment(decision_story, text):
    page = decision_markdown(poisoned(decision_story, text))
    outside_code = "\n".join(line for line in page.split("\n") if not line.startswith("    "))
    outside_code = re.sub(r"(?<!\\)`[^`]*`", "", outside_code)

    assert not re.search(r"<(?!!-- -->)", outside_code)


def test_template_words_in_values_are_not_run(decision_story):
    page = decision_html(poisoned(decision_story, "{{ 7 * 7 }}"))

    assert "{{ 7 * 7 }}" in page
    assert "49}" not in page
