"""Words on stderr, data on stdout."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable


def say(message: str = "") -> None:
    """A line for people."""
    print(message, file=sys.stderr, flush=True)  # noqa: T201  # the command line's voice


def say_of(model: str, error: Exception) -> None:
    """What went wrong with a model, for people, who are told its name once."""
    words = str(error)
    say(words if words.startswith(f"{model}: ") else f"{model}: {words}")


def emit(value: object) -> None:
    """JSON for programs."""
    print(json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False))  # noqa: T201  # the command line's data


def show(text: str) -> None:
    """A result for people, coloured where a terminal reads it and NO_COLOR is not set."""
    import os

    if sys.stdout.isatty() and not os.environ.get("NO_COLOR"):
        from rich.console import Console

        from baseline_pipeline.report.terminal import coloured

        Console(soft_wrap=True, highlight=False).print(coloured(text))
    else:
        print(text)  # noqa: T201  # the command line's data


def progress(*, quiet: bool) -> Callable[[str], None]:
    """Steps with the seconds since the start."""
    started = time.monotonic()

    def tell(message: str) -> None:
        if not quiet:
            say(f"  {time.monotonic() - started:5.1f} s  {message}")

    return tell
