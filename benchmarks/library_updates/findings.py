"""What was found, in lines; and what does not hold that should."""

from __future__ import annotations

from typing import Any

from benchmarks.library_updates.replays import FILES


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
