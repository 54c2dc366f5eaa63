"""What a worker is given, loaded or trained in a foreign environment: rows and model, and failures by their kind.

`worker` loads this file from beside itself. Only numpy has to be there. It runs on every Python from 3.8 on.
"""

from __future__ import annotations

import importlib
import inspect
import os
import sys
import time
import traceback
from pathlib import Path
from typing import Any, Callable  # noqa: UP035  # 3.8

OK, LOAD, SCHEMA, PREDICT, NON_FINITE, TRAIN, PACKAGES = 0, 10, 11, 12, 13, 14, 15
"""Exit codes."""
SYSTEM_PACKAGES = {"libgomp.so.1": "libgomp1", "libGL.so.1": "libgl1", "libstdc++.so.6": "libstdc++6"}
"""Debian packages of shared libraries that wheels expect of the machine."""
ONNX_TYPES = {
    "tensor(float)": "float32",
    "tensor(double)": "float64",
    "tensor(int64)": "int64",
    "tensor(int32)": "int32",
    "tensor(bool)": "bool",
    "tensor(string)": "object",
}
"""What inputs take, as numpy calls it."""
LONGEST = 600
"""Letters of an error that are kept."""
NAMES = {"lightgbm": "LightGBM", "xgboost": "XGBoost", "sklearn": "scikit-learn"}


class Failed(Exception):
    """A failure with the exit code that names its kind."""

    def __init__(self, code: int, words: str) -> None:
        super().__init__(words)
        self.code = code


class Model:
    """What was loaded, and how it answers."""

    def __init__(self, held: Any, answer: Callable[[Any], Any]) -> None:
        self.held = held
        self.answer = answer


def words_of(error: BaseException) -> str:
    """Type and text of an error, the middle left out of a long one, and the innermost place where it was raised."""
    text = " ".join(str(error).split())
    said = text if len(text) <= LONGEST else f"{text[: LONGEST // 3]} ... {text[-2 * LONGEST // 3 :]}"
    frames = traceback.extract_tb(error.__traceback__)
    place = f" (in {frames[-1].name} of {Path(frames[-1].filename).name})" if frames else ""
    return f"{needed(error, frames)}{type(error).__name__}: {said}{place}"


def lacking(text: str) -> str | None:
    """The shared library that an error says is not on the machine, as far as we know who brings it."""
    return next((one for one in SYSTEM_PACKAGES if f"{one}: cannot open shared object" in text), None)


def needed(error: BaseException, frames: Any) -> str:
    """What the machine itself lacks, and who asks for it: no lockfile brings it."""
    library = lacking(str(error))
    if library is None:
        return ""
    parts = [Path(one.filename).parts for one in reversed(frames) if "site-packages" in one.filename]
    who = parts[0][parts[0].index("site-packages") + 1] if parts else "the model"
    short = library.partition(".")[0]
    return f"{NAMES.get(who, who)} needs {short} (apt install {SYSTEM_PACKAGES[library]}): "


def read_rows(folder: str, columns: list[str]) -> Any:
    """Rows as a DataFrame where pandas is there, else as an (n, k) array of floats.

    Raises:
        Failed: where a column is not among them, or a package is missing that they cannot be handed over without.
    """
    try:
        import pyarrow.parquet

        return pyarrow.parquet.read_table(str(Path(folder) / "rows.parquet"), columns=columns).to_pandas()
    except ImportError:
        pass
    try:
        import numpy as np
    except ModuleNotFoundError as error:
        if error.name != "numpy":
            raise
        words = "this environment has no numpy, which the worker hands the model its rows with"
        raise Failed(PACKAGES, words) from error

    held = np.load(str(Path(folder) / "rows.npz"), allow_pickle=False)
    unknown = [name for name in columns if "values/" + name not in held.files]
    if unknown:
        raise Failed(SCHEMA, f"not among the rows, or only for environments with pyarrow: {', '.join(unknown)}")
    found = {name: column_of(held, name) for name in columns}
    try:
        import pandas as pd

        return pd.DataFrame({name: as_pandas(pd, held, name, values) for name, values in found.items()})
    except ImportError:
        pass
    texts = [name for name, values in found.items() if values.dtype.kind not in "biuf"]
    if texts:
        words = "this environment has no pandas, without which the model can be given numbers only; other columns: "
        raise Failed(PACKAGES, words + ", ".join(texts))
    return np.column_stack([values.astype(float) for values in found.values()])


def given(rows: Any) -> str:
    """What a model that fails may not have expected: rows without names."""
    return "" if hasattr(rows, "columns") else "; rows were given as an array: this environment has no pandas"


def column_of(held: Any, name: str) -> Any:
    """A column's values; `None` where a text or a truth is missing."""
    values = held["values/" + name]
    if "nulls/" + name in held.files:
        values = values.astype(object)
        values[held["nulls/" + name]] = None
    return values


def as_pandas(pd: Any, held: Any, name: str, values: Any) -> Any:
    """The same as pyarrow hands it to pandas: categories, days as dates, moments in their zone."""
    if "categories/" + name in held.files:
        ordered = bool(held["ordered/" + name])
        return pd.Categorical(values, categories=held["categories/" + name], ordered=ordered)
    if "zone/" + name in held.files:
        return pd.Series(values).dt.tz_localize("UTC").dt.tz_convert(str(held["zone/" + name]))
    if str(values.dtype) == "datetime64[D]":
        return values.astype(object)
    return values


def answering(held: Any, wants: str) -> Model:
    """Probabilities where they are wanted and can be had, else what `predict` (or a call) gives."""
    if type(held).__module__.startswith("xgboost.") and type(held).__name__ == "Booster":
        return booster(held)
    if type(held).__module__.startswith("lightgbm."):
        return in_its_order(held, answering_by(held, wants))
    return answering_by(held, wants)


def answering_by(held: Any, wants: str) -> Model:
    """By the method that gives what is wanted."""
    if wants == "scores" and hasattr(held, "predict_proba"):
        return Model(held, held.predict_proba)
    if hasattr(held, "predict"):
        return Model(held, held.predict)
    if callable(held):
        return Model(held, held)
    raise Failed(LOAD, f"{type(held).__name__} has neither predict_proba nor predict, and is no function")


def function_of(reference: str) -> Any:
    """`module:function`."""
    module, _, name = reference.partition(":")
    return getattr(importlib.import_module(module), name)


def unpickled(path: str) -> Any:
    """A pickled object, by the library that wrote it as far as it is there."""
    for name in ("joblib", "cloudpickle", "pickle"):
        try:
            library = importlib.import_module(name)
        except ImportError:
            continue
        with Path(path).open("rb") as file:
            return library.load(file)
    return None


def xgboost_of(path: str) -> Model:
    """A booster from JSON or UBJ."""
    import xgboost

    held = xgboost.Booster()
    held.load_model(path)
    return booster(held)


def booster(held: Any) -> Model:
    """A booster of XGBoost, which takes matrices of its own kind only."""
    import xgboost

    return Model(held, lambda rows: held.predict(xgboost.DMatrix(rows)))


def in_its_order(held: Any, model: Model) -> Model:
    """A model of LightGBM's, which takes columns by their place, whatever they are called: given as it learned them."""
    names = held.feature_name() if hasattr(held, "feature_name") else held.feature_name_

    def answer(rows: Any) -> Any:
        same = sorted(map(str, getattr(rows, "columns", ()))) == sorted(names)
        return model.answer(rows[names] if same else rows)

    return Model(model.held, answer)


def through_mlflow(held: Any, wants: str) -> Model:
    """What MLflow loaded; asked by its library where MLflow gives classes for probabilities, or mixes outputs.

    Args:
        held: As `mlflow.pyfunc.load_model` gives it.
        wants: `scores` or `predictions`.
    """
    known = [name for name in ("sklearn", "lightgbm", "xgboost", "catboost", "onnx") if name in held.metadata.flavors]
    if not known or not hasattr(held, "get_raw_model"):
        return Model(held, held.predict)
    raw = held.get_raw_model()
    if known == ["onnx"]:
        return onnx_session(raw, wants)
    if wants == "scores" and hasattr(raw, "predict_proba"):
        return answering(raw, wants)
    model = Model(held, held.predict)
    return in_its_order(raw, model) if type(raw).__module__.startswith("lightgbm.") else model


def onnx_of(path: str, wants: str) -> Model:
    """A session of ONNX from its file."""
    import onnxruntime

    return onnx_session(onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"]), wants)


def onnx_session(session: Any, wants: str) -> Model:
    """An ONNX session; one input takes the whole matrix, several take the column of their name each.

    Of several outputs scores are the last one and predictions the first, as converters order them.
    """
    inputs = session.get_inputs()

    def answer(rows: Any) -> Any:
        fed = {one.name: onnx_input(one, rows, alone=len(inputs) == 1) for one in inputs}
        said = session.run(None, fed)[-1 if wants == "scores" else 0]
        if isinstance(said, list) and said and isinstance(said[0], dict):
            return [[row[key] for key in sorted(row)] for row in said]
        return said

    return Model(session, answer)


def onnx_input(one: Any, rows: Any, *, alone: bool) -> Any:
    """The values of an input, in its type and with as many dimensions as it has."""
    import numpy as np

    kind = ONNX_TYPES.get(one.type)
    if kind is None:
        message = f"input {one.name} takes {one.type}; accepted: {', '.join(ONNX_TYPES)}"
        raise TypeError(message)
    names = [str(name) for name in getattr(rows, "columns", ())]
    if alone and (one.name not in names or len(names) > 1):
        return np.asarray(rows).astype(kind)
    if one.name not in names:
        message = f"input {one.name} is no feature; features: {', '.join(names)}"
        raise ValueError(message)
    values = np.asarray(rows[one.name]).astype(kind)
    return values.reshape(-1, 1) if len(one.shape) != 1 else values


def load(artifact: dict[str, Any], wants: str) -> Model:
    """The model that an artifact holds.

    Args:
        artifact: `loader` (function, pickle, skops, lightgbm, xgboost, onnx, pyfunc), and `path`, or `function` and the
            `folder` of its project. For skops the `trusted` types, or `all`; others are refused by skops itself.
            `disk_mb_s` slows reading down.
        wants: `scores` or `predictions`.
    """
    loader, path = artifact["loader"], artifact.get("path") or ""
    if path and artifact.get("disk_mb_s"):
        files = [Path(path)] if Path(path).is_file() else [one for one in Path(path).rglob("*") if one.is_file()]
        time.sleep(sum(one.stat().st_size for one in files) / 1e6 / artifact["disk_mb_s"])
    if loader == "function":
        os.chdir(artifact.get("folder") or ".")  # it may name files relative to its project
        return answering(function_of(artifact["function"]), wants)
    if loader == "pickle":
        return answering(unpickled(path), wants)
    if loader == "skops":
        import skops.io

        trusted = artifact.get("trusted") or []
        if trusted == "all":
            trusted = skops.io.get_untrusted_types(file=path)
        return answering(skops.io.load(path, trusted=trusted), wants)
    if loader == "lightgbm":
        import lightgbm

        return answering(lightgbm.Booster(model_file=path), wants)
    if loader == "xgboost":
        return xgboost_of(path)
    if loader == "onnx":
        return onnx_of(path, wants)
    import mlflow.pyfunc

    return through_mlflow(mlflow.pyfunc.load_model(path), wants)


def train(job: dict[str, Any]) -> Model:
    """What the contract's training entry makes of the training rows; kept for the way back."""
    os.chdir(job.get("project") or ".")  # it may name files relative to its project
    entry, label = function_of(job["train"]["entry"]), job["train"]["label"]
    rows = read_rows(job["train"]["rows"], [*job["columns"], label])
    named = hasattr(rows, "columns")
    features, labels = (rows[job["columns"]], rows[label]) if named else (rows[:, :-1], rows[:, -1])
    names = list(inspect.signature(entry).parameters)
    more = {"seed": job["seed"]} if "seed" in names else {}
    more.update(job["train"].get("arguments") or {})
    wanted = [name for name in names if name not in more]
    try:
        held = entry(features, labels, **more) if wanted else entry(**more)
    except Exception as error:
        raise Failed(TRAIN, words_of(error) + given(rows)) from error
    place = Path(job["output"]) / "model.pkl"
    try:
        import pickle

        place.write_bytes(pickle.dumps(held, protocol=4))
    except Exception as error:
        place.unlink() if place.exists() else None
        sys.stderr.write(f"the trained model cannot be pickled: {words_of(error)}\n")
    try:
        return answering(held, job["wants"])
    except Failed as failure:
        raise Failed(TRAIN, f"{job['train']['entry']} gave no model: {failure}") from failure
