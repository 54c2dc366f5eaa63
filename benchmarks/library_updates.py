"""What real library updates do to real models, as the command line tells it: loads, bits, decisions, who did it.

Twenty thousand rows to train on and as many to judge on. Models are made in a real environment of old wheels and
replayed with `baseline replay` in one of new wheels; decisions that changed are held against a count made without the
product. Then the same wheels twice, in two environments (one holds a package that nothing uses): nothing may alarm.
Every command that was done is kept below `--work` and not done again. Exits 1 where a line is broken.

    python -m benchmarks.library_updates --seed 7 --repeats 50
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import chdir, redirect_stderr, redirect_stdout
from io import StringIO
from itertools import product
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np

from baseline_pipeline.cli import main as command_line
from baseline_pipeline.significance.clopper_pearson import clopper_pearson_upper
from benchmarks import learners

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
FILES = (
    "boosted.joblib",
    "boosted.skops",
    "forest.joblib",
    "forest.skops",
    "forest.onnx",
    "logistic.joblib",
    "logistic.skops",
    "logistic.onnx",
    "leaves.txt",
    "rounds.json",
    "rounds.ubj",
)
KINDS = ("boosted", "forest", "logistic", "leaves", "rounds")
STILL = ("forest.joblib", "logistic.joblib", "leaves.txt")
"""What the same wheels are given twice."""
CHUNK = 10
"""Models that are made at a time."""
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


def retrained(project: Project) -> dict[str, Any]:
    """Every kind trained anew with one seed, scikit-learn alone and everything at once; who did it."""
    found = {"boosted 1.8.0 -> 1.9.1": project.replayed("boosted", "boosted", "sklearn-1.8.0", "sklearn-1.9.1")}
    scores = [project.scores(lock, "boosted") for lock in ("sklearn-1.8.0", "sklearn-1.9.1")]
    found["counted"] = int(((scores[0] >= 0.5) != (scores[1] >= 0.5)).sum())
    found["boosted 1.5.2 -> 1.9.1, bisected"] = project.replayed(
        "bisect one", "boosted", "sklearn-1.5.2", "sklearn-1.9.1", "--bisect"
    )
    found["boosted, everything at once, bisected"] = project.replayed("bisect all", "boosted", "old", "new", "--bisect")
    for kind in ("forest", "logistic", "leaves", "rounds"):
        found[f"{kind}, everything at once"] = project.replayed(f"{kind} anew", kind, "old", "new")
    return found


def stored(project: Project) -> dict[str, Any]:
    """Every kind of file in both environments; then the way back for files that the new one made."""
    project.files("old", [project.seed], FILES)
    found = {}
    for name in FILES:
        options = ("--artifact", project.file(name, project.seed), "--no-retrain")
        bisect = ("--bisect",) if name == "boosted.joblib" else ()
        model = name.partition(".")[0]
        found[name] = project.replayed(f"stored {name}", model, "old", "new", *options, *bisect)
    back = ("leaves.txt", "rounds.json", "rounds.ubj")
    project.files("new", [project.seed + 1], back)
    for name in back:
        options = ("--artifact", project.file(name, project.seed + 1), "--no-retrain")
        found[f"{name}, back"] = project.replayed(f"back {name}", name.partition(".")[0], "new", "old", *options)
    return found


def still(project: Project, repeats: int) -> dict[str, Any]:
    """The same wheels in two environments, another model every time: replays that say anything but ACCEPT.

    Every replay starts three workers anew, in the one environment twice; only the command itself does not.
    """
    runs: dict[str, list[dict[str, Any]]] = {name: [] for name in STILL}
    for first in range(0, repeats, CHUNK):
        seeds = [project.seed * 1000 + number for number in range(first, min(first + CHUNK, repeats))]
        project.files("sklearn-1.9.1", seeds, ("forest.joblib", "logistic.joblib"))
        project.files("new", seeds, ("leaves.txt",))
        for seed, name in product(seeds, STILL):
            options = ("--artifact", project.file(name, seed), "--no-retrain")
            model = name.partition(".")[0]
            runs[name].append(project.replayed(f"again {name} {seed}", model, "bare", "again", *options, here=True))
    found = {}
    for name, mine in runs.items():
        alarms = sum(one["ending"] != "accept" or one["trials"]["artifact"]["alarms"] > 0 for one in mine)
        moved = sum(one["trials"]["artifact"]["rows_changed"] > 0 for one in mine)
        upper = clopper_pearson_upper(alarms, len(mine))
        found[name] = {"runs": len(mine), "alarms": alarms, "upper_95": round(upper, 4), "moved": moved}
    return found


def twice(found: dict[str, Any]) -> dict[str, int]:
    """Trials in which the old environment was asked twice, and those where a bit differed."""
    replays = [one for part in ("retrained", "stored") for one in found[part].values() if isinstance(one, dict)]
    counts = [trial["noise_rows_changed"] for one in replays for trial in one["trials"].values()]
    asked = [one for one in counts if one is not None]
    return {"trials": len(asked), "moved": sum(one > 0 for one in asked)}


def environments(project: Project) -> dict[str, Any]:
    """Seconds until an environment of a gigabyte stands: from nothing, from kept wheels, and found again."""
    kept = project.done / "environments.json"
    if not kept.exists():
        project.python("new")
        with tempfile.TemporaryDirectory(dir=project.root) as folder:
            seconds = {
                "cold": _build(folder, "one", UV_CACHE_DIR=f"{folder}/wheels"),
                "warm": _build(folder, "two", UV_CACHE_DIR=f"{folder}/wheels"),
                "found": _build(folder, "two", UV_CACHE_DIR=f"{folder}/wheels"),
            }
        kept.write_text(json.dumps(seconds))
    return dict(json.loads(kept.read_text()))


BUILD = """\
import json, sys, time
from pathlib import Path
from baseline_pipeline.adapters.environments.uv import build
from baseline_pipeline.environment.installable import installable
said, started = [], time.perf_counter()
built = build(installable("new.lock", sys.argv[2]), Path(sys.argv[1]), name="new.lock", progress=said.append)
seconds = time.perf_counter() - started
size = sum(file.lstat().st_size for file in built.folder.rglob("*") if file.is_file())
print(json.dumps({"seconds": round(seconds, 2), "lines": len(said), "mb": round(size / 1e6)}))
"""


def _build(folder: str, home: str, **variables: str) -> dict[str, Any]:
    lock = "\n".join(LOCKS["new"].split())
    command = [sys.executable, "-c", BUILD, f"{folder}/{home}", lock]
    env = {**os.environ, **variables}
    return dict(json.loads(subprocess.run(command, check=True, capture_output=True, text=True, env=env).stdout))


def broken(found: dict[str, Any]) -> list[str]:
    """What does not hold that should."""
    anew, files, times = found["retrained"], found["stored"], found["environments"]
    told_of = anew["boosted 1.8.0 -> 1.9.1"]["trials"]["retrained"]["decisions_changed"]
    guilty = [
        one
        for name in ("boosted 1.5.2 -> 1.9.1, bisected", "boosted, everything at once, bisected")
        for one in anew[name]["bisection"]["guilty"]
    ]
    held = {
        f"{told_of} decisions told of, {anew['counted']} counted": told_of == anew["counted"],
        "the version where it begins": all(
            one["package"] == "scikit-learn"
            and one["last_same"] == "1.8.0"
            and one["first_different"].startswith("1.9")
            for one in guilty
        ),
        "a model that does not load ends with 1, by its own name": files["boosted.joblib"]["exit"] == 1
        and files["boosted.joblib"]["trials"]["artifact"]["failure"] == "load",
        **{
            f"{name} is accepted": files[name]["exit"] == 0 and not files[name]["trials"]["artifact"]["alarms"]
            for name in FILES
            if not name.startswith("boosted")
        },
        **{f"{name} twice alarms": one["alarms"] == 0 for name, one in found["still"].items()},
        "the old environment says the same twice": found["twice"]["moved"] == 0,
        "cold below 60 s": times["cold"]["seconds"] < 60 and times["cold"]["lines"] > 1,
        "warm below 2 s": times["warm"]["seconds"] < 2,
    }
    return [line for line, holds in held.items() if not holds]


def lines(found: dict[str, Any]) -> list[str]:
    """A line for every replay."""
    rows = []
    for part in ("retrained", "stored"):
        for name, one in found[part].items():
            if name == "counted":
                continue
            how = one["trials"]["retrained" if part == "retrained" else "artifact"]
            what = how["words"] if how["failure"] else f"{how['rows_changed']} of {how['rows']} rows differ"
            if not how["failure"] and how["rows_changed"]:
                what += f", {how['largest_ulp']:.3g} ULP, {how['decisions_changed']} decisions"
            rows.append(f"{part}: {name}: {how['ending']} ({one['exit']}): {what[:120]}; {one['seconds']} s")
            rows += [
                f"    {each['package']} begins between {each['last_same']} and {each['first_different']}"
                for each in (one["bisection"] or {}).get("guilty", ())
            ]
    rows += [f"same wheels twice: {name}: {one}" for name, one in found["still"].items()]
    return [*rows, f"environments: {found['environments']}"]


def main() -> None:
    """Do what is not done yet, print, and keep."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=7, help="of rows and models")
    parser.add_argument("--repeats", type=int, default=50, help="of the same wheels, for each of three models")
    parser.add_argument("--work", type=Path, default=Path("build/library_updates"))
    parser.add_argument("--out", type=Path, default=Path("build/library_updates/results.json"))
    given = parser.parse_args()
    project = Project(given.work, given.seed)
    found = {
        "seed": given.seed,
        "rows": learners.ROWS,
        "python": platform.python_version(),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "locks": LOCKS,
        "environments": environments(project),
        "retrained": retrained(project),
        "stored": stored(project),
        "still": still(project, given.repeats),
    }
    found["twice"] = twice(found)
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(json.dumps(found, indent=1) + "\n")
    print("\n".join(lines(found)))
    failed = broken(found)
    print("\n".join(f"BROKEN: {one}" for one in failed))
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
