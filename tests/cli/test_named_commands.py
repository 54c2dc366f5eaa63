"""Every command that a sentence or a page of ours names can be typed as it stands: verb, arguments, options are there."""

import ast
import re
import shlex
from pathlib import Path

import click
import pytest
import typer

import baseline_pipeline
from baseline_pipeline.cli.app import app

PACKAGE = Path(baseline_pipeline.__file__).parent
WITH_REASON = {"establish", "approve", "reject", "override", "rollback", "retire"}
"""Verbs that refuse to act without a reason, though a signed statement may stand for it."""


def _text(node):
    """A string as it is shown, with a word for everything that is put in."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    return "".join(one.value if isinstance(one, ast.Constant) else "1" for one in node.values)


def _strings(tree):
    """Strings that users meet, f-strings whole: neither docstrings nor the help of options."""
    passed = set()
    for node in ast.walk(tree):
        told = isinstance(node, ast.Expr) or (isinstance(node, ast.keyword) and node.arg == "help")
        if told or isinstance(node, ast.JoinedStr):
            passed.update(inner for inner in ast.walk(node.value if told else node) if inner is not node)
        if isinstance(node, ast.Constant | ast.JoinedStr) and node not in passed:
            yield _text(node)


def named():
    for file in sorted(PACKAGE.rglob("*.py")):
        for text in _strings(ast.parse(file.read_text())):
            for command in re.findall(r"`baseline ([^`]+)`", text):
                yield file.relative_to(PACKAGE).as_posix(), command
    for file in sorted([*PACKAGE.rglob("*.md"), *PACKAGE.rglob("*.html")]):
        text = re.sub(r"\{\{.*?\}\}", "1", file.read_text())
        for command in re.findall(r"(?:`|<code>)baseline ([^`<]+)(?:`|</code>)", text):
            yield file.relative_to(PACKAGE).as_posix(), command


def documented():
    """Commands of the pages for people, and whether each stands in a block, to be typed whole."""
    root = PACKAGE.parent
    for file in [root / "README.md", *sorted((root / "docs").glob("*.md"))]:
        text = file.read_text()
        for block in re.findall(r"^ *```\w*\n(.*?)^ *```", text, re.MULTILINE | re.DOTALL):
            for command in re.findall(r"^ *baseline ([^|\n]+)", block.replace("\\\n", " "), re.MULTILINE):
                yield file.name, command, True
        for command in re.findall(r"`baseline ([^`\n]+)`", text):
            yield file.name, command, False


NAMED = sorted(set(named()))


def wrong(words):
    """What the command line would refuse, or an empty text."""
    group = typer.main.get_command(app)
    try:
        context = group.make_context("baseline", list(words), resilient_parsing=False)
        name, command, rest = group.resolve_command(context, [*context.protected_args, *context.args])
        while isinstance(command, click.Group):
            context = command.make_context(name, rest, parent=context)
            name, command, rest = command.resolve_command(context, [*context.protected_args, *context.args])
        command.make_context(name, rest, parent=context)
    except (click.MissingParameter, click.NoSuchOption) as error:
        return error.format_message()
    except click.BadParameter:
        return ""  # a placeholder where a number or one of a few words is wanted
    except click.UsageError as error:
        return error.format_message()
    except click.exceptions.Exit:
        return ""
    return "" if name not in WITH_REASON or "--reason" in words or "--statement" in words else "no --reason"


def test_there_are_commands_to_check():
    assert len(NAMED) > 40


@pytest.mark.parametrize(("place", "command"), NAMED)
def test_a_command_that_a_sentence_names_can_be_typed(place, command):
    assert wrong(shlex.split(command)) == "", f"{place}: baseline {command}"


@pytest.mark.parametrize(("page", "command", "whole"), sorted(set(documented())))
def test_a_command_of_a_page_can_be_typed(page, command, whole):
    found = wrong(shlex.split(command, comments=True))

    assert found == "" or (not whole and found.startswith("Missing")), f"{page}: baseline {command}"
