"""Whether loading a stored model runs code that came with it."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from baseline_pipeline.errors import ModelFailed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Flavor = dict[str, Any]

BOOSTER = "lightgbm.basic.Booster"
LIBRARIES = ("sklearn.", "numpy.", "scipy.", "pandas.", "lightgbm.", "xgboost.", "functools.partial")
"""Where the types of a skops file may come from; the list in the file itself proves nothing."""


def code_run_on_loading(folder: Path) -> str | None:
    """Why loading would run foreign code, in words; `None` where it would not.

    What a model says of itself proves nothing: of every format that a loader of ours or of MLflow's may choose, the
    declaration by which that loader goes is judged, and there may be no other loader.

    Raises:
        ModelFailed: when the folder holds no MLflow model.
    """
    flavors = _flavors(folder)
    pyfunc = flavors.get("python_function", {})
    if pyfunc.get("code") or (folder / "code").is_dir():
        return "it brings Python code of its own"
    if pyfunc.get("python_model") or pyfunc.get("model_code_path"):
        return "it is a pickled or scripted Python model"
    loader = str(pyfunc.get("loader_module"))
    if loader not in {f"mlflow.{name}" for name in flavors if name in JUDGED}:
        return f"its format ({', '.join(sorted(flavors))}, loaded by {loader}) may run code when it is loaded"
    reasons = (JUDGED[name](flavor) for name, flavor in flavors.items() if name in JUDGED)
    return next((reason for reason in reasons if reason), None)


def _flavors(folder: Path) -> dict[str, Flavor]:
    import yaml

    description = folder / "MLmodel"
    if not description.is_file():
        message = f"{folder.name}: there is no MLmodel file in it"
        raise ModelFailed(message, next_step="log it with MLflow")
    try:
        said = yaml.safe_load(description.read_text(encoding="utf-8"))
    except (yaml.YAMLError, ValueError) as error:
        message = f"{folder.name}: its MLmodel file cannot be read: {' '.join(str(error).split())[:200]}"
        raise ModelFailed(message, next_step="log the model with MLflow again") from error
    flavors = said.get("flavors") if isinstance(said, dict) else None
    if not isinstance(flavors, dict) or not all(isinstance(flavor, dict) for flavor in flavors.values()):
        message = f"{folder.name}: its MLmodel file names no flavors"
        raise ModelFailed(message, next_step="log the model with MLflow again")
    return flavors


def _data(_flavor: Flavor) -> None:
    """Stored as data: loading runs nothing of the model's own."""


def _lightgbm(flavor: Flavor) -> str | None:
    """A booster is text; MLflow stores LightGBM's scikit-learn classes as scikit-learn's models."""
    return None if flavor.get("model_class", BOOSTER) == BOOSTER else _scikit_learn(flavor)


def _xgboost(flavor: Flavor) -> str | None:
    """MLflow calls the class that is named, whichever it is, and lets it read the data."""
    made = str(flavor.get("model_class", "xgboost.core.Booster"))
    return None if made.startswith("xgboost.") else f"it is made by {made}"


def _scikit_learn(flavor: Flavor) -> str | None:
    if flavor.get("serialization_format") != "skops":
        return f"it is stored as {flavor.get('serialization_format', 'pickle')}, and unpickling runs its code"
    foreign = [name for name in map(str, flavor.get("skops_trusted_types") or []) if not _of_libraries(name)]
    return f"its skops file holds the types {', '.join(foreign)}" if foreign else None


def _of_libraries(name: str) -> bool:
    """Whether a name in a skops file is a class of the libraries, or a function of scikit-learn's own.

    A model calls the functions that it holds with what its earlier steps made, and numpy, scipy and pandas have some
    that run a text or unpickle a file; modules also hold what they import from elsewhere. A name that is not here,
    such as one of an older version, cannot be loaded here either.
    """
    if not name.startswith(LIBRARIES):
        return False
    module, _, place = name.rpartition(".")
    try:
        found = getattr(importlib.import_module(module), place)
    except (ImportError, AttributeError, SystemExit):
        return True
    home = f"{getattr(found, '__module__', '')}."
    return home.startswith("sklearn.") or (isinstance(found, type) and home.startswith((*LIBRARIES, "functools.")))


JUDGED: dict[str, Callable[[Flavor], str | None]] = {
    "sklearn": _scikit_learn,
    "lightgbm": _lightgbm,
    "xgboost": _xgboost,
    "onnx": _data,
    "catboost": _data,
}
"""What may be loaded, and how each is judged by what it says of itself."""
