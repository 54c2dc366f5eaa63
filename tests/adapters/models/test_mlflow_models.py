"""What is loaded, and what is refused to be loaded."""

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from baseline_pipeline.adapters.models.mlflow import MlflowCatalogue
from baseline_pipeline.contract import Contract
from baseline_pipeline.errors import ModelFailed

X = pd.DataFrame({"x": np.linspace(-1, 1, 50)})


def contract(**model):
    return Contract.model_validate(
        {
            "name": "m",
            "task": "binary_classification",
            "data": {"source": {"csv": "x.csv"}, "row_id": ["id"], "label": "y", "features": [{"name": "x"}]},
            "model": {"uri": "model", "positive_class": 1, **model},
            "metrics": [{"metric": "brier", "margin": {"absolute": 0.01}}],
        }
    )


@pytest.fixture
def saved(tmp_path):
    import mlflow.sklearn

    fitted = LogisticRegression().fit(X, X["x"] > 0)

    def save(serialization_format):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            mlflow.sklearn.save_model(
                fitted,
                str(tmp_path / "model"),
                serialization_format=serialization_format,
                pip_requirements=["scikit-learn"],
            )
        return fitted

    return save


def catalogue(tmp_path, **model):
    return MlflowCatalogue(contract(**model), f"sqlite:///{tmp_path}/none.db", tmp_path, tmp_path / "cache")


def test_a_skops_model_loads_and_gives_probabilities(saved, tmp_path):
    fitted = saved("skops")
    found = catalogue(tmp_path)
    loaded = found.load(found.resolve("champion"))

    assert np.array_equal(loaded.predict(X), fitted.predict_proba(X))


def test_a_model_is_loaded_without_a_look_at_everything_that_is_installed(saved, tmp_path, monkeypatch):
    saved("skops")
    looks = []
    monkeypatch.setattr("mlflow.pyfunc.warn_dependency_requirement_mismatches", looks.append)
    found = catalogue(tmp_path)
    found.load(found.resolve("champion"))

    assert looks == []


def test_a_pickled_model_is_refused_without_the_users_say(saved, tmp_path):
    saved("cloudpickle")
    refused, said = catalogue(tmp_path), catalogue(tmp_path, allow_pickle=True)

    with pytest.raises(ModelFailed, match=r"skops_trusted_types=\[...\] .* or say `allow_pickle: true`"):
        refused.load(refused.resolve("champion"))
    assert said.load(said.resolve("champion")).predict(X) is not None


def test_code_beside_a_model_is_refused(saved, tmp_path):
    saved("skops")
    (tmp_path / "model" / "code").mkdir()
    found = catalogue(tmp_path)

    with pytest.raises(ModelFailed, match="Python code of its own"):
        found.load(found.resolve("champion"))


def test_artifacts_changed_in_place_are_refused(saved, tmp_path):
    saved("skops")
    found = catalogue(tmp_path)
    version = found.resolve("champion")
    (tmp_path / "model" / "requirements.txt").write_text("other\n")

    assert found.resolve("champion").digest != version.digest
    with pytest.raises(ModelFailed, match="not those that were evaluated"):
        found.load(version)


def test_a_folder_that_is_no_model_says_so(tmp_path):
    (tmp_path / "model").mkdir()
    found = catalogue(tmp_path)

    with pytest.raises(ModelFailed, match="no MLmodel file"):
        found.load(found.resolve("champion"))
