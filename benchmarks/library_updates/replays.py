"""Models trained anew, stored ones, and the same wheels twice, each through `baseline replay`."""

from __future__ import annotations

from itertools import product
from typing import Any

from baseline_pipeline.significance.clopper_pearson import clopper_pearson_upper
from benchmarks.library_updates.project import Project

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
STILL = ("forest.joblib", "logistic.joblib", "leaves.txt")
"""What the same wheels are given twice."""
CHUNK = 10
"""Models that are made at a time."""


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
