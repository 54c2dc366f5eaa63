"""uv as a process: what it is asked, what it said, and for how long it may go on."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from threading import Timer
from typing import TYPE_CHECKING

from baseline_pipeline.environment.lock import without_secrets

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

QUESTION = 120.0
"""Seconds that uv may take to answer what it needs no package for."""


@dataclass(frozen=True)
class Answer:
    """What uv said.

    Attributes:
        code: Its exit code; `None` where it was ended for taking too long.
        out: Its standard output.
        said: Its standard error, without secrets.
    """

    code: int | None
    out: str
    said: str

    @property
    def last(self) -> str:
        """The last line that it said."""
        lines = [line.strip() for line in self.said.splitlines() if line.strip()]
        return lines[-1] if lines else "nothing was said"


def call_uv(
    words: Sequence[str],
    *,
    seconds: float = QUESTION,
    given: str = "",
    variables: Mapping[str, str] | None = None,
    hear: Callable[[str], None] = lambda _: None,
) -> Answer:
    """Run uv, which has a process group of its own: what it started ends with it.

    Args:
        words: Its arguments.
        seconds: After these it is ended.
        given: Its standard input.
        variables: Beside our own and those that every call has.
        hear: Told every line of standard error as it comes.
    """
    from uv import find_uv_bin

    env = {**os.environ, "UV_PYTHON_DOWNLOADS": "never", "VIRTUAL_ENV": "", "NO_COLOR": "1", **(variables or {})}
    said: list[str] = []
    until = time.monotonic() + seconds
    with tempfile.TemporaryFile("w+") as asked, tempfile.TemporaryFile("w+") as out:
        asked.write(given)
        asked.seek(0)
        with subprocess.Popen(  # noqa: S603  # an absolute path, our own words
            [find_uv_bin(), *words],
            stdin=asked,
            stdout=out,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            env=env,
            process_group=0,
        ) as process:
            late = Timer(seconds, _end, [process.pid])
            late.daemon = True
            late.start()
            try:
                for line in process.stderr or ():
                    said.append(without_secrets(line.rstrip()))
                    hear(said[-1])
                process.wait()
            finally:
                late.cancel()
                if process.returncode is None:
                    _end(process.pid)
        out.seek(0)
        ended = process.returncode == -signal.SIGKILL and time.monotonic() >= until
        return Answer(None if ended else process.returncode, out.read(), "\n".join(said))


def _end(group: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)
