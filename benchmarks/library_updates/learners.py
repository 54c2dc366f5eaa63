"""Training entries and model files of `benchmarks.library_updates`; run by the Python of the environments it builds."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

ROWS = 20_000
"""To train on; all others are judged on."""
COLUMNS = [f"x{number:02}" for number in range(20)]


def constant(features: Any) -> np.ndarray:
    """A stored model that no library moves."""
    return np.full(len(features), 0.5)


def boosted(features: Any, labels: Any, seed: int = 0) -> Any:
    """scikit-learn's histogram gradient boosting."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    return HistGradientBoostingClassifier(random_state=seed).fit(features, labels)


def forest(features: Any, labels: Any, seed: int = 0) -> Any:
    """scikit-learn's random forest."""
    from sklearn.ensemble import RandomForestClassifier

    return RandomForestClassifier(30, max_depth=14, random_state=seed).fit(features, labels)


def logistic(features: Any, labels: Any, seed: int = 0) -> Any:
    """Scaled columns and a logistic regression."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(), LogisticRegression(max_iter=300, random_state=seed)).fit(features, labels)


def leaves(features: Any, labels: Any, seed: int = 0) -> Any:
    """LightGBM with bagging."""
    import lightgbm

    told = {"objective": "binary", "seed": seed, "bagging_fraction": 0.8, "bagging_freq": 1, "num_threads": 1}
    return lightgbm.train({**told, "deterministic": True, "verbose": -1}, lightgbm.Dataset(features, labels), 100)


def rounds(features: Any, labels: Any, seed: int = 0) -> Any:
    """XGBoost with subsampling."""
    import xgboost

    told = {"objective": "binary:logistic", "seed": seed, "subsample": 0.8, "nthread": 1, "tree_method": "hist"}
    return xgboost.train(told, xgboost.DMatrix(features, label=labels), 100)


def read(rows: str) -> tuple[Any, np.ndarray]:
    """Features with their names, and labels."""
    import pandas as pd

    with np.load(rows, allow_pickle=False) as held:
        return pd.DataFrame(held["x"], columns=COLUMNS), held["y"]


def write_rows(path: str, seed: int) -> None:
    """Rows of a seed."""
    from sklearn.datasets import make_classification

    x, y = make_classification(
        2 * ROWS,
        n_features=len(COLUMNS),
        n_informative=10,
        n_redundant=4,
        n_clusters_per_class=4,
        flip_y=0.06,
        random_state=seed,
    )
    np.savez(path, x=x, y=y)


def write_files(rows: str, folder: str, seeds: list[str], names: list[str]) -> None:
    """Models in the formats of the libraries that made them, `boosted-7.joblib` for `boosted.joblib` and seed 7."""
    features, labels = read(rows)
    features, labels = features[:ROWS], labels[:ROWS]
    for seed in seeds:
        for name in names:
            kind, _, ending = name.partition(".")
            path = Path(folder) / f"{kind}-{seed}.{ending}"
            if not path.exists():
                write_file(path, globals()[kind](features, labels, int(seed)), features)


def write_file(path: Path, model: Any, features: Any) -> None:
    """One model; the ending says how."""
    if path.suffix == ".joblib":
        import joblib

        joblib.dump(model, path)
    elif path.suffix == ".skops":
        import skops.io

        skops.io.dump(model, path)
    elif path.suffix == ".onnx":
        from skl2onnx import to_onnx

        made = to_onnx(model, features.to_numpy(np.float32)[:1], options={"zipmap": False})
        path.write_bytes(made.SerializeToString())
    else:
        model.save_model(str(path))


def write_scores(rows: str, path: str, seed: int, kind: str) -> None:
    """What a model trained here says of the rows that are judged, counted without the product."""
    features, labels = read(rows)
    model = globals()[kind](features[:ROWS], labels[:ROWS], seed)
    np.save(path, model.predict_proba(features[ROWS:])[:, 1])


if __name__ == "__main__":
    what, *words = sys.argv[1:]
    if what == "rows":
        write_rows(words[0], int(words[1]))
    elif what == "files":
        write_files(words[0], words[1], words[2].split(","), words[3].split(","))
    else:
        write_scores(words[0], words[1], int(words[2]), words[3])
