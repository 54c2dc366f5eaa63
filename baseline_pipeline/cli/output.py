"""Words on stderr, data on stdout."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from contextvars import ContextVar
from typing import TextIO

_OUT: ContextVar[TextIO | None] = ContextVar("out", default=None)


@contextmanager
def data_alone() -> Iterator[None]:
    """Stdout for data alone: what models, metrics and sources print is none, and goes to stderr."""
    token = _OUT.set(sys.stdout)
    try:
        with redirect_stdout(sys.stderr):
            yield
    finally:
        _OUT.reset(token)


def out() -> TextIO:
    """Where data goes."""
    return _OUT.get() or sys.stdout


def say(message: str = "") -> None:
    """A line for people, in one piece: two workers speak at once."""
    print(f"{message}\n", end="", file=sys.stderr, flush=True)  # noqa: T201  # the command line's voice


def say_of(model: str, error: Exception) -> None:
    """What went wrong with a model, for people, who are told its name once."""
    words = str(error)
    say(words if words.startswith(f"{model}: ") else f"{model}: {words}")


def emit(value: object) -> None:
    """JSON for programs."""
    print(json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False), file=out())  # the command line's data


def show(text: str) -> None:
    """A result for people, coloured where a terminal reads it and NO_COLOR is not set."""
    import os

    if out().isatty() and not os.environ.get("NO_COLOR"):
        from rich.console import Console

        from baseline_pipeline.report.terminal import coloured

        Console(file=out(), soft_wrap=True, highlight=False).print(coloured(text))
    else:
        print(text, file=out())  # the command line's data


def progress(*, quiet: bool) -> Callable[[str], None]:
    """Steps with the seconds since the start."""
    started = time.monotonic()

    def tell(message: str) -> None:
        if not quiet:
            say(f"  {time.monotonic() - started:5.1f} s  {message}")

    return tell
