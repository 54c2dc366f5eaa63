"""Compare two data sets with everything that does it, one process after the other.

Every contender runs in an environment of its own, built from `environments/`; imports are not counted, loading is
told apart. Exits 1 where ours is slower than it promises.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks.speed.data import make

HERE = Path(__file__).parent
PEERS = ("great_expectations", "alibi_detect", "nannyml", "sklearn_scipy", "whylogs", "evidently", "deepchecks")
MOST_ROWS = {
    "deepchecks": 1_000_000,
    "evidently": 1_000_000,
    "sklearn_scipy": 1_000_000,
    "nannyml": 1_000_000,
    "whylogs": 1_000_000,
}
"""Above these a contender would need hours, or more memory than a machine of 24 GiB has."""
LIMIT = 1_200
QUIET = {"PYTHONWARNINGS": "ignore", "MPLBACKEND": "Agg", "DO_NOT_TRACK": "1", "NML_DISABLE_USAGE_LOGGING": "1"}


def environment(name: str, folder: Path) -> Path:
    """The Python of a contender's environment, built where it is not there."""
    if name in {"ours", "read_once"}:
        return Path(sys.executable)
    python = folder / name / "bin" / "python"
    ready = folder / name / ".ready"
    if not ready.exists():
        uv = Path(sys.executable).with_name("uv")
        wanted = HERE / "environments" / f"{name}.txt"
        subprocess.run([uv, "venv", "--quiet", "--clear", "--python", sys.executable, folder / name], check=True)
        subprocess.run([uv, "pip", "install", "--quiet", "--python", python, "-r", wanted], check=True)
        ready.touch()
    return python


def once(name: str, python: Path, *words: str | Path) -> dict[str, Any]:
    """One run: seconds by part, peak of memory, or why there is none."""
    script = HERE / "contenders" / f"run_{name}.py"
    env = {**os.environ, **QUIET}
    command = [python, script, *words]
    try:
        done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=LIMIT, check=True)
    except subprocess.TimeoutExpired:
        return {"failed": f"not done after {LIMIT} s"}
    except subprocess.CalledProcessError as error:
        return {"failed": (error.stderr.strip().splitlines() or ["?"])[-1]}
    return dict(json.loads(done.stdout.strip().splitlines()[-1]))


def summed(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """Medians over runs; work is everything but loading."""
    good = [run for run in runs if "seconds" in run]
    if not good:
        return runs[0]
    parts = {part: statistics.median(run["seconds"][part] for run in good) for part in good[0]["seconds"]}
    total = statistics.median(sum(run["seconds"].values()) for run in good)
    return {
        "seconds": parts,
        "total": round(total, 3),
        "work": round(total - parts.get("load", 0.0), 3),
        "peak_mb": max(run["peak_mb"] for run in good),
        "computed": good[0]["computed"],
        "runs": len(good),
    }


def measure(rows: int, peers: list[str], repeats: int, folder: Path) -> dict[str, Any]:
    """Every contender on one size."""
    paths = make(folder / f"rows-{rows}", rows, seed=2026)
    saved = folder / f"rows-{rows}" / "baseline.summary"
    saved.unlink(missing_ok=True)
    found: dict[str, Any] = {}
    for name in ("read_once", "ours", "ours_stored", *peers):
        if rows > MOST_ROWS.get(name, rows):
            continue
        script = "ours" if name == "ours_stored" else name
        python = environment(script, folder / "environments")
        more = [saved] if name == "ours_stored" else []
        if more:
            once("ours", python, *paths, saved)
        count = repeats if name in {"read_once", "ours", "ours_stored"} or rows <= 100_000 else 1
        found[name] = summed([once(script, python, *paths, *more) for _ in range(count)])
        tell(name, found[name])
    return found


def tell(name: str, one: dict[str, Any]) -> None:
    """A line for whoever waits."""
    if "failed" in one:
        print(f"  {name:20} failed: {one['failed']}", flush=True)
    else:
        print(f"  {name:20} {one['total']:9.2f} s  {one['peak_mb']:6} MB  {one['computed']}", flush=True)


def shortfalls(rows: int, found: dict[str, Any]) -> list[str]:
    """What ours does not keep of its promises."""
    ours, wrong = found["ours"], []
    slower = [name for name, one in found.items() if name in PEERS and one.get("total", 1e9) < ours["total"]]
    wrong += [f"{rows} rows: slower than {name}" for name in slower]
    if rows >= 10_000_000 and ours["total"] > 5.5:
        wrong.append(f"{rows} rows: {ours['total']} s for a pair; 5.5 s promised")
    return wrong


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m benchmarks.speed", description=__doc__)
    options.add_argument("--rows", type=int, nargs="+", default=[100_000, 1_000_000, 10_000_000])
    options.add_argument("--peers", nargs="*", default=list(PEERS), choices=PEERS)
    options.add_argument("--repeats", type=int, default=5)
    options.add_argument("--folder", type=Path, default=Path("build/speed"))
    options.add_argument("--out", type=Path, help="where the results go, as JSON")
    chosen = options.parse_args()
    machine = {"cores": len(os.sched_getaffinity(0)), "cpu": platform.processor() or platform.machine()}
    results: dict[str, Any] = {"machine": machine, "python": platform.python_version(), "rows": {}}
    wrong: list[str] = []
    for rows in chosen.rows:
        print(f"{rows} rows by 28 columns, twice", flush=True)
        results["rows"][rows] = measure(rows, chosen.peers, chosen.repeats, chosen.folder.resolve())
        wrong += shortfalls(rows, results["rows"][rows])
    if chosen.out:
        chosen.out.parent.mkdir(parents=True, exist_ok=True)
        chosen.out.write_text(json.dumps(results, indent=2, sort_keys=True) + "\n")
    for line in wrong:
        print(line)
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
