"""The demo's models: a champion, an honest challenger, and one that learned from a broken join."""

from __future__ import annotations

import os
import tempfile
import warnings
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from baseline_pipeline.demo.flights import CATEGORIES, FEATURES, LABEL, ROW_ID, TIME, build
from baseline_pipeline.errors import DataUnreadable, ModelFailed, TrackingUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

Window = tuple[str, str]
"""First and last day (UTC) of the rows a model learns from, ISO, both included."""

CHAMPION: Window = ("2013-01-01", "2013-04-30")
CHALLENGER: Window = ("2013-01-01", "2013-06-30")

TRUSTED_TYPES = [  # what the encoder and the trees are made of, besides what skops trusts by itself
    "functools.partial",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.utils.validation.check_array",
]
EXAMPLE_ROWS = 5


def train(frame: pd.DataFrame, window: Window) -> Any:
    """A fitted scikit-learn pipeline: gradient-boosted trees over the columns `FEATURES`.

    The same rows give the same model, bit for bit: rows are sorted first, nothing is drawn at
    random, and carriers, origins and destinations are coded in alphabetical order. Words never
    seen in training count as missing.

    Args:
        frame: Rows as `flights.build` gives them, in any order.
        window: Days to learn from, by `scheduled_departure`.

    Raises:
        DataUnreadable: where the window holds no rows of one of the two outcomes.
    """
    from threadpoolctl import threadpool_limits

    rows = rows_within(frame, window).sort_values(ROW_ID)
    if rows[LABEL].nunique() != 2:  # noqa: PLR2004 # disrupted and not disrupted
        message = f"{len(rows)} rows between {window[0]} and {window[1]}; both outcomes are needed to learn from"
        raise DataUnreadable(message, next_step="choose days within 2013, for example 2013-01-01 to 2013-04-30")
    with threadpool_limits(1):  # a model keeps the number: its bytes are the same on every machine
        return _pipeline().fit(rows[FEATURES], rows[LABEL])


def models() -> Iterator[Any]:
    """Champion, challenger, and the challenger whose training lost the labels of carrier EV."""
    flights = build()
    yield train(flights, CHAMPION)
    yield train(flights, CHALLENGER)
    yield train(break_label_join(flights, "EV"), CHALLENGER)


def fit(features: pd.DataFrame, labels: pd.Series) -> Any:
    """The same pipeline from features and labels alone: the contract's training entry."""
    return _pipeline().fit(features[FEATURES], labels)


def rows_within(frame: pd.DataFrame, window: Window) -> pd.DataFrame:
    """The rows whose scheduled departure falls within a window of UTC days."""
    import pandas as pd

    first, last = (pd.Timestamp(day, tz="UTC") for day in window)
    within: pd.DataFrame = frame[frame[TIME].between(first, last + pd.Timedelta(1, unit="D"), inclusive="left")]
    return within


def break_label_join(frame: pd.DataFrame, carrier: str) -> pd.DataFrame:
    """The same rows, with one carrier's outcomes attached to the wrong flights of the same month.

    What a join leaves that lost the day and the flight number on its way: every single value is
    plausible, the carrier's share of disruptions stays as it was in every month, and nothing can
    be learned about that carrier. Input order does not matter; the result is sorted by row id.
    """
    import numpy as np

    rows = frame.sort_values(ROW_ID).reset_index(drop=True)
    order = np.random.default_rng(2013)
    month = rows["date"].str.slice(0, 7)
    for _, member in rows[rows["carrier"] == carrier].groupby(month):
        rows.loc[member.index, LABEL] = order.permutation(member[LABEL].to_numpy())
    return rows


def _pipeline() -> Any:
    from sklearn.compose import ColumnTransformer
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OrdinalEncoder

    codes = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    numbers = [name for name in FEATURES if name not in CATEGORIES]
    columns = ColumnTransformer([("categories", codes, CATEGORIES), ("numbers", "passthrough", numbers)])
    trees = HistGradientBoostingClassifier(
        max_iter=120,
        learning_rate=0.06,
        max_leaf_nodes=15,
        min_samples_leaf=200,
        l2_regularization=1.0,
        early_stopping=False,
        categorical_features=list(range(len(CATEGORIES))),
        random_state=0,
    )
    return make_pipeline(columns, trees)


def register(
    model: Any, example: pd.DataFrame, *, tracking_uri: str, experiment: str, name: str, alias: str, window: Window
) -> str:
    """Put a model into the MLflow registry under an alias; returns its new version.

    Stored without pickle (skops, with `TRUSTED_TYPES`), with signature and a few example rows, and
    tagged `training_window`. The stored copy must predict the example as the model does before the
    alias moves. MLflow resolves `models:/` by its process-wide tracking URI, which is set to this one.

    Args:
        model: What `train` returned.
        example: Rows with at least the columns `FEATURES`; the first five are kept.
        tracking_uri: MLflow tracking and registry store, already initialised.
        experiment: Name of an existing experiment.
        name: Registered model; made when it is not there.
        alias: For example `champion`; moved to the new version.
        window: What the model learned from.

    Raises:
        TrackingUnavailable: where the experiment does not exist.
        ModelFailed: where the stored copy predicts something else.
    """
    from threadpoolctl import threadpool_limits

    from baseline_pipeline.adapters.registries.mlflow import connect

    client = connect(tracking_uri)
    place = client.get_experiment_by_name(experiment)
    if place is None:
        message = f"there is no experiment {experiment!r} in the tracking store"
        raise TrackingUnavailable(message, next_step="run `baseline init`, or name an experiment that exists")
    tags = {"training_window": "/".join(window)}
    with threadpool_limits(1), tempfile.TemporaryDirectory() as folder:  # over five rows, threads wait for each other
        saved = _save(model, example[FEATURES].head(EXAMPLE_ROWS), Path(folder) / "model")
        run = client.create_run(place.experiment_id, tags=tags, run_name=f"train {name} {window[0]} {window[1]}")
        logged = client.create_logged_model(place.experiment_id, name=name, source_run_id=run.info.run_id, tags=tags)
        client.log_model_artifacts(logged.model_id, str(saved))
    client.finalize_logged_model(logged.model_id, "READY")
    client.set_terminated(run.info.run_id)
    if not client.search_registered_models(f"name = '{name}'"):
        client.create_registered_model(name)
    entry = client.create_model_version(
        name, f"models:/{logged.model_id}", run.info.run_id, tags=tags, model_id=logged.model_id
    )
    client.set_registered_model_alias(name, alias, entry.version)
    return str(entry.version)


def _save(model: Any, example: pd.DataFrame, folder: Path) -> Path:
    """The model as an MLflow model folder, read back and compared before anybody relies on it."""
    import mlflow.sklearn
    import numpy as np
    from mlflow.models import infer_signature

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # MLflow's hints on its own types and on integer columns
        signature = infer_signature(example, model.predict_proba(example))
        mlflow.sklearn.save_model(
            model,
            os.fspath(folder),
            serialization_format="skops",
            skops_trusted_types=TRUSTED_TYPES,
            signature=signature,
            input_example=example,
            pip_requirements=_requirements(),
            pyfunc_predict_fn="predict_proba",
        )
    stored = mlflow.sklearn.load_model(os.fspath(folder))
    if not np.array_equal(stored.predict_proba(example), model.predict_proba(example)):
        message = "the stored model predicts something else than the model that was trained"
        raise ModelFailed(message, next_step="check that skops and scikit-learn are the locked versions")
    return folder


def _requirements() -> list[str]:
    return [f"{package}=={version(package)}" for package in ("numpy", "pandas", "scikit-learn", "skops")]
