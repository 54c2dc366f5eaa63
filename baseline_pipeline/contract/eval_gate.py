"""Plain files of thresholds, as common gates read them, told as a contract's metrics."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from baseline_pipeline.errors import ContractError
from baseline_pipeline.metrics import METRICS

if TYPE_CHECKING:
    from pathlib import Path

LARGEST = 100_000
NAMES = {
    "accuracy_score": "accuracy",
    "precision_score": "precision",
    "recall_score": "recall",
    "f1_score": "f1",
    "balanced_accuracy_score": "balanced_accuracy",
    "auc": "roc_auc",
    "roc_auc_score": "roc_auc",
    "pr_auc": "average_precision",
    "average_precision_score": "average_precision",
    "brier_score": "brier",
    "brier_score_loss": "brier",
    "mae": "mean_absolute_error",
    "mse": "mean_squared_error",
    "rmse": "root_mean_squared_error",
    "root_mean_squared_error": "root_mean_squared_error",
    "r2_score": "r2",
    "ece": "expected_calibration_error",
    "mcc": "matthews_correlation",
    "mape": "mean_absolute_percentage_error",
}
BOUNDS = ("threshold", "min", "max", "min_value", "max_value", "value")
CHANGES = ("min_absolute_change", "max_degradation", "max_drop", "tolerance")
DEEPEST = 3


def translated(path: Path) -> str:
    """What to write into a contract instead of a file of thresholds.

    Reads `accuracy: 0.9`, `accuracy: {min: 0.9}` and the like, below `metrics` or `thresholds` if there is such a word.

    Raises:
        ContractError: when the file is not read, or has no thresholds.
    """
    entries = _entries(_loaded(path), path)
    lines = ["metrics:"]
    unknown = []
    for name, rule in entries.items():
        ours = NAMES.get(name, name)
        if ours not in METRICS:
            unknown.append(name)
            continue
        lines.append(f"  - {_line(ours, rule, path)}")
    lines += [
        "",
        "What differs from a file of thresholds:",
        "  a floor alone passes whatever the champion was better at: the margin says how much worse is tolerated,",
        "  with an interval and an error rate, on the same rows, in every slice; a missing or NaN metric is exit 3.",
        "  The margins above are a hundredth of the floor: `baseline power MODEL` says which can be seen on your rows.",
    ]
    if unknown:
        lines.append(f"  not ours: {', '.join(unknown)}; write `function: module:function` for a metric of your own")
    return "\n".join(lines)


def _loaded(path: Path) -> Any:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        message = f"--eval-gate {path}: {error}"
        raise ContractError(message) from error
    if len(text) > LARGEST or "&" in text or "*" in text:
        message = f"--eval-gate {path}: longer than {LARGEST} characters, or with anchors and aliases"
        raise ContractError(message, next_step="a plain list of thresholds has neither")
    try:
        return yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError) as error:
        message = f"--eval-gate {path}: {str(error).splitlines()[0]}"
        raise ContractError(message, next_step="it must be YAML") from error


def _entries(body: Any, path: Path) -> dict[str, Any]:
    for _ in range(DEEPEST):
        if not isinstance(body, dict):
            break
        inner = next((body[word] for word in ("metrics", "thresholds", "eval_gate", "gate") if word in body), None)
        if inner is None:
            break
        body = inner
    if isinstance(body, list):
        body = {
            str(one.get("metric", one.get("name"))): {
                key: value for key, value in one.items() if key not in {"metric", "name"}
            }
            for one in body
            if isinstance(one, dict)
        }
    found = {str(name): rule for name, rule in body.items() if _is_rule(rule)} if isinstance(body, dict) else {}
    if not found:
        message = f"--eval-gate {path}: no threshold stands in it"
        raise ContractError(message, next_step="accepted: `accuracy: 0.9`, or `accuracy: {min: 0.9}`, below `metrics:`")
    return found


def _is_rule(rule: Any) -> bool:
    if isinstance(rule, dict):
        return any(word in rule for word in (*BOUNDS, *CHANGES))
    return isinstance(rule, int | float) and not isinstance(rule, bool)


def _line(name: str, rule: Any, path: Path) -> str:
    bound = rule if not isinstance(rule, dict) else next((rule[word] for word in BOUNDS if word in rule), None)
    change = next((rule[word] for word in CHANGES if word in rule), None) if isinstance(rule, dict) else None
    for value in (bound, change):
        if value is not None and (not isinstance(value, int | float) or value != value or abs(value) == float("inf")):  # noqa: PLR0124  # NaN
            message = f"--eval-gate {path}: {name}: {value!r} stood here"
            raise ContractError(message, next_step="accepted: a finite number")
    margin = float(change) if change is not None else max(abs(float(bound or 0)) / 100, 0.001)
    floor = "" if bound is None else f", floor: {float(bound):g}"
    return f"{{metric: {name}, role: primary, margin: {{absolute: {margin:g}}}{floor}}}"
