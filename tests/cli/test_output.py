"""What is said to people on stderr."""

import json
import sys
from types import SimpleNamespace

import pytest
import typer

from baseline_pipeline.cli.helping import Verb
from baseline_pipeline.cli.output import emit, say, say_of, show
from baseline_pipeline.errors import DataUnreadable


@pytest.mark.parametrize("message", ["no file there", "hives: no file there"])
def test_a_model_is_named_once_before_what_went_wrong_with_it(capsys, message):
    say_of("hives", DataUnreadable(message, next_step="look"))

    assert capsys.readouterr().err == "hives: no file there\n  next: look\n"


def test_a_line_is_written_in_one_piece_beside_others(monkeypatch):
    pieces = []
    monkeypatch.setattr(sys, "stderr", SimpleNamespace(write=lambda text: text and pieces.append(text), flush=list))

    say("scoring 10 rows")

    assert pieces == ["scoring 10 rows\n"]


def test_what_a_model_prints_is_no_data(capsys):
    app = typer.Typer()

    @app.command(cls=Verb)
    def verb():
        """Let a model talk between two results."""
        sys.stdout.write("epoch 1\n")
        emit({"loss": 1})
        show("done")
        sys.stdout.write("epoch 2\n")

    app([], standalone_mode=False)
    sys.stdout.write("afterwards\n")
    said = capsys.readouterr()

    assert json.loads(said.out.removesuffix("done\nafterwards\n")) == {"loss": 1}
    assert said.err == "epoch 1\nepoch 2\n"
