"""MLflow's own evaluation plots, drawn from stored scores: nothing is predicted again."""

from __future__ import annotations

import contextlib
import logging
import os
import warnings
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from baseline_pipeline.metrics.outcomes import Outcomes

PLOTTED_ROWS = 20_000


class _StoredScores:
    """Stands where MLflow expects a scikit-learn model, and answers with what was scored before."""

    def __init__(self, outcomes: Outcomes) -> None:
        self._outcomes = outcomes
        if outcomes.score is not None:
            self.predict_proba = self._probabilities

    def predict(self, _features: Any, **_options: Any) -> Any:
        return self._outcomes.prediction

    def get_raw_model(self) -> _StoredScores:
        return self

    def _probabilities(self, _features: Any) -> Any:
        score = self._outcomes.score
        return np.stack([1 - score, score], axis=1) if score is not None and score.ndim == 1 else score


def log_standard_plots(outcomes: Outcomes, *, regression: bool, seed: int) -> None:
    """Let `mlflow.models.evaluate` log its metrics and plots into the active run.

    Classifiers get a confusion matrix and, where there are scores, ROC, precision-recall, lift and
    calibration curves. At most 20,000 rows are plotted, drawn without replacement from the seed;
    a single class has no such plots, and classes of which one has no rows have no curves.
    """
    import matplotlib as mpl
    from matplotlib import pyplot as plt

    from baseline_pipeline.adapters.tracking.files_only import BACKEND

    mpl.use(BACKEND)
    if len(outcomes) > PLOTTED_ROWS:
        rows = np.sort(np.random.default_rng(seed).choice(len(outcomes), PLOTTED_ROWS, replace=False))
        outcomes = outcomes.take(rows)
    present = 0 if regression else len(np.unique(outcomes.label))
    if present == 1:
        return
    if outcomes.classes is not None and present < outcomes.classes:
        outcomes = replace(outcomes, score=None)
    others = set(plt.get_fignums())
    with silence():
        _evaluate(outcomes, regression=regression)
    for number in set(plt.get_fignums()) - others:  # MLflow leaves one, which the next to plot would draw on
        plt.close(number)


def _evaluate(outcomes: Outcomes, *, regression: bool) -> None:
    import mlflow
    import pandas as pd
    from mlflow.models import Model
    from mlflow.pyfunc import PyFuncModel

    stored: Any = _StoredScores(outcomes)
    flavors = {"python_function": {"loader_module": "mlflow.pyfunc.model" if regression else "mlflow.sklearn"}}
    frame = pd.DataFrame({"row": np.arange(len(outcomes)), "label": outcomes.label})
    mlflow.models.evaluate(
        model=PyFuncModel(model_meta=Model(flavors=flavors), model_impl=stored),
        data=frame,
        targets="label",
        model_type="regressor" if regression else "classifier",
        evaluators="default",
        evaluator_config={"log_model_explainability": False, "log_explainer": False, "metric_prefix": "mlflow."},
    )


@contextlib.contextmanager
def silence() -> Any:
    """Nothing of what MLflow and its evaluators print, warn and log."""
    level = logging.getLogger("mlflow").level
    logging.getLogger("mlflow").setLevel(logging.CRITICAL)
    with warnings.catch_warnings(), open(os.devnull, "w") as nowhere:  # noqa: PTH123  # devnull is no path
        warnings.simplefilter("ignore")
        with contextlib.redirect_stdout(nowhere), contextlib.redirect_stderr(nowhere):
            try:
                yield
            finally:
                logging.getLogger("mlflow").setLevel(level)
