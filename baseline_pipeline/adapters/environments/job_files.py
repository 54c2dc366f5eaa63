"""The files of a job's folder: what a worker is given, and what it leaves."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from baseline_pipeline.adapters.environments import worker
from baseline_pipeline.adapters.environments.knobs import pinned
from baseline_pipeline.replay.stages import StageOutput

if TYPE_CHECKING:
    from baseline_pipeline.adapters.environments.built import Built
    from baseline_pipeline.adapters.environments.knobs import Knobs

Array = np.ndarray[Any, Any]


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
