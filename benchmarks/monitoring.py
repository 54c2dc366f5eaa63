"""A model watched beside its baseline, window after window: false alarms over years of looks, how soon harm is found.

Windows of 400 rows of which 3.4 % are decided otherwise. Streams without a change are looked at 10,000 times; a loss of
0.5 points is looked for within 50 windows, with no end in sight and with 50 looks planned; McNemar's test at every
look, as if it were the only one, stands beside. Exits 1 where false alarms are significantly above alpha, or a goal of
the power is not reached.

    python -m benchmarks.monitoring --seed 7
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import ndtri

from baseline_pipeline.monitoring.paired_window import Evidence, PairedWindow
from baseline_pipeline.monitoring.sequential import follow
from baseline_pipeline.significance.clopper_pearson import clopper_pearson
from baseline_pipeline.significance.e_process import least_worse

ALPHA = 0.01
ROWS, CHANGED = 400, 0.034
HORIZON, HARM = 50, 0.005
POWER = {"open": 0.60, "planned": 0.85}
CHUNK = 100
TOGETHER = 5
"""Changed rows that go one way together, where rows are clustered."""

Counts = tuple[np.ndarray, np.ndarray]


def drawn(
    rng: np.random.Generator, streams: int, windows: int, *, harm: float = 0.0, changed: float = CHANGED
) -> Counts:
    """(streams, windows) worse and better rows; `harm` is the share of the former less that of the latter."""
    chances = [(changed + harm) / 2, (changed - harm) / 2, 1 - changed]
    found = rng.multinomial(ROWS, chances, (streams, windows))
    return found[..., 0], found[..., 1]


def clustered(rng: np.random.Generator, streams: int, windows: int) -> Counts:
    """The same without a change, where changed rows come five at a time and all five go one way."""
    found = rng.multinomial(ROWS // TOGETHER, [CHANGED / 2, CHANGED / 2, 1 - CHANGED], (streams, windows))
    return TOGETHER * found[..., 0], TOGETHER * found[..., 1]


def first(alarms: np.ndarray) -> np.ndarray:
    """(streams,) index of the first window with an alarm, -1 without."""
    return np.where(alarms.any(axis=1), alarms.argmax(axis=1), -1)


def open_ended(counts: Counts, bars: np.ndarray) -> np.ndarray:
    """Where the e-process first alarms; `bars` are the fewest worse rows by changed rows."""
    worse, better = (one.cumsum(axis=1) for one in counts)
    return first(worse >= bars[worse + better])


def naive(counts: Counts) -> np.ndarray:
    """Where McNemar's one-sided test first alarms."""
    worse, better = (one.cumsum(axis=1) for one in counts)
    return first(worse - better > -ndtri(ALPHA) * np.sqrt(worse + better))


def followed(counts: Counts, horizon: int | None, evidence: Evidence = "rows", together: int = 1) -> np.ndarray:
    """Where the monitor itself first alarms; so many changed rows go one way `together`, and squares say so."""
    found = []
    for pairs in np.stack(counts, axis=-1).tolist():
        windows = [
            PairedWindow(
                start=str(number), rows=ROWS, worse=b, better=c, harm_sum=b - c, harm_squares=together * (b + c)
            )
            for number, (b, c) in enumerate(pairs)
        ]
        said = follow(windows, alpha=ALPHA, horizon=horizon, expected_rows=HORIZON * ROWS, evidence=evidence)
        found.append(-1 if said.alarmed is None else said.alarmed)
    return np.array(found)


def share(alarmed: np.ndarray) -> dict[str, Any]:
    """Share of streams that alarm with its exact interval of 95 %, and the median window of those that do."""
    found = alarmed >= 0
    low, high = clopper_pearson(int(found.sum()), len(found))
    return {
        "streams": len(found),
        "alarmed": int(found.sum()),
        "share": round(float(found.mean()), 4),
        "interval": [round(low, 4), round(high, 4)],
        "median_window": float(np.median(alarmed[found])) + 1 if found.any() else None,
    }


def for_ever(streams: int, windows: int, seed: int) -> dict[str, Any]:
    """Streams without a change, looked at after every window."""
    bars = least_worse(np.arange(int(windows * ROWS * CHANGED * 1.1) + 1000), ALPHA)
    ours, peer = [], []
    for chunk in range(0, streams, CHUNK):
        counts = drawn(np.random.default_rng([seed, 1, chunk]), min(CHUNK, streams - chunk), windows)
        ours.append(open_ended(counts, bars))
        peer.append(naive(counts))
    return {
        "windows": windows,
        "open": share(np.concatenate(ours)),
        "mcnemar_every_look": share(np.concatenate(peer)),
    }


def within_horizon(counts: Counts, together: int = 1) -> dict[str, Any]:
    """All ways on the same streams of fifty windows."""
    return {
        "open": share(followed(counts, None)),
        "planned": share(followed(counts, HORIZON)),
        "open_losses": share(followed(counts, None, "losses", together)),
        "planned_losses": share(followed(counts, HORIZON, "losses", together)),
        "open_windows": share(followed(counts, None, "windows")),
        "planned_windows": share(followed(counts, HORIZON, "windows")),
        "mcnemar_every_look": share(naive(counts)),
    }


def measure(*, seed: int, quick: bool) -> dict[str, Any]:
    """All figures.

    Args:
        seed: Of the streams.
        quick: Fewer and shorter ones.
    """
    streams, windows, runs, nulls = (200, 2_000, 300, 300) if quick else (2_000, 10_000, 2_000, 5_000)
    rng = np.random.default_rng([seed, 2])
    return {
        "no_change_for_ever": for_ever(streams, windows, seed),
        "no_change_50_windows": within_horizon(drawn(rng, nulls, HORIZON)),
        "no_change_50_windows_clustered": within_horizon(clustered(rng, runs, HORIZON), TOGETHER),
        "half_a_point_worse": within_horizon(drawn(rng, runs, HORIZON, harm=HARM)),
        "half_a_point_worse_besides_the_changed": within_horizon(
            drawn(rng, runs, HORIZON, harm=HARM, changed=CHANGED + HARM)
        ),
        "a_quarter_point_worse": within_horizon(drawn(rng, runs, HORIZON, harm=HARM / 2)),
        "one_point_worse": within_horizon(drawn(rng, runs, HORIZON, harm=HARM * 2)),
    }


def missed(found: dict[str, Any]) -> list[str]:
    """Goals that are not reached."""
    calm = {
        "open, for ever": found["no_change_for_ever"]["open"],
        "open": found["no_change_50_windows"]["open"],
        "planned": found["no_change_50_windows"]["planned"],
    }
    loud = [f"false alarms, {name}: {one['share']}" for name, one in calm.items() if one["interval"][0] > ALPHA]
    shares = {name: found["half_a_point_worse"][name]["share"] for name in POWER}
    return loud + [f"power, {name}: {shares[name]} below {goal}" for name, goal in POWER.items() if shares[name] < goal]


def main() -> None:
    """Measure, print, and keep."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--quick", action="store_true", help="200 streams of 2,000 windows, 300 runs")
    parser.add_argument("--out", type=Path, default=Path("build/monitoring.json"))
    given = parser.parse_args()
    started = time.perf_counter()
    figures = measure(seed=given.seed, quick=given.quick)
    goals = missed(figures)
    found = {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "numpy": version("numpy"),
        "scipy": version("scipy"),
        "seed": given.seed,
        "quick": given.quick,
        "alpha": ALPHA,
        "rows_per_window": ROWS,
        "changed": CHANGED,
        "horizon": HORIZON,
        "seconds": round(time.perf_counter() - started, 1),
        "missed": goals,
        **figures,
    }
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(json.dumps(found, indent=1) + "\n")
    print(json.dumps(found, indent=1))
    sys.exit(bool(goals))


if __name__ == "__main__":
    main()
