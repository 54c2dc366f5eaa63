"""Jobs of workers: done once, kept as evidence, found again after a crash."""

from __future__ import annotations

import hashlib
import os
import tempfile
from contextlib import ExitStack, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from baseline_pipeline.adapters.environments import worker
from baseline_pipeline.adapters.environments.job_files import stages_in
from baseline_pipeline.adapters.environments.running import LEFT, Ran, launch_here, run_job, run_jobs
from baseline_pipeline.adapters.models.function_files import function_digest
from baseline_pipeline.errors import ModelFailed
from baseline_pipeline.evaluating import scores_of
from baseline_pipeline.evaluation import Scores
from baseline_pipeline.labels import class_names
from baseline_pipeline.records import Digest, digest_of
from baseline_pipeline.replay.outcome import WorkerRun
from baseline_pipeline.scores_file import read_scores, write_scores
from baseline_pipeline.scoring import interpret

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from baseline_pipeline.adapters.environments.built import Built
    from baseline_pipeline.adapters.environments.knobs import Knobs
    from baseline_pipeline.contract import Contract
    from baseline_pipeline.ports import ModelVersion
    from baseline_pipeline.replay.stages import StageOutput
    from baseline_pipeline.workbench.replays.rows import RowSet
    from baseline_pipeline.workbench.workbench import Workbench

Array = np.ndarray[Any, Any]
_FILES = [Path(worker.__file__).with_name(script) for script in worker.SCRIPTS]
WORKER = hashlib.sha256(b"".join(one.read_bytes() for one in _FILES)).hexdigest()
"""What does the jobs; another worker's work is not taken for its own."""


class Jobs:
    """What workers do with one model.

    Args:
        bench: The project.
        contract: Features, task, training entry.
        version: The exact model.
        artifact: What a worker loads.
    """

    def __init__(self, bench: Workbench, contract: Contract, version: ModelVersion, artifact: dict[str, Any]) -> None:
        self.bench = bench
        self.contract = contract
        self.version = version
        self.artifact = artifact
        self._failed: dict[Digest, WorkerRun] = {}

    def job(
        self,
        rows: RowSet,
        artifact: dict[str, Any],
        train: RowSet | None = None,
        arguments: Mapping[str, object] | None = None,
    ) -> dict[str, Any]:
        """A job in the worker's words."""
        told: dict[str, Any] = {
            "rows": str(rows.folder),
            "columns": self.contract.data.feature_names,
            "wants": "scores" if self.contract.wants_scores else "predictions",
            "project": self.project(None if train is not None else artifact),
            "artifact": artifact,
            "stages": self.contract.model.stages,
        }
        if train is not None and self.contract.model.training is not None:
            entry = self.contract.model.training.entry
            told["train"] = {
                "entry": entry,
                "rows": str(train.folder),
                "label": self.contract.data.label,
                "arguments": dict(arguments or {}),
            }
        return told

    def project(self, artifact: dict[str, Any] | None) -> str:
        """Where a worker imports from: an earlier function's own modules lie apart from the project."""
        return str((artifact or {}).get("imports", self.bench.settings.project))

    def run(
        self,
        name: str,
        built: Built,
        rows: RowSet,
        knobs: Knobs,
        *,
        train: RowSet | None = None,
        arguments: Mapping[str, object] | None = None,
        artifact: dict[str, Any] | None = None,
        repeat: int = 0,
    ) -> WorkerRun:
        """A job's record, found or made; what failed and may be mended is tried anew by the next command only.

        Args:
            name: The environment's lockfile, for people.
            built: The environment.
            rows: What is scored.
            knobs: What is held still.
            train: What is trained on first; the stored model is loaded where `None`.
            arguments: Given to the training entry.
            artifact: Another model than the version's.
            repeat: Above 0 for a repetition.
        """
        chosen = artifact or self.artifact
        key = self._key(built, rows, knobs, train, arguments, chosen, repeat)
        body = self.bench.store.load("worker_runs", self.contract.name, key)
        if body is not None:
            return WorkerRun.stored(body)
        if key in self._failed:
            return self._failed[key]
        verb = "training and scoring" if train is not None else "scoring"
        self.bench.progress(f"{verb} {len(rows)} rows with {name}{' once more' if repeat else ''}")
        with tempfile.TemporaryDirectory(dir=self._scratch(), prefix="job-") as folder:
            told = {"name": name, **self.job(rows, chosen, train, arguments)}
            launch = self.bench.launch or launch_here
            ran = run_job(built, told, knobs, self._scratch(), keep=Path(folder), launch=launch)
            record = self._kept(name, built, rows, ran, Path(folder))
        transient = record.cut_short or record.failure in {"train", "ended"} or "MemoryError" in record.words
        if transient or ran.facts.get("lacking"):
            self._failed[key] = record
        else:
            self.bench.store.save("worker_runs", self.contract.name, key, record)
        return record

    def prepare(self, built: Built, knobs: Knobs, asked: Sequence[tuple[str, RowSet, RowSet]]) -> None:
        """Train and score several times in one process, so that `run` finds it done; what fails there is left to it.

        Args:
            built: The environment.
            knobs: What is held still.
            asked: Name, rows to score and rows to train on, of each.
        """
        keys = [self._key(built, rows, knobs, train, None, self.artifact, 0) for _, rows, train in asked]
        known = [self.bench.store.load("worker_runs", self.contract.name, key) is not None for key in keys]
        wanted = [(key, *one) for key, one, there in zip(keys, asked, known, strict=True) if not there]
        if len(wanted) < 2:  # noqa: PLR2004  # one alone shares with nobody
            return
        self.bench.progress(f"training {len(wanted)} times, and scoring {sum(len(one[2]) for one in wanted)} rows")
        with ExitStack() as stack:
            held = (tempfile.TemporaryDirectory(dir=self._scratch(), prefix="job-") for _ in wanted)
            folders = [Path(stack.enter_context(one)) for one in held]
            jobs = [{"name": name, **self.job(rows, self.artifact, train)} for _, name, rows, train in wanted]
            done = run_jobs(built, jobs, knobs, self._scratch(), folders, self.bench.launch or launch_here)
            for (key, name, rows, _), ran, folder in zip(wanted, done, folders, strict=True):
                record = None if ran is None else self._kept(name, built, rows, ran, folder)
                if record is not None and record.failure is None:
                    self.bench.store.save("worker_runs", self.contract.name, key, record)

    def _key(
        self,
        built: Built,
        rows: RowSet,
        knobs: Knobs,
        train: RowSet | None,
        arguments: Mapping[str, object] | None,
        artifact: dict[str, Any],
        repeat: int,
    ) -> Digest:
        """Names a job by all that its outputs depend on."""
        return digest_of(
            {
                "model": artifact.get("digest") or self.version.digest,
                "environment": built.key,
                "rows": rows.key,
                "train": None if train is None else [train.key, self._source(self._entry), dict(arguments or {})],
                "stages": self._source(self.contract.model.stages or ""),
                "knobs": {name: value for name, value in knobs.body().items() if name != "seconds"},
                "repeat": repeat,
                "worker": WORKER,
                "definition": self.contract.definition(),
            }
        )

    def outputs(self, run: WorkerRun) -> Array:
        """The raw outputs of a run that did its job; digests of texts."""
        found: Array = np.load(self.bench.store.file(str(run.outputs)), allow_pickle=False)
        return found

    def scores(self, run: WorkerRun) -> Scores:
        """The same with labels, slices and clusters."""
        return read_scores(self.bench.store.file(str(run.scores_file)))

    def stages(self, run: WorkerRun) -> tuple[StageOutput, ...]:
        """Outputs of the stages that the model exposes."""
        return () if run.stages is None else stages_in(self.bench.store.file(run.stages))

    def trained(self, digest: Digest) -> dict[str, Any]:
        """A model that a worker trained, for another worker; it is our own pickle."""
        return {"loader": "pickle", "path": str(self.bench.store.file(digest)), "digest": digest}

    def _kept(self, name: str, built: Built, rows: RowSet, ran: Ran, left: Path) -> WorkerRun:
        """The record of a job, with its outputs, scores, trained model and stages in the store."""
        failure: str | None = ran.failure
        words, scores_file, outputs = ran.words, None, None
        if ran.outputs is not None:
            classes = class_names(self.contract) if self.contract.task == "binary_classification" else rows.classes
            try:
                predicted = interpret(self.contract, ran.outputs, rows.names, self.version, classes)
            except ModelFailed as error:
                failure, words = "predict", error.message
            else:
                scores = scores_of(self.contract, rows.table, rows.names, rows.labels, rows.classes, predicted)
                scores_file = self.bench.store.put_file(write_scores(scores, rows.classes, self._scratch()))
                outputs = self._put(ran.outputs)
        trained, stages = (
            self.bench.store.put_file(one) if one.exists() else None for one in (left / name for name in LEFT)
        )
        return WorkerRun(
            environment=built.key,
            lock=name,
            failure=failure,
            words=words,
            scores_file=scores_file,
            outputs=outputs,
            python=str(ran.facts.get("python", "")),
            model=str(ran.facts.get("model", "")),
            warnings=tuple(one["text"] for one in ran.facts.get("warnings", [])),
            seconds={stage: round(value, 4) for stage, value in ran.facts.get("seconds", {}).items()},
            peak_memory_mb=ran.facts.get("peak_memory_mb"),
            trained=trained,
            stages=stages,
            stages_failure=str(ran.facts.get("stages_failure", "")),
            pinned=ran.facts.get("pinned", {}),
        )

    def _put(self, values: Array) -> Digest:
        """Numbers as they are, texts as digests: what they are stands in the scores."""
        if values.dtype == object:
            values = np.array([hashlib.blake2b(str(one).encode(), digest_size=16).hexdigest() for one in values])
        descriptor, place = tempfile.mkstemp(dir=self._scratch(), prefix="job-", suffix=".npy")
        with os.fdopen(descriptor, "wb") as file:
            np.save(file, values, allow_pickle=False)
            file.flush()
            os.fsync(file.fileno())
        return self.bench.store.put_file(Path(place))

    def _scratch(self) -> Path:
        self.bench.settings.scratch.mkdir(parents=True, exist_ok=True)
        return self.bench.settings.scratch

    @property
    def _entry(self) -> str:
        return str(self.contract.model.training.entry if self.contract.model.training else "")

    def _source(self, reference: str) -> str:
        """Moves with a function's reference, its source, and what these rest on in the project."""
        module, project = reference.partition(":")[0], self.bench.settings.project
        if not module:
            return ""
        file = project / (module.replace(".", "/") + ".py")
        if not file.is_file():
            with suppress(ModuleNotFoundError):  # a package that is not there: the worker says so
                found = find_spec(module)
                file = Path(found.origin) if found is not None and found.origin else file
        there = file.is_file()
        return digest_of([reference, function_digest(reference, file, project, named=False) if there else ""])
