"""A million rows and 25 columns: snapshot, evaluation statistics and comparison, in one process.

The model's own predict time is measured and left out of the total. Exits 1 above 60 s or 4 GiB.
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from baseline_pipeline.adapters.sources import open_source
from baseline_pipeline.adapters.stores.filesystem import FilesystemStore
from baseline_pipeline.comparison import Side
from baseline_pipeline.contract import Contract
from baseline_pipeline.contrasting import contrast
from baseline_pipeline.evaluating import evaluate
from baseline_pipeline.evaluation import EnvironmentState, Evaluation, Scores
from baseline_pipeline.fingerprint import Fingerprint
from baseline_pipeline.measuring import measure
from baseline_pipeline.ports import LoadedModel, ModelVersion
from baseline_pipeline.snapshot import Snapshot, read, take

MAX_SECONDS, MAX_GIB = 60.0, 4.0
NUMBERS = [f"n{k:02d}" for k in range(18)]
WORDS = {"region": 20, "segment": 5, "device": 3}


def policy() -> Contract:
    return Contract.model_validate(
        {
            "name": "million",
            "task": "binary_classification",
            "data": {
                "source": {"parquet": "rows.parquet"},
                "row_id": ["id"],
                "label": "label",
                "time": "at",
                "cluster": "day",
                "features": [{"name": name} for name in [*NUMBERS, *WORDS]],
            },
            "model": {"function": "a:b", "positive_class": 1},
            "slices": [{"by": ["region"]}, {"by": ["segment"]}, {"by": ["device"]}, {"by": ["segment", "device"]}]
            + [{"name": f"n00 above {cut}", "where": f"n00 > {cut}"} for cut in (-1, 0, 1)],
            "metrics": [
                {"metric": "roc_auc", "margin": {"absolute": 0.005}},
                {"metric": "brier", "margin": {"absolute": 0.002}},
                {"metric": "error_rate", "margin": {"absolute": 0.005}},
            ],
        }
    )


def write_rows(path: Path, rows: int, seed: int) -> None:
    """25 columns: id, time, day, label, 18 numbers, 3 words."""
    rng = np.random.default_rng(seed)
    columns: dict[str, Any] = {name: rng.normal(size=rows) for name in NUMBERS}
    columns |= {name: np.char.add(name[0], rng.integers(0, k, rows).astype(str)) for name, k in WORDS.items()}
    at = np.datetime64("2026-01-01") + rng.integers(0, 90 * 86_400, rows).astype("timedelta64[s]")
    logit = columns["n00"] + 0.5 * columns["n01"] - 0.5
    columns |= {
        "id": rng.permutation(rows),
        "at": at.astype("datetime64[us]"),
        "day": at.astype("datetime64[D]").astype(str),
        "label": (rng.random(rows) < 1 / (1 + np.exp(-logit))).astype(np.int8),
    }
    pq.write_table(pa.table(columns), path)


@dataclass(frozen=True)
class Formula:
    """A model without a model: one line of arithmetic, with noise that tells two versions apart."""

    noise: float

    def resolve(self, _role: Literal["champion", "challenger"]) -> ModelVersion | None:
        return ModelVersion("formula", str(self.noise), f"formula:{self.noise}", f"{self.noise:064.4f}")

    def load(self, _version: ModelVersion) -> LoadedModel:
        return self

    def predict(self, features: pd.DataFrame) -> object:
        wiggle = self.noise * np.sin(1000 * features["n02"])
        return (1 / (1 + np.exp(-(features["n00"] + 0.5 * features["n01"] - 0.5 + wiggle)))).to_numpy()


class Clock:
    """Seconds by step."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    def time(self, name: str, work: Callable[[], Any]) -> Any:
        started = time.perf_counter()
        result = work()
        self.seconds[name] = time.perf_counter() - started
        return result


def side(evaluation: Evaluation) -> Side:
    return Side(
        evaluation=evaluation.key, scores_file=evaluation.scores_file, version="1", snapshot=evaluation.snapshot
    )


def run(folder: Path, rows: int, seed: int) -> tuple[dict[str, float], float, int]:
    """Seconds by step, seconds spent in predict, and cells judged."""
    contract, clock = policy(), Clock()
    store, scratch = FilesystemStore(folder / "store"), folder / "scratch"
    scratch.mkdir()
    write_rows(folder / "rows.parquet", rows, seed)
    os.utime(folder / "rows.parquet", (0, 0))
    source = open_source(contract, folder)
    snapshot: Snapshot = clock.time(
        "snapshot", lambda: take(contract, source, store, now="2026-01-01T00:00:00Z", scratch=scratch)
    )[0]
    table = clock.time("read it back", lambda: read(snapshot, store))
    made: list[tuple[Evaluation, Scores]] = []
    for name, noise in (("champion", 0.0), ("challenger", 0.05)):
        model = Formula(noise)
        version = model.resolve("champion")
        if version is None:
            raise RuntimeError(name)
        made.append(
            clock.time(
                f"evaluate {name}",
                lambda m=model, v=version: _evaluate(contract, snapshot, table, m, v, store, scratch),
            )
        )
    predict = sum(evaluation.timing.predict for evaluation, _ in made)
    (one, old), (two, new) = made
    found = clock.time(
        "compare",
        lambda: contrast(
            contract,
            moved="model",
            question="?",
            baseline=side(one),
            candidate=side(two),
            baseline_scores=old,
            candidate_scores=new,
            definitions=({}, {}),
            training_windows=[],
            pairing="paired",
        ),
    )
    return clock.seconds, predict, len(found.cells)


def _evaluate(
    contract: Contract,
    snapshot: Snapshot,
    table: pa.Table,
    model: Formula,
    version: ModelVersion,
    store: Any,
    scratch: Path,
) -> tuple[Evaluation, Scores]:
    print_digest = Fingerprint(
        data=snapshot.digest, dependencies=None, infrastructure=None, code="c", model=version.digest
    )
    nothing = EnvironmentState(lockfile=None, lockfile_digest=None)
    return evaluate(
        contract,
        snapshot,
        table,
        version,
        model,
        fingerprint=print_digest,
        environment=nothing,
        store=store,
        scratch=scratch,
        measure=measure,
    )


def main(arguments: Sequence[str] | None = None) -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rows", type=int, default=1_000_000)
    options.add_argument("--seed", type=int, default=1)
    given = options.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        seconds, predict, cells = run(Path(folder), given.rows, given.seed)
    total = sum(seconds.values()) - predict
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    machine = f"python {platform.python_version()}, {os.cpu_count()} cores"
    print(f"{given.rows} rows x 25 columns, {cells} cells; {machine}, seed {given.seed}")
    for name, value in seconds.items():
        print(f"  {name:22} {value:7.2f} s")
    print(f"  {'of it, model predict':22} {predict:7.2f} s (left out)")
    print(
        f"  {'total':22} {total:7.2f} s (at most {MAX_SECONDS:.0f}), peak memory {peak:.2f} GiB (at most {MAX_GIB:.0f})"
    )
    return int(total > MAX_SECONDS or peak > MAX_GIB)


if __name__ == "__main__":
    sys.exit(main())
