"""Every command that a sentence of ours names can be typed as it stands: its verb, arguments and options are there."""

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
