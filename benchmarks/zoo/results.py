"""From counted runs to rates with their bounds, and a table."""

from __future__ import annotations

import platform
from importlib.metadata import version
from typing import Any

import numpy as np

from baseline_pipeline.significance.clopper_pearson import clopper_pearson_upper
from benchmarks.zoo.cases import APART, CASES, NULL_CASES

OURS = "Baseline Pipeline"
NOMINAL, BOUND = 0.01, 0.015


def summary(kept: dict[Any, dict[str, Any]], wanted: list[Any], *, seed: int, world: int) -> dict[str, Any]:
    """Power and false alarms of every gate, as shipped and with the threshold that gives it 1 % false alarms."""
    sizes = sorted({rows for rows, _, _ in wanted})
    return {
        "seed": seed,
        "world": world,
        "machine": {"python": platform.python_version(), "arch": platform.machine(), "numpy": version("numpy")},
        "rows": [_of_size(rows, kept, wanted) for rows in sizes],
    }


def _of_size(rows: int, kept: dict[Any, dict[str, Any]], wanted: list[Any]) -> dict[str, Any]:
    batches = [kept[rows, case.name, number] for size, case, number in wanted if size == rows]
    by_case: dict[str, dict[str, list[Any]]] = {}
    seconds = [one["seconds"] for batch in batches for one in batch["said"]]
    for batch in batches:
        for gate, readings in batch["found"].items():
            by_case.setdefault(batch["case"], {}).setdefault(gate, []).extend(readings)
    gates = list(dict.fromkeys(gate for found in by_case.values() for gate in found))
    nulls = [case.name for case in NULL_CASES if case.name in by_case]
    cases = [case.name for case in (*CASES, *APART) if case.name in by_case]
    measured = [_gate(gate, by_case, nulls, cases) for gate in gates]
    mine = next((one for one in measured if one["gate"] == OURS), None)
    assert mine is not None  # noqa: S101
    loud = [name for name, one in mine["nulls"].items() if one["runs"] >= 1000 and one["upper_95"] > BOUND]
    slow = dict.fromkeys(by_case, 0)
    for batch in batches:
        slow[batch["case"]] += sum(any(cell.startswith("latency") for cell in one["cells"]) for one in batch["said"])
    return {
        "rows": rows,
        "seconds_median": float(np.median(seconds)) if seconds else None,
        "ours": {"mean_power": mine["mean_power"], "loud": loud, "runs_where_latency_alarmed": slow},
        "gates": measured,
    }


def _gate(gate: str, by_case: dict[str, dict[str, list[Any]]], nulls: list[str], cases: list[str]) -> dict[str, Any]:
    quiet = np.array([score for name in nulls[:2] for score, _ in by_case[name][gate]])
    threshold = float(np.quantile(quiet, 1 - NOMINAL)) if len(quiet) else float("inf")
    alarms = {name: [alarm for _, alarm in by_case[name][gate]] for name in (*nulls, *cases)}
    tuned = {name: float(np.mean([s > threshold for s, _ in by_case[name][gate]])) for name in cases}
    shipped = {name: float(np.mean(alarms[name])) for name in cases}
    return {
        "gate": gate,
        "mean_power": _mean(shipped),
        "mean_power_tuned": _mean(tuned),
        "power": {name: round(value, 4) for name, value in shipped.items()},
        "power_tuned": {name: round(value, 4) for name, value in tuned.items()},
        "nulls": {
            name: {
                "runs": len(alarms[name]),
                "alarms": int(sum(alarms[name])),
                "upper_95": clopper_pearson_upper(int(sum(alarms[name])), len(alarms[name])),
            }
            for name in nulls
        },
    }


def _mean(power: dict[str, float]) -> float:
    """Over the seventeen."""
    return float(np.mean([power[case.name] for case in CASES if case.name in power] or [0.0]))


def table(results: dict[str, Any]) -> str:
    """The results for people."""
    lines = []
    for size in results["rows"]:
        lines.append(f"\n{size['rows']} rows, seed {results['seed']}, world {results['world']}")
        if size["seconds_median"] is not None:
            lines.append(f"one comparison of ours: median {size['seconds_median']:.2f} s on one core")
        lines.append(f"{'gate':88} {'power':>6} {'tuned':>6} {'false alarms':>12}")
        for gate in sorted(size["gates"], key=lambda one: -one["mean_power_tuned"]):
            runs = sum(one["runs"] for one in gate["nulls"].values())
            alarms = sum(one["alarms"] for one in gate["nulls"].values())
            rate = f"{alarms / runs:12.2%}" if runs else f"{'-':>12}"
            lines.append(f"{gate['gate']:88} {gate['mean_power']:6.2f} {gate['mean_power_tuned']:6.2f} {rate}")
        mine = next(one for one in size["gates"] if one["gate"] == OURS)
        lines += [f"  {name:40} {value:.3f}" for name, value in mine["power"].items()]
        lines += [
            f"  null: {name:34} {one['alarms']} of {one['runs']} (upper 95 % bound {one['upper_95']:.2%})"
            for name, one in mine["nulls"].items()
        ]
    return "\n".join(lines)
