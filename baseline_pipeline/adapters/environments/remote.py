"""A model that lives in another environment and answers like one at hand."""

from __future__ import annotations

import json
import shutil
import tempfile
import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from baseline_pipeline.adapters.environments.job_files import facts_in, outputs_in, write_rows
from baseline_pipeline.adapters.environments.knobs import Knobs
from baseline_pipeline.adapters.environments.staying import StayingWorker
from baseline_pipeline.errors import ModelFailed
from baseline_pipeline.ports import LoadedBy

if TYPE_CHECKING:
    import pandas as pd

    from baseline_pipeline.adapters.environments.built import Built
    from baseline_pipeline.contract import Contract
    from baseline_pipeline.ports import ModelCatalogue, ModelVersion


class RemoteModel:
    """A worker that holds one model; it ends with this object.

    Args:
        built: Where it lives.
        job: What it loads; see `worker`.
        knobs: What is held still.
        scratch: Where rows and outputs pass through.

    Raises:
        ModelFailed: when the model does not load there.
        EvidenceUnavailable: when it is not loaded after as long as a job may take.
    """

    def __init__(self, built: Built, job: dict[str, Any], knobs: Knobs, scratch: Path) -> None:
        scratch.mkdir(parents=True, exist_ok=True)
        self._folder = Path(tempfile.mkdtemp(dir=scratch, prefix="model-"))
        self._worker = StayingWorker(built, job, knobs, self._folder)
        self._finalizer = weakref.finalize(self, _end, self._worker, self._folder)
        if self._worker.heard() != "ready":
            words = facts_in(self._folder).get("failure") or "the process ended"
            self._finalizer()
            message = f"the model does not load in its environment: {words}"
            raise ModelFailed(
                message, next_step="see `baseline replay MODEL --lock OLD --lock NEW`: it says which package moved"
            )

    @property
    def pid(self) -> int:
        """The process's number."""
        return self._worker.pid

    def predict(self, features: pd.DataFrame) -> object:
        """Outputs of a batch.

        Raises:
            ModelFailed: when it does not predict there.
            EvidenceUnavailable: when it takes longer than a job may.
        """
        return self._answered(features)[0]

    def timed(self, features: pd.DataFrame) -> float:
        """Seconds that the model itself took for a batch, rows and outputs passed aside."""
        return self._answered(features)[1]

    def _answered(self, features: pd.DataFrame) -> tuple[object, float]:
        folder = Path(tempfile.mkdtemp(dir=self._folder))
        try:
            write_rows(pa.Table.from_pandas(features, preserve_index=False), folder)
            said = self._worker.asked(f"score {folder}")
            if said.startswith("failed ") or not said:
                words = json.loads(said.removeprefix("failed ")) if said else "the process ended"
                raise ModelFailed(str(words))
            return outputs_in(folder), int(said) / 1e9
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _end(worker: StayingWorker, folder: Path) -> None:
    worker.end()
    shutil.rmtree(folder, ignore_errors=True)


def remote_catalogue(inner: ModelCatalogue, contract: Contract, built: Built, project: Path, scratch: Path) -> LoadedBy:
    """The models of a catalogue, loaded in another environment.

    Args:
        inner: Finds them.
        contract: Features and outputs.
        built: Where they are loaded.
        project: Functions are imported from here.
        scratch: Where rows and outputs pass through.
    """

    def loading(version: ModelVersion) -> RemoteModel:
        artifact = inner.artifact(version)
        job = {
            "columns": contract.data.feature_names,
            "wants": "scores" if contract.wants_scores else "predictions",
            "project": str(artifact.get("imports", project)),
            "artifact": artifact,
        }
        return RemoteModel(built, job, Knobs.declared(contract.environment), scratch)

    return LoadedBy(inner, loading, built)
