"""The project that is replayed: models of every kind, and lockfiles of old and new wheels."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from contextlib import chdir, redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np

from baseline_pipeline.cli import main as command_line
from benchmarks.library_updates import learners

ONE = "scikit-learn=={} numpy==2.0.2 scipy==1.14.1 pandas==2.2.3 joblib==1.4.2 threadpoolctl==3.5.0"
BARE = "scikit-learn==1.9.1 numpy==2.4.6 scipy==1.17.1 lightgbm==4.7.0 joblib==1.4.2 threadpoolctl==3.5.0"
LOCKS = {
    "old": "scikit-learn==1.5.2 numpy==1.26.4 scipy==1.13.1 pandas==2.2.2 lightgbm==4.3.0 xgboost==2.0.3 skops==0.10.0 "
    "onnxruntime==1.19.2 onnx==1.16.2 skl2onnx==1.17.0 protobuf==4.25.8 joblib==1.4.2 threadpoolctl==3.5.0",
    "new": "scikit-learn==1.9.1 numpy==2.4.6 scipy==1.17.1 pandas==2.3.3 lightgbm==4.7.0 xgboost==3.2.0 skops==0.16.0 "
    "onnxruntime==1.31.1 joblib==1.4.2 threadpoolctl==3.5.0",
    "sklearn-1.5.2": ONE.format("1.5.2"),
    "sklearn-1.8.0": ONE.format("1.8.0"),
    "sklearn-1.9.1": ONE.format("1.9.1"),
    "bare": BARE,
    "again": f"{BARE} six==1.17.0",
}
KINDS = ("boosted", "forest", "logistic", "leaves", "rounds")
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
CONTRACT = """\
type: baseline_pipeline.orchestration.MonitoredModel
attributes:
  name: {name}
  task: binary_classification
  data:
    source: {{parquet: data/rows.parquet}}
    row_id: [id]
    label: y
    time: day
    features: [{features}]
  model:
    function: "learners:constant"
    positive_class: 1
    allow_pickle: true
    training: {{entry: "learners:{name}", window: [2025-01-01, 2025-12-31]}}
  slices: [{{by: [region]}}]
  metrics:
    - {{metric: error_rate, margin: {{absolute: 0.01}}}}
    - {{metric: brier, margin: {{absolute: 0.005}}}}
"""


class Project:
    """A project with a model of every kind, in a folder of its own.

    Args:
        work: Where everything is kept.
        seed: Of rows and models.
    """

    def __init__(self, work: Path, seed: int) -> None:
        self.root = (work / f"project-{seed}").resolve()
        self.seed = seed
        self.rows = self.root / "data" / "rows.npz"
        self.models = self.root / "models"
        self.done = self.root / "done"
        if not (self.root / "ready").exists():
            self._made()

    def _made(self) -> None:
        for folder in (self.rows.parent, self.models, self.done):
            folder.mkdir(parents=True, exist_ok=True)
        (self.root / "assets").mkdir(exist_ok=True)
        (self.root / "assets" / "__init__.py").touch()
        features = ", ".join(f"{{name: {name}}}" for name in learners.COLUMNS)
        for name in KINDS:
            place = self.root / "assets" / name
            place.mkdir(exist_ok=True)
            (place / "defs.yaml").write_text(CONTRACT.format(name=name, features=features))
        shutil.copy(learners.__file__, self.root / "learners.py")
        for name, pins in LOCKS.items():
            (self.root / f"{name}.lock").write_text("\n".join(pins.split()) + "\n")
        learners.write_rows(str(self.rows), self.seed)
        table, labels = learners.read(str(self.rows))
        number = np.arange(len(table))
        first = np.where(number < learners.ROWS, "2025-01-01", "2026-01-01").astype("datetime64[D]")
        table.assign(
            y=labels,
            id=[f"{one:06}" for one in number],
            day=(first + number % 180).astype("datetime64[ns]"),
            region=np.random.default_rng(self.seed).choice(list("NESW"), len(table)),
        ).to_parquet(self.root / "data" / "rows.parquet", index=False)
        self.typed("init")
        (self.root / "ready").touch()

    def typed(self, *words: str, **more: str) -> tuple[int, str, str, float]:
        """`baseline` as people type it: exit code, both outputs, seconds."""
        env = {name: value for name, value in os.environ.items() if not name.startswith("BASELINE_")}
        started = time.perf_counter()
        done = subprocess.run(
            [Path(sys.executable).with_name("baseline"), *words],
            cwd=self.root,
            env={**env, **more},
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout, done.stderr, time.perf_counter() - started

    def asked(self, *words: str) -> tuple[int, str, str, float]:
        """The same command by this very process: Python and what it imports need not start anew every time."""
        said, complaint = StringIO(), StringIO()
        code, started = 0, time.perf_counter()
        with (
            chdir(self.root),
            redirect_stdout(said),
            redirect_stderr(complaint),
            patch("sys.argv", ["baseline", *words]),
        ):
            try:
                command_line()
            except SystemExit as ended:
                code = int(ended.code or 0)
        return code, said.getvalue(), complaint.getvalue(), time.perf_counter() - started

    def replayed(self, name: str, model: str, old: str, new: str, *options: str, here: bool = False) -> dict[str, Any]:
        """What a replay ends with, kept by name; done `here` by this process, or else as people type it."""
        kept = self.done / f"{name}.json"
        if kept.exists():
            return dict(json.loads(kept.read_text()))
        print(f"  {name}", file=sys.stderr, flush=True)
        words = ["replay", model, "--lock", f"{old}.lock", "--lock", f"{new}.lock", "--json", *options]
        code, said, complaint, seconds = (self.asked if here else self.typed)(*words)
        if not said:
            message = f"{' '.join(words)} ended with {code}: {complaint[-2000:]}"
            raise RuntimeError(message)
        found = json.loads(said)
        trials = {one["how"]: told(one) for one in found["trials"]}
        result = {
            "exit": code,
            "ending": found["ending"],
            "why": found["why"],
            "trials": trials,
            "bisection": found["bisection"],
            "seconds": round(seconds, 1),
        }
        unfinished = kept.with_suffix(".unfinished")
        unfinished.write_text(json.dumps(result))
        unfinished.replace(kept)
        return result

    def python(self, lock: str) -> Path:
        """The interpreter of a lockfile's environment, which is built where it is not there."""
        self.replayed(f"build {lock}", "boosted", lock, lock, "--no-retrain")
        wanted = dict(pin.split("==") for pin in LOCKS[lock].split())
        for marker in sorted((self.root / ".baseline" / "environments").glob("*/environment.json")):
            packages = json.loads(marker.read_text())["packages"]
            if all(packages.get(one) == version for one, version in wanted.items()) and (
                ("six" in packages and "pandas" not in packages) == ("six" in wanted)
            ):
                return marker.parent / "bin" / "python"
        message = f"no environment of {lock}"
        raise RuntimeError(message)

    def ran(self, lock: str, *words: str) -> None:
        """The learners, by an environment's own Python."""
        command = [str(self.python(lock)), "-s", str(self.root / "learners.py"), *words]
        subprocess.run(command, check=True, env={**os.environ, **ONE_THREAD, "PYTHONWARNINGS": "ignore"})

    def files(self, lock: str, seeds: list[int], names: tuple[str, ...]) -> None:
        """Models made in an environment, where they are not there."""
        wanted = [self.file(name, seed) for seed in seeds for name in names]
        if not all((self.root / one).exists() for one in wanted):
            self.ran(lock, "files", str(self.rows), str(self.models), ",".join(map(str, seeds)), ",".join(names))

    def file(self, name: str, seed: int) -> str:
        """Path of a model."""
        kind, _, ending = name.partition(".")
        return f"models/{kind}-{seed}.{ending}"

    def scores(self, lock: str, kind: str) -> np.ndarray:
        """What a model that is trained in an environment says, counted without the product."""
        path = self.done / f"{kind}-{lock}.npy"
        if not path.exists():
            self.ran(lock, "scores", str(self.rows), str(path), "0", kind)
        return np.load(path, allow_pickle=False)


def told(trial: dict[str, Any]) -> dict[str, Any]:
    """The part of a trial that is reported."""
    contrast, moved = trial["contrast"], trial["difference"]
    return {
        "ending": trial["ending"],
        "tier": trial["tier"],
        "failure": (trial["new"] or trial["old"])["failure"],
        "words": (trial["new"] or trial["old"])["words"],
        "rows": moved and moved["rows"],
        "rows_changed": moved and moved["rows_changed"],
        "largest_absolute": moved and moved["largest_absolute"],
        "largest_ulp": moved and moved["largest_ulp"],
        "decisions_changed": contrast and contrast["changes"]["decisions_changed"],
        "noise_rows_changed": trial["noise"] and trial["noise"]["rows_changed"],
        "alarms": contrast and sum(cell["tier"] is not None for cell in contrast["cells"]),
    }
