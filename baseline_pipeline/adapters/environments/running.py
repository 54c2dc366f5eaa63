"""The worker run in a built environment: everything that could move a bit is pinned, time and memory are bounded."""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from baseline_pipeline.adapters.environments import worker, worker_loading
from baseline_pipeline.adapters.environments.worker_pinning import kept
from baseline_pipeline.errors import EvidenceUnavailable
from baseline_pipeline.monitoring.windows import seconds_of
from baseline_pipeline.ports import Launched
from baseline_pipeline.replay.stages import StageOutput

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from baseline_pipeline.adapters.environments.uv import Built
    from baseline_pipeline.contract.environment import EnvironmentSection
    from baseline_pipeline.ports import Launcher

Array = np.ndarray[Any, Any]
Failure = Literal["load", "schema", "predict", "non_finite", "train", "time", "memory", "killed", "ended"]
FAILURES: dict[int, Failure] = {
    worker_loading.LOAD: "load",
    worker_loading.SCHEMA: "schema",
    worker_loading.PREDICT: "predict",
    worker_loading.NON_FINITE: "non_finite",
    worker_loading.TRAIN: "train",
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
class Knobs:
    """What is held still while a worker runs, and recorded with its outputs.

    Attributes:
        threads: Of numerical libraries.
        seed: For training entries that take one.
        batch_rows: Rows of a batch; the shape of a batch changes BLAS paths.
        core_type: OpenBLAS kernel by name; the processor's own where `None`.
        float32: Whether floating features are given with single precision.
        simd: Whether numpy may use the processor's wide instructions.
        memory_mb: Address space that the worker may take.
        cores: Processor numbers it may use.
        quota: Share of the processor's time that loading and scoring get; they take so much longer.
        delay_ms: Waited before every batch or block.
        jitter_ms: Waited on top, evenly between nothing and this; drawn from the seed.
        disk_mb_s: Speed at which the artifact is read.
        clock_s: How far Python's clocks are ahead.
        more: Environment variables on top.
        seconds: Wall-clock time after which it is ended.
    """

    threads: int = 1
    seed: int = 0
    batch_rows: int = 10_000
    core_type: str | None = None
    float32: bool = False
    simd: bool = True
    memory_mb: int | None = None
    cores: tuple[int, ...] | None = None
    quota: float | None = None
    delay_ms: float = 0.0
    jitter_ms: float = 0.0
    disk_mb_s: float | None = None
    clock_s: float = 0.0
    more: tuple[tuple[str, str], ...] = ()
    seconds: float = 1800.0

    @classmethod
    def declared(cls, environment: EnvironmentSection) -> Knobs:
        """As a contract has it."""
        return cls(
            threads=environment.threads or 1,
            memory_mb=environment.job_memory_mb,
            seconds=float(seconds_of(environment.job_time)),
        )

    def body(self) -> dict[str, Any]:
        """As JSON."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in vars(self).items()}


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


def write_rows(table: pa.Table, folder: Path) -> None:
    """Rows as Parquet, and as .npz for environments without pyarrow."""
    folder.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, folder / "rows.parquet", compression="zstd")
    held: dict[str, Array] = {}
    for name in table.column_names:
        held.update(_members(name, table.column(name)))
    np.savez(folder / "rows.npz", **held)  # type: ignore[arg-type]  # arrays by name


def _members(name: str, column: pa.ChunkedArray) -> dict[str, Array]:
    """A column as plain arrays, for `worker_loading.read_rows`; nothing of one that has no plain form."""
    found: dict[str, Array] = {}
    kind = column.type
    if pa.types.is_dictionary(kind):
        categories = column.combine_chunks().dictionary if column.num_chunks else pa.array([], kind.value_type)
        found = {f"categories/{name}": _plain(categories), f"ordered/{name}": np.array(kind.ordered)}
        column = column.cast(kind.value_type)
    elif pa.types.is_timestamp(kind) and kind.tz is not None:
        found = {f"zone/{name}": np.array(kind.tz)}
        column = column.cast(pa.timestamp(kind.unit))
    values = _plain(column)
    if column.null_count and values.dtype.kind not in "fM":
        found[f"nulls/{name}"] = pc.is_null(column).to_numpy()
    found[f"values/{name}"] = values
    return {} if any(one.dtype.kind == "O" for one in found.values()) else found


def _plain(column: pa.Array | pa.ChunkedArray) -> Array:
    """Values as numpy has them: dates as days, nulls of texts and truths filled."""
    kind = column.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return np.asarray(pc.fill_null(column, "").to_numpy(zero_copy_only=False)).astype(str)
    if pa.types.is_boolean(kind):
        return np.asarray(pc.fill_null(column, False).to_numpy(zero_copy_only=False))  # noqa: FBT003  # a value
    if pa.types.is_date32(kind):
        return np.asarray(column.to_numpy(zero_copy_only=False), dtype="M8[D]")
    found: Array = column.to_pandas().to_numpy()
    return found


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
        if code == worker_loading.OK and facts:  # whoever ends the process with 0 has not done the job
            for left in LEFT:
                if keep is not None and (folder / left).exists():
                    os.replace(folder / left, keep / left)
            return Ran(None, "", outputs_in(folder), facts)
        if not facts and late.exists() and late.stat().st_size:
            return _late(knobs)
        return _failed(code, facts.get("failure") or ended.words, facts, knobs)


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


def _tidy(scratch: Path) -> None:
    """Remove what killed processes left behind a day ago or longer."""
    for pattern in ("job-*", "model-*"):
        for left in scratch.glob(pattern):
            with suppress(OSError):
                if time.time() - left.stat().st_mtime <= A_DAY:
                    continue
                if left.is_file():
                    left.unlink()
                else:
                    shutil.rmtree(left, ignore_errors=True)


def written(built: Built, job: dict[str, Any], knobs: Knobs, folder: Path) -> list[str]:
    """Everything the worker needs but rows, model and environment, in one folder; and the command that does the job.

    `-s` and variables stand for `-I`, which ignores the hash seed.
    """
    told = {
        **job,
        "output": str(folder),
        "variables": pinned(knobs),
        "seconds": knobs.seconds,
        "seed": knobs.seed,
        "batch_rows": knobs.batch_rows,
        "float32": knobs.float32,
        "memory_mb": knobs.memory_mb,
        "cores": list(knobs.cores) if knobs.cores else None,
        "quota": knobs.quota,
        "delay_ms": knobs.delay_ms,
        "jitter_ms": knobs.jitter_ms,
        "disk_mb_s": knobs.disk_mb_s,
        "clock_s": knobs.clock_s,
        "own_environment": built.folder != Path(sys.prefix),
    }
    (folder / "job.json").write_text(json.dumps(told))
    for script in worker.SCRIPTS:
        shutil.copyfile(Path(worker.__file__).with_name(script), folder / script)
    return [str(built.python), "-s", str(folder / "worker.py"), str(folder / "job.json")]


def variables(knobs: Knobs) -> dict[str, str]:
    """Environment variables of a worker: what is pinned, and of ours what is neither secret nor meant for us."""
    return {**kept(os.environ), **pinned(knobs)}


def pinned(knobs: Knobs) -> dict[str, str]:
    """Environment variables that a worker has wherever it runs."""
    threads = dict.fromkeys(
        ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"),
        str(knobs.threads),
    )
    fixed = {"PYTHONHASHSEED": "0", "TZ": "UTC", "LC_ALL": "C.UTF-8", "CUBLAS_WORKSPACE_CONFIG": ":4096:8"}
    more = {"OPENBLAS_CORETYPE": knobs.core_type} if knobs.core_type else {}
    if not knobs.simd:
        more["NPY_DISABLE_CPU_FEATURES"] = "AVX2 FMA3 AVX512F AVX512CD AVX512_SKX AVX512_CLX AVX512_CNL AVX512_ICL"
    return {**threads, **fixed, "PYTHONDONTWRITEBYTECODE": "1", **more, **dict(knobs.more)}


def facts_in(folder: Path) -> dict[str, Any]:
    """What a worker noted; nothing where it did not get so far."""
    try:
        found: dict[str, Any] = json.loads((folder / "facts.json").read_text())
    except (FileNotFoundError, ValueError):
        return {}
    return found


def outputs_in(folder: Path) -> Array:
    """The outputs that a worker left."""
    plain = folder / "outputs.npy"
    if plain.exists():
        found: Array = np.load(plain, allow_pickle=False)
        return found
    table = pq.read_table(folder / "outputs.parquet")
    columns = [table.column(name).to_numpy(zero_copy_only=False) for name in table.column_names]
    return np.asarray(columns[0] if len(columns) == 1 else np.column_stack(columns))


def stages_in(file: Path) -> tuple[StageOutput, ...]:
    """Outputs of a model's stages, in their order."""
    with np.load(file, allow_pickle=False) as held:
        return tuple(
            StageOutput(
                name=str(name),
                rows=held[f"{number}/rows"],
                columns=held[f"{number}/columns"],
                values=held[f"{number}/values"],
                names=tuple(held[f"{number}/names"].tolist()),
            )
            for number, name in enumerate(held["stages"])
        )


def _last_words(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:600] if lines else ""


def _code(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"
