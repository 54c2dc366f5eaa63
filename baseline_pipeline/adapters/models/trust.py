"""Whether loading a stored model runs code that came with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from baseline_pipeline.errors import ModelFailed

if TYPE_CHECKING:
    from pathlib import Path

DATA_FORMATS = {"onnx", "xgboost", "lightgbm", "catboost"}
"""Flavors stored as data: loading them runs nothing of the model's own."""

LIBRARIES = ("sklearn.", "numpy.", "scipy.", "pandas.", "lightgbm.", "xgboost.", "functools.partial")
"""Where the types of a skops file may come from; the list in the file itself proves nothing."""


def code_run_on_loading(folder: Path) -> str | None:
    """Why loading would run foreign code, in words; `None` where it would not.

    Raises:
        ModelFailed: when the folder holds no MLflow model.
    """
    import yaml

    description = folder / "MLmodel"
    if not description.is_file():
        message = f"{folder.name}: there is no MLmodel file in it"
        raise ModelFailed(message, next_step="log it with MLflow")
    flavors: dict[str, dict[str, Any]] = yaml.safe_load(description.read_text(encoding="utf-8")).get("flavors", {})
    pyfunc = flavors.get("python_function", {})
    if pyfunc.get("code") or (folder / "code").is_dir():
        return "it brings Python code of its own"
    if pyfunc.get("python_model") or pyfunc.get("model_code_path"):
        return "it is a pickled or scripted Python model"
    if not str(pyfunc.get("loader_module", "mlflow.")).startswith("mlflow."):
        return f"it is loaded by {pyfunc['loader_module']}"
    if "sklearn" in flavors:
        return _scikit_learn(flavors["sklearn"])
    if DATA_FORMATS & flavors.keys():
        return None
    return f"its format ({', '.join(sorted(flavors))}) may run code when it is loaded"


def _scikit_learn(flavor: dict[str, Any]) -> str | None:
    if flavor.get("serialization_format") != "skops":
        return f"it is stored as {flavor.get('serialization_format', 'pickle')}, and unpickling runs its code"
    foreign = [name for name in flavor.get("skops_trusted_types") or [] if not str(name).startswith(LIBRARIES)]
    return f"its skops file holds the types {', '.join(foreign)}" if foreign else None
