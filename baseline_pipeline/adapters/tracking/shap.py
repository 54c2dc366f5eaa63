"""SHAP values as `mlflow.models.evaluate` computes them, in a tracking store that lives no longer than the call."""

from __future__ import annotations

import importlib.metadata
import inspect
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from baseline_pipeline.adapters.registries.mlflow import connect, initialise_store
from baseline_pipeline.adapters.tracking.mlflow import active
from baseline_pipeline.adapters.tracking.standard_plots import silence
from baseline_pipeline.errors import EvidenceUnavailable, foreign

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pandas as pd

Array = np.ndarray[Any, Any]
EVALUATOR = "baseline_shap"
INSTALL = "`make shap`, or install the extra `shap`; or take `explain.shap` out of the contract"
SEED = 0


class MlflowShap:
    """Shapley values of a model's outputs by permutations of features (MLflow's evaluator `shap`).

    Source: Strumbelj and Kononenko (2014), Explaining prediction models and individual predictions with feature
    contributions, Knowl. Inf. Syst. 41:647; Lundberg and Lee (2017), A unified approach to interpreting model
    predictions, NeurIPS 30.

    Args:
        scratch: Unfinished files.
    """

    def __init__(self, scratch: Path) -> None:
        self._scratch = scratch

    @property
    def identity(self) -> str:
        """`shap` and its version; "" where it is not installed."""
        try:
            return f"shap {importlib.metadata.version('shap')}"
        except importlib.metadata.PackageNotFoundError:
            return ""

    def values(self, frame: pd.DataFrame, predict: Callable[[pd.DataFrame], Array], folder: Path) -> Array:
        """(n, f) or (n, f, k) contributions of f features, against the same n rows as background.

        SHAP is given the place of each value among the column's, and the model the value itself: so texts, dates and
        missing values are explained as numbers are, and MLflow fills nothing in. SHAP seeds numpy from the clock, and
        MLflow hands it no seed: numpy is seeded again as soon as the model is asked first, and the row that was
        explained until then is left out. For that the first row goes in twice.

        Args:
            frame: n rows of features, at most 99.
            predict: (m,) or (m, k) numbers for m rows.
            folder: Where the plots go.

        Raises:
            EvidenceUnavailable: when SHAP is not installed or fails.
        """
        require()
        rows = frame.iloc[[0, *range(len(frame))]].reset_index(drop=True)
        codes = rows.apply(_codes)
        asked = False

        def answer(asked_for: pd.DataFrame) -> Array:
            nonlocal asked
            if not asked:
                np.random.seed(SEED)  # noqa: NPY002  # SHAP draws from it
                asked = True
            return predict(_decoded(rows, codes, asked_for))

        before = np.random.get_state()  # noqa: NPY002  # a caller's dice are left as they were
        try:
            with _own_store(self._scratch), silence():
                found: Array = _evaluate(codes, answer, folder)
        except Exception as error:  # SHAP, numba, MLflow and the model each fail in their own ways
            said = error.message if isinstance(error, EvidenceUnavailable) else foreign(error)
            message = f"SHAP failed: {said.strip()[:400]}"
            raise EvidenceUnavailable(message) from error
        finally:
            np.random.set_state(before)  # noqa: NPY002  # see above
        return found[1:]


def require() -> None:
    """Raise `EvidenceUnavailable` where SHAP cannot be imported."""
    try:
        import shap  # noqa: F401  # MLflow would skip it without a word
    except ModuleNotFoundError as error:
        message = f"{error.name} is not installed"
        raise EvidenceUnavailable(message, next_step=INSTALL) from error
    except Exception as error:  # whatever numba or LLVM make of this machine
        message = f"shap cannot be imported: {foreign(error)}"
        raise EvidenceUnavailable(message, next_step=INSTALL) from error


def _codes(column: pd.Series[Any]) -> Array:
    """(n,) the place of each value among the column's distinct ones; of values without an order, each row's own."""
    import pandas as pd

    try:
        places = pd.factorize(column, sort=True, use_na_sentinel=False)[0]
    except TypeError:
        places = np.arange(len(column))
    return places.astype(float)


def _decoded(rows: pd.DataFrame, codes: pd.DataFrame, asked: pd.DataFrame) -> pd.DataFrame:
    import pandas as pd

    columns = {}
    for name in rows.columns:
        first = np.unique(codes[name], return_index=True)[1]
        columns[name] = rows[name].array.take(first[asked[name].to_numpy().astype(int)])
    return pd.DataFrame(columns)


def _evaluate(codes: pd.DataFrame, answer: Callable[[pd.DataFrame], Array], folder: Path) -> Array:
    import matplotlib as mpl
    import mlflow

    mpl.use("Agg")
    _register()
    kept: list[Any] = []
    target = f"{max(codes.columns, key=len)} "  # longer than any feature's name, so none of them
    found = mlflow.models.evaluate(
        model=answer,
        data=codes.assign(**{target: 0.0}),
        targets=target,
        model_type="regressor",  # a model of numbers: scores, not classes, are taken apart
        evaluators=EVALUATOR,
        evaluator_config={
            "explainability_algorithm": "permutation",
            "explainability_nsamples": len(codes),
            "ignore_exceptions": False,
            "label_list": [0],  # else MLflow scores all rows once more to guess it
            "kept": kept,
        },
    )
    for name, artifact in found.artifacts.items():
        artifact.content.save(folder / f"{name}.png")
    return np.asarray(kept[0].values, dtype=float)


def _register() -> None:
    """MLflow's evaluator, which hands on the values beside the plots it draws of them."""
    from mlflow.models.evaluation.evaluator_registry import _model_evaluation_registry
    from mlflow.models.evaluation.evaluators.shap import ShapEvaluator

    class Keeping(ShapEvaluator):  # type: ignore[misc]  # MLflow is untyped here
        def _log_image_artifact(self, do_plot: Callable[[], None], artifact_name: str) -> None:
            self.evaluator_config["kept"].append(inspect.getclosurevars(do_plot).nonlocals["shap_values"])
            super()._log_image_artifact(do_plot, artifact_name)

    _model_evaluation_registry.register(EVALUATOR, Keeping)


@contextmanager
def _own_store(scratch: Path) -> Iterator[None]:
    """A run in a store of its own: MLflow evaluates nowhere else, and the project's runs are one an evaluation."""
    import mlflow

    before = mlflow.get_tracking_uri(), mlflow.get_registry_uri()
    scratch.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=scratch, prefix="shap-", ignore_cleanup_errors=True) as name:
        uri = f"sqlite:///{Path(name) / 'mlflow.db'}"
        initialise_store(uri, "shap", "shap", Path(name) / "artifacts")
        client = connect(uri)
        experiment: Any = client.get_experiment_by_name("shap")
        try:
            with active(client.create_run(experiment.experiment_id).info.run_id):
                yield
        finally:
            mlflow.set_tracking_uri(before[0])
            mlflow.set_registry_uri(before[1])
