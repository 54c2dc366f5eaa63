"""How a stored model is loaded elsewhere: by the library that wrote it, without MLflow where that can be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from baseline_pipeline.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

BY_ENDING = {
    ".pkl": "pickle",
    ".pickle": "pickle",
    ".joblib": "pickle",
    ".skops": "skops",
    ".onnx": "onnx",
    ".ubj": "xgboost",
    ".json": "xgboost",
    ".txt": "lightgbm",
    ".lgb": "lightgbm",
}


def stored_artifact(folder: Path) -> dict[str, object]:
    """What a worker is told of a folder with an `MLmodel` file.

    Libraries that store data of their own (skops, LightGBM, XGBoost, ONNX) and scikit-learn's pickles are loaded by
    themselves; everything else needs MLflow in the environment.
    """
    import yaml

    flavors: dict[str, dict[str, Any]] = yaml.safe_load((folder / "MLmodel").read_text(encoding="utf-8"))["flavors"]
    if "sklearn" in flavors:
        flavor = flavors["sklearn"]
        path = str(folder / flavor["pickled_model"])
        if flavor.get("serialization_format") == "skops":
            return {"loader": "skops", "path": path, "trusted": flavor.get("skops_trusted_types") or []}
        return {"loader": "pickle", "path": path}
    for name in ("lightgbm", "xgboost"):
        flavor = flavors.get(name, {})
        if str(flavor.get("model_class", "")).endswith(".Booster") and (folder / str(flavor.get("data"))).is_file():
            return {"loader": name, "path": str(folder / flavor["data"])}
    if "onnx" in flavors and (folder / str(flavors["onnx"].get("data"))).is_file():
        return {"loader": "onnx", "path": str(folder / flavors["onnx"]["data"])}
    return {"loader": "pyfunc", "path": str(folder)}


def file_artifact(file: Path, *, allow_pickle: bool) -> dict[str, object]:
    """What a worker is told of a plain file.

    Args:
        file: Named as its format is: .txt (LightGBM), .json or .ubj (XGBoost), .onnx, .skops, .joblib, .pkl.
        allow_pickle: Whether the user vouches for formats that run code when they are loaded; of .skops, for all types.

    Raises:
        UsageError: when it is absent, of no known format, or runs code and nobody vouched for it.
    """
    loader = BY_ENDING.get(file.suffix.lower())
    if not file.is_file() or loader is None:
        what = f"ends in {file.suffix or 'nothing'}" if file.is_file() else "is not there"
        message = f"artifact {file} {what}; accepted: a file ending in {', '.join(BY_ENDING)}"
        raise UsageError(message)
    if loader == "pickle" and not allow_pickle:
        message = f"artifact {file.name} is a pickle: loading it runs its code"
        raise UsageError(message, next_step="say `model: {allow_pickle: true}` in the contract if you wrote it")
    trusted = {"trusted": "all"} if loader == "skops" and allow_pickle else {}
    return {"loader": loader, "path": str(file.resolve()), **trusted}
