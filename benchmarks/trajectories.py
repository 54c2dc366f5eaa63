"""Change points and anomalies against what people marked, each detector with its one setting.

The folder holds the series and the marks of a part of the Turing Change Point Dataset (`tcpd_series.parquet`: series,
dim, i, value; `tcpd_annotations.json`) and of the Numenta Anomaly Benchmark (`nab_series.parquet`: series, i, value;
`nab_labels.json`). Means are over real series of one dimension without gaps, as in the published tables;
quality_control is made up and stands apart. Saying nothing is scored alongside: its figures are in those tables too.

    python -m benchmarks.trajectories --data FOLDER --seed 1
"""

from __future__ import annotations

import argparse
import functools
import json
import operator
import os
import platform
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from baseline_pipeline.trajectories.anomalies import anomalies
from baseline_pipeline.trajectories.change_points import change_points
from benchmarks.change_point_scores import PROFILES, covering, f1, windowed

MADE_UP = "quality_control"
QUIET = {20: 400, 50: 400, 200: 200, 1000: 20}
"""Runs of white noise of each length."""


def pointed(folder: Path) -> dict[str, object]:
    """F1 and covering of change points, series by series and on average."""
    table = pd.read_parquet(folder / "tcpd_series.parquet")
    marks = json.loads((folder / "tcpd_annotations.json").read_text())["annotations"]
    rows, real, made_up = {}, [], []
    for name, series in table.groupby("series"):
        if len(set(series["dim"])) > 1 or series["value"].isna().any():
            continue
        values = series.sort_values("i")["value"].to_numpy(float)
        marked = list(marks[name].values())
        found = change_points(values)
        rows[name] = {
            "found": found,
            "f1": f1(marked, found),
            "covering": covering(marked, found, len(values)),
            "f1_of_nothing": f1(marked, []),
            "covering_of_nothing": covering(marked, [], len(values)),
        }
        (made_up if str(name).startswith(MADE_UP) else real).append(name)
    scores = ("f1", "covering", "f1_of_nothing", "covering_of_nothing")
    return {
        "real": {score: float(np.mean([rows[name][score] for name in real])) for score in scores},
        "made_up": {score: float(np.mean([rows[name][score] for name in made_up])) for score in scores},
        "real_series": len(real),
        "series": rows,
    }


def alarmed(folder: Path) -> dict[str, object]:
    """Window scores of anomalies, with every profile."""
    table = pd.read_parquet(folder / "nab_series.parquet")
    marks = json.loads((folder / "nab_labels.json").read_text())["windows_rows"]
    started = time.perf_counter()
    heard = {
        name: (len(series), anomalies(series.sort_values("i")["value"].to_numpy(float)))
        for name, series in table.groupby("series")
    }
    seconds = time.perf_counter() - started
    found: dict[str, object] = {}
    for name, profile in PROFILES.items():
        total = functools.reduce(
            operator.add,
            (
                windowed(length, [(first, last) for first, last in marks.get(series, [])], alarms, profile)
                for series, (length, alarms) in heard.items()
            ),
        )
        found[name] = total.normalised
        found |= {"windows": total.windows, "caught": total.caught, "outside": total.outside}
    alarms = {str(series): alarms for series, (_, alarms) in heard.items()}
    return found | {"microseconds_per_value": round(1e6 * seconds / len(table)), "alarms": alarms}


def quiet(detector: Callable[[np.ndarray], list[int]], seed: int) -> dict[int, float]:
    """Findings per run of white noise, by length."""
    return {
        length: float(
            np.mean([len(detector(np.random.default_rng([seed, run]).normal(size=length))) for run in range(runs)])
        )
        for length, runs in QUIET.items()
    }


def main() -> None:
    """Measure, print, and keep."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=1, help="of the white noise; the detectors draw nothing")
    parser.add_argument("--out", type=Path, default=Path("build/trajectories.json"))
    given = parser.parse_args()
    points, alarms = pointed(given.data), alarmed(given.data)
    found = {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "seed": given.seed,
        "change_points": points,
        "anomalies": alarms,
        "found_in_white_noise": {
            "change_points": quiet(change_points, given.seed),
            "anomalies": quiet(anomalies, given.seed),
        },
    }
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(json.dumps(found, indent=1) + "\n")
    short = found | {
        "change_points": {key: value for key, value in points.items() if key != "series"},
        "anomalies": {key: value for key, value in alarms.items() if key != "alarms"},
    }
    print(json.dumps(short, indent=1))


if __name__ == "__main__":
    main()
