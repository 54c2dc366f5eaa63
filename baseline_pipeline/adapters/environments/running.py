"""A job done in a built environment by a worker that ends: what became of it, with time and memory bounded."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from baseline_pipeline.adapters.environments import worker_loading
from baseline_pipeline.adapters.environments.job_files import facts_in, outputs_in, written
from baseline_pipeline.adapters.environments.knobs import pinned
from baseline_pipeline.adapters.environments.worker_pinning import kept
from baseline_pipeline.errors import EvidenceUnavailable
from baseline_pipeline.ports import Launched

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from baseline_pipeline.adapters.environments.built import Built
    from baseline_pipeline.adapters.environments.knobs import Knobs
    from baseline_pipeline.ports import Launcher

Array = np.ndarray[Any, Any]
Failure = Literal["load", "schema", "predict", "non_finite", "train", "packages", "time", "memory", "killed", "ended"]
FAILURES: dict[int, Failure] = {
    worker_loading.LOAD: "load",
    worker_loading.SCHEMA: "schema",
    worker_loading.PREDICT: "predict",
    worker_loading.NON_FINITE: "non_finite",
    worker_loading.TRAIN: "train",
    worker_loading.PACKAGES: "packages",
}
FROM_OUTSIDE = {-signal.SIGKILL, -signal.SIGTERM, -signal.SIGINT, -signal.SIGHUP}
"""How a process ends that somebody else ended: the kernel for want of memory, or a person."""
NO_MEMORY = (
    "MemoryError",
    "bad_alloc",
    "Cannot allocate memory",
    "failed to map segment",
    "Memory allocation",
    "realloc",
)
"""What libraries say where the address space is at its limit."""
FULL = os.strerror(errno.ENOSPC)
LEFT = ("model.pkl", "stages.npz")
A_DAY = 86_400.0


@dataclass(frozen=True)
class Ran:
    """What a worker left.

    Attributes:
        failure: What kind of failure; `None` where it did its job.
        words: The failure in the worker's words.
        outputs: (n,) or (n, k) outputs; `None` where it failed.
        facts: Versions, BLAS, warnings, times, memory.
    """

    failure: Failure | None
    words: str
    outputs: Array | None
    facts: dict[str, Any] = field(default_factory=dict)


def launch_here(command: Sequence[str], variables: Mapping[str, str], seconds: float) -> Launched:
    """Run a worker as a child of this process; see `ports.Launcher`."""
    environment = {**kept(os.environ), **variables}
    try:
        done = subprocess.run(  # noqa: S603  # the environment's interpreter on our own script
            command, env=environment, capture_output=True, text=True, errors="replace", timeout=seconds, check=False
        )
    except subprocess.TimeoutExpired as late:
        raise TimeoutError from late
    return Launched(done.returncode, _last_words(done.stderr))


def run_job(
    built: Built,
    job: dict[str, Any],
    knobs: Knobs,
    scratch: Path,
    keep: Path | None = None,
    launch: Launcher = launch_here,
) -> Ran:
    """Do a job in a built environment.

    Args:
        built: Where.
        job: What; see `worker`. Folder and knobs are filled in here.
        knobs: What is held still.
        scratch: Where the job's folder is made; it is gone afterwards.
        keep: Folder that a trained model (`model.pkl`) and outputs of stages (`stages.npz`) are moved to.
        launch: Starts the worker, here or elsewhere; whatever it does, the results are files in the job's folder.

    Raises:
        EvidenceUnavailable: when the environment's interpreter cannot be started, or the worker was never begun.
    """
    scratch.mkdir(parents=True, exist_ok=True)
    _tidy(scratch)
    with tempfile.TemporaryDirectory(dir=scratch, prefix="job-") as name:
        folder = Path(name)
        command = written(built, job, knobs, folder)
        try:
            ended = launch(command, pinned(knobs), knobs.seconds)
        except TimeoutError:
            return _late(knobs)
        except OSError as error:
            message = f"the interpreter of environment {built.folder.name} does not start: {error}"
            raise EvidenceUnavailable(message, next_step=f"remove {built.folder}; it is built anew") from error
        late = folder / "late.txt"
        if ended.code is None and not late.exists():
            message = f"a job was launched and its worker not begun: {ended.words or 'nothing was said'}"
            raise EvidenceUnavailable(message, next_step=f"what launches it has to see {folder.parent}: docs/replay.md")
        facts = facts_in(folder)
        code = facts.get("code") if ended.code is None else ended.code
        done = (
            _done(folder, keep) if code == worker_loading.OK else None
        )  # whoever ends the process with 0 has not done it
        if done is not None:
            return done
        if not facts and late.exists() and late.stat().st_size:
            return _late(knobs)
        return _failed(code, facts.get("failure") or ended.words, facts, knobs)


def run_jobs(
    built: Built,
    jobs: Sequence[dict[str, Any]],
    knobs: Knobs,
    scratch: Path,
    keep: Sequence[Path],
    launch: Launcher = launch_here,
) -> list[Ran | None]:
    """Do several jobs one after the other in one process, which reads its libraries once; see `run_job`.

    Returns:
        What came of each; `None` where it failed or was never begun: alone it will say why.
    """
    scratch.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        held = (tempfile.TemporaryDirectory(dir=scratch, prefix="job-") for _ in jobs)
        folders = [Path(stack.enter_context(one)) for one in held]
        then = [{**job, "output": str(folder)} for job, folder in zip(jobs[1:], folders[1:], strict=True)]
        command = written(built, {**jobs[0], "then": then}, knobs, folders[0])
        with suppress(TimeoutError, OSError):
            launch(command, pinned(knobs), knobs.seconds * len(jobs))
        return [_done(folder, place) for folder, place in zip(folders, keep, strict=True)]


def _done(folder: Path, keep: Path | None) -> Ran | None:
    """What a job left that went well."""
    facts = facts_in(folder)
    if facts.get("code") != worker_loading.OK:
        return None
    for left in LEFT:
        if keep is not None and (folder / left).exists():
            os.replace(folder / left, keep / left)
    return Ran(None, "", outputs_in(folder), facts)


def _late(knobs: Knobs) -> Ran:
    return Ran("time", f"not done after {knobs.seconds:.0f} s (environment.job_time)", None)


def _failed(code: int | None, words: str, facts: dict[str, Any], knobs: Knobs) -> Ran:
    """What an exit code means; where nobody knows it, the words of whoever launched the worker have to do.

    Raises:
        EvidenceUnavailable: when the disk is full, which says nothing of an environment.
    """
    if FULL in words:
        message = f"a worker found no room: {words}"
        raise EvidenceUnavailable(message, next_step="make room, or let BASELINE_HOME lie elsewhere")
    kind: Failure = "ended" if code is None else FAILURES.get(code, "ended")
    if code in FROM_OUTSIDE:
        kind = "killed"
    if knobs.memory_mb and (kind == "killed" or any(one in words for one in NO_MEMORY)):
        kind, words = "memory", f"{knobs.memory_mb} MB of address space are too little: {words or _code(code or 0)}"
    if kind in {"ended", "killed"}:
        words = f"the process ended{'' if code is None else f' with {_code(code)}'}: {words}".rstrip(": ")
    return Ran(kind, words, None, facts)


def _tidy(scratch: Path) -> None:
    """Remove what killed processes left behind a day ago or longer."""
    for left in [*scratch.glob("job-*"), *scratch.glob("model-*")]:
        with suppress(OSError):
            if time.time() - left.stat().st_mtime <= A_DAY:
                continue
            if left.is_file():
                left.unlink()
            else:
                shutil.rmtree(left, ignore_errors=True)


def _last_words(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:600] if lines else ""


def _code(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"
