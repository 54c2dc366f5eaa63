"""A worker that stays: it holds a model and answers until it is left."""

from __future__ import annotations

import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from baseline_pipeline.adapters.environments.job_files import written
from baseline_pipeline.adapters.environments.knobs import variables
from baseline_pipeline.errors import EvidenceUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from baseline_pipeline.adapters.environments.built import Built
    from baseline_pipeline.adapters.environments.knobs import Knobs


@contextmanager
def serving(built: Built, job: dict[str, Any], knobs: Knobs, scratch: Path) -> Iterator[Server]:
    """A worker that holds the model and answers blocks until it is left.

    Raises:
        EvidenceUnavailable: when it does not get ready.
    """
    scratch.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=scratch, prefix="job-") as name:
        folder = Path(name)
        command = written(built, {**job, "serve": True}, knobs, folder)
        with subprocess.Popen(  # noqa: S603  # the environment's interpreter on our own script
            command,
            cwd=folder,
            env=variables(knobs),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        ) as process:
            try:
                yield Server(process)
            finally:
                process.kill()


class Server:
    """A worker that is asked for blocks of rows."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._heard("ready")

    @property
    def pid(self) -> int:
        """The process's number."""
        return self._process.pid

    def seconds(self, start: int, rows: int) -> float:
        """How long it took to score a block."""
        assert self._process.stdin is not None  # noqa: S101  # it was asked for
        self._process.stdin.write(f"{start} {rows}\n")
        self._process.stdin.flush()
        return int(self._heard("a time")) / 1e9

    def _heard(self, wanted: str) -> str:
        assert self._process.stdout is not None  # noqa: S101  # it was asked for
        line = self._process.stdout.readline().strip()
        if not line:
            message = f"a worker that was timed ended before it said {wanted}"
            raise EvidenceUnavailable(message, next_step="score with it first: that says what is wrong")
        return line
