"""A worker that is timed: it holds a model and answers until it is left."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from baseline_pipeline.adapters.environments.staying import StayingWorker
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
        worker = StayingWorker(built, job, knobs, Path(name))
        try:
            yield Server(worker)
        finally:
            worker.end()


class Server:
    """A worker that is asked for blocks of rows."""

    def __init__(self, worker: StayingWorker) -> None:
        self._worker = worker
        _said(worker.heard(), "ready")

    @property
    def pid(self) -> int:
        """The process's number."""
        return self._worker.pid

    def seconds(self, start: int, rows: int) -> float:
        """How long it took to score a block.

        Raises:
            EvidenceUnavailable: when the process ends, or says nothing for as long as a job may take.
        """
        return int(_said(self._worker.asked(f"{start} {rows}"), "a time")) / 1e9


def _said(line: str, wanted: str) -> str:
    if not line:
        message = f"a worker that was timed ended before it said {wanted}"
        raise EvidenceUnavailable(message, next_step="score with it first: that says what is wrong")
    return line
