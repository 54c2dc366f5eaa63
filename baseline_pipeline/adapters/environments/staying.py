"""A worker that stays and is asked line by line; no answer is waited for longer than a job may take."""

from __future__ import annotations

import os
import selectors
import subprocess
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from baseline_pipeline.adapters.environments.job_files import written
from baseline_pipeline.adapters.environments.knobs import variables
from baseline_pipeline.errors import EvidenceUnavailable

if TYPE_CHECKING:
    from pathlib import Path

    from baseline_pipeline.adapters.environments.built import Built
    from baseline_pipeline.adapters.environments.knobs import Knobs


class StayingWorker:
    """A process that holds a model; it is asked until it is ended.

    Args:
        built: Where it lives.
        job: What it loads; see `worker`.
        knobs: What is held still; `seconds` bounds every answer, the first one too.
        folder: Where the process works, and leaves what it has to say of a failure.
    """

    def __init__(self, built: Built, job: dict[str, Any], knobs: Knobs, folder: Path) -> None:
        self._seconds = knobs.seconds
        self._process = subprocess.Popen(  # noqa: S603  # the environment's interpreter on our own script
            written(built, {**job, "serve": True}, knobs, folder),
            cwd=folder,
            env=variables(knobs),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
        )

    @property
    def pid(self) -> int:
        """The process's number."""
        return self._process.pid

    def asked(self, words: str) -> str:
        """The answer to a line; see `heard`."""
        assert self._process.stdin is not None  # noqa: S101  # it was asked for
        with suppress(BrokenPipeError):  # it ended: that is heard
            self._process.stdin.write(f"{words}\n".encode())
        return self.heard()

    def heard(self) -> str:
        """The next line that it says; nothing where it ended.

        Raises:
            EvidenceUnavailable: when it says nothing for as long as a job may take; it is ended.
        """
        assert self._process.stdout is not None  # noqa: S101  # it was asked for
        line, until = b"", time.monotonic() + self._seconds
        with selectors.DefaultSelector() as waiting:
            waiting.register(self._process.stdout, selectors.EVENT_READ)
            while not line.endswith(b"\n"):
                if not waiting.select(max(until - time.monotonic(), 0)):
                    self.end()
                    message = f"a model's process said nothing for {self._seconds:.0f} s (environment.job_time)"
                    raise EvidenceUnavailable(
                        message, next_step="see what it waits for, or let environment.job_time be longer"
                    )
                some = os.read(self._process.stdout.fileno(), 4096)
                if not some:
                    with suppress(
                        subprocess.TimeoutExpired
                    ):  # what it has to say of a failure, it leaves before it ends
                        self._process.wait(max(until - time.monotonic(), 0))
                    return ""
                line += some
        return line.decode().strip()

    def end(self) -> None:
        """Let the process be gone."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
