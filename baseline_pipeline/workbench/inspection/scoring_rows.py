"""Rows scored where they lie, batch by batch, before they are counted."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from baseline_pipeline.errors import EvidenceUnavailable, UsageError
from baseline_pipeline.labels import class_names
from baseline_pipeline.records import digest_of, short
from baseline_pipeline.scoring import outputs_of, threads

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from baseline_pipeline.contract import Contract
    from baseline_pipeline.ports import LoadedModel, ModelCatalogue, ModelVersion
    from baseline_pipeline.summaries.engine import Engine
    from baseline_pipeline.workbench.workbench import Workbench

ROLES = ("champion", "challenger")


class Scorer:
    """Adds what a model says to batches of rows; it travels to where they are, and loads the model there once.

    Args:
        contract: Features, task, classes.
        version: The exact model.
        catalogue: Loads it.
        column: Name of the column that is added.
    """

    def __init__(self, contract: Contract, version: ModelVersion, catalogue: ModelCatalogue, column: str) -> None:
        self.contract = contract
        self.version = version
        self.catalogue = catalogue
        self.column = column
        self._model: LoadedModel | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_model": None}

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """The same batches with one column more."""
        self._model = self._model or self.catalogue.load(self.version)
        with threads(self.contract.environment.threads):
            for batch in batches:
                frame = batch.select(self.contract.data.feature_names).to_pandas()
                said = outputs_of(self.contract, frame, self._model, self.version, class_names(self.contract))
                values = said.prediction if said.score is None else said.score
                yield batch.append_column(self.column, pa.array(values, pa.float64()))

    def schema(self, before: pa.Schema) -> pa.Schema:
        """The columns of what it gives."""
        return before.append(pa.field(self.column, pa.float64()))


def scored_rows(bench: Workbench, contract: Contract, engine: Engine, rows: str, role: str, column: str) -> str:
    """Where the rows stand with what a model says of them: scored now, or found from before.

    Args:
        bench: The project.
        contract: Features, task.
        engine: Where the rows are; on Spark they are scored by its executors.
        rows: Parquet files by absolute path, folder or pattern.
        role: `champion` or `challenger`.
        column: Name of the column of scores; rows that have it are taken as they are.

    Raises:
        EvidenceUnavailable: when there is no such model.
        ModelFailed: when it does not load or predict.
    """
    if role not in ROLES or contract.task == "multiclass_classification":
        message = f"--score-with {role}: accepted: {' or '.join(ROLES)}, for two classes or numbers"
        raise UsageError(message)
    with engine.named(rows) as relation:
        schema = engine.schema(relation)
    if column in schema.names:
        return rows
    catalogue = bench.catalogue(contract)
    version = catalogue.resolve("champion" if role == "champion" else "challenger")
    if version is None:
        message = f"model {contract.name}: no {role}"
        raise EvidenceUnavailable(message, next_step=f"set the alias in the registry, or score with {ROLES[0]}")
    key = digest_of([version.digest, column, contract.definition(), engine.identity(rows)])
    place = bench.settings.home / "cache" / "scored" / key
    if not place.exists():
        bench.progress(f"scoring {rows} with {role} (version {version.version})")
        unfinished = place.with_name(place.name + ".unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True)
        scorer = Scorer(contract, version, catalogue, column)
        engine.write_mapped(rows, unfinished, scorer, scorer.schema(schema), bench.progress)
        unfinished.rename(place)
    else:
        bench.progress(f"found {Path(rows).name} scored by version {version.version}: {short(key)}")
    return str(place)
