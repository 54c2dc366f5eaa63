"""What is loaded, and what is refused to be loaded."""

import json
import shutil
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from baseline_pipeline.adapters.models.mlflow import MlflowCatalogue, _tagged
from baseline_pipeline.adapters.models.places import exact_uri, watched_uri
from baseline_pipeline.adapters.models.trust import code_run_on_loading
from baseline_pipeline.contract import Contract
from baseline_pipeline.errors import ModelFailed, ModelGone, TrackingUnavailable

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


@pytest.mark.parametrize("tag", ["June and July", "2026-06-01", "2026-07-31/2026-06-01", "2026-06-01/2026-06-31"])
def test_a_tag_that_names_no_days_is_refused_with_what_is_accepted(tag):
    with pytest.raises(TrackingUnavailable, match=f"'{tag}'; accepted: first and last day, 2026-01-01/2026-03-31"):
        _tagged("models:/churn/1", tag)


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


BOOBY_TRAP = b"cbuiltins\nexec\n(Vopen('sprung', 'w').close()\ntR."  # a pickle that leaves a file
PICKLED = {"pickled_model": "model.pkl", "serialization_format": "cloudpickle"}
SKOPS = {"pickled_model": "model.skops", "serialization_format": "skops"}


@pytest.mark.parametrize(
    ("loader", "flavors", "why"),
    [
        (
            "mlflow.lightgbm",
            {"lightgbm": {"model_class": "lightgbm.sklearn.LGBMClassifier", "data": "model.pkl"}},
            "stored",
        ),
        ("mlflow.sklearn", {"onnx": {"data": "model.onnx"}}, "onnx, python_function, loaded by mlflow.sklearn"),
        ("mlflow.sklearn", {"onnx": {"data": "model.onnx"}, "sklearn": PICKLED}, "stored as cloudpickle"),
        ("mlflow.lightgbm", {"sklearn": SKOPS, "lightgbm": {"model_class": "x", "data": "model.pkl"}}, "stored"),
        ("mlflow.pyfunc.model", {"catboost": {"data": "model.cb"}}, "loaded by mlflow.pyfunc.model"),
        ("mlflow.xgboost", {"xgboost": {"model_class": "antigravity.Flight", "data": "model.pkl"}}, "antigravity"),
        ("trap", {"onnx": {"data": "model.onnx"}}, "loaded by trap"),
        (None, {"onnx": {"data": "model.onnx"}}, "loaded by None"),
    ],
)
def test_no_declaration_lets_a_pickle_be_loaded_unasked(tmp_path, monkeypatch, loader, flavors, why):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "model.pkl").write_bytes(BOOBY_TRAP)
    pyfunc = {"loader_module": loader, "data": "model.pkl", "model_path": "model.pkl", "python_version": "3.11.7"}
    (folder / "MLmodel").write_text(json.dumps({"flavors": {"python_function": pyfunc, **flavors}}))
    found = catalogue(tmp_path)

    with pytest.raises(ModelFailed, match="is not loaded: ") as refused:
        found.load(found.resolve("champion"))
    assert why in str(refused.value)
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize(
    ("name", "trusted"),
    [
        ("sklearn.tree._tree.Tree", True),
        ("sklearn.feature_selection._univariate_selection.f_classif", True),
        ("functools.partial", True),
        ("scipy.sparse._csr.csr_matrix", True),
        ("sklearn.an_older.Place", True),
        ("numpy.testing._private.utils.runstring", False),  # exec
        ("pandas.io.pickle.read_pickle", False),
        ("sklearn.datasets._openml.urlopen", False),  # imported there from elsewhere
        ("builtins.eval", False),
    ],
)
def test_types_of_a_skops_file_are_classes_of_the_libraries(tmp_path, name, trusted):
    (tmp_path / "MLmodel").write_text(
        json.dumps(
            {
                "flavors": {
                    "python_function": {"loader_module": "mlflow.sklearn"},
                    "sklearn": {**SKOPS, "skops_trusted_types": [name]},
                }
            }
        )
    )

    assert code_run_on_loading(tmp_path) == (None if trusted else f"its skops file holds the types {name}")


@pytest.mark.parametrize("text", ["[", "\x00", "- 1", "flavors: 3", "flavors: {sklearn: 3}", ""])
def test_a_description_that_is_none_says_so(tmp_path, text):
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "MLmodel").write_text(text)
    found = catalogue(tmp_path)

    with pytest.raises(ModelFailed, match="its MLmodel file"):
        found.load(found.resolve("champion"))


def test_files_behind_a_link_to_a_folder_are_no_part_of_a_version(saved, tmp_path):
    saved("skops")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "model" / "extra").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(ModelFailed, match="extra is a link to no file"):
        catalogue(tmp_path).resolve("champion")


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


def refitted(tmp_path, factor):
    """A model in the folder, in the place of the one that was there."""
    import mlflow.sklearn

    shutil.rmtree(tmp_path / "model", ignore_errors=True)
    fitted = LogisticRegression().fit(X * factor, X["x"] > 0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        mlflow.sklearn.save_model(
            fitted, str(tmp_path / "model"), serialization_format="skops", pip_requirements=["scikit-learn"]
        )
    return fitted


def test_a_folder_behind_a_file_uri_is_looked_at_every_time(tmp_path):
    found = catalogue(tmp_path, uri=f"file://{tmp_path}/model")
    versions, watched = [], []
    for factor in (1, 2):
        fitted = refitted(tmp_path, factor)
        versions.append(found.resolve("champion"))
        watched.append(watched_uri(contract(uri=f"file://{tmp_path}/model"), "sqlite://", tmp_path))
        assert np.array_equal(found.load(versions[-1]).predict(X), fitted.predict_proba(X))

    assert versions[0].digest != versions[1].digest
    assert watched[0] != watched[1]
    with pytest.raises(ModelGone):
        found.load(versions[0])


def test_an_alias_in_a_uri_is_followed_and_the_earlier_version_stays(tmp_path):
    import mlflow

    uri = f"sqlite:///{tmp_path}/some.db"
    client = mlflow.MlflowClient(uri, registry_uri=uri)
    client.create_registered_model("lifts")
    found = MlflowCatalogue(contract(uri="models:/lifts@live"), uri, tmp_path, tmp_path / "cache")
    versions = []
    for number, factor in (("1", 1), ("2", 2)):
        refitted(tmp_path, factor)
        shutil.copytree(tmp_path / "model", tmp_path / number)
        client.create_model_version("lifts", source=str(tmp_path / number))
        client.set_registered_model_alias("lifts", "live", number)
        versions.append(found.resolve("champion"))
        assert watched_uri(contract(uri="models:/lifts@live"), uri, tmp_path) == f"models:/lifts/{number}"

    assert [one.uri for one in versions] == ["models:/lifts/1", "models:/lifts/2"]
    assert exact_uri("models:/lifts/latest", uri) == "models:/lifts/2"
    one, two = (found.load(version).predict(X) for version in versions)
    assert not np.array_equal(one, two)
    with pytest.raises(TrackingUnavailable, match="there is no models:/lifts@dead at"):
        exact_uri("models:/lifts@dead", uri)


def test_what_a_name_elsewhere_held_is_kept_by_its_content(tmp_path, monkeypatch):
    import mlflow.artifacts

    def downloaded(artifact_uri, dst_path):
        return shutil.copytree(tmp_path / "model", Path(dst_path) / "model")

    monkeypatch.setattr("baseline_pipeline.adapters.models.mlflow.connect", lambda _: None)
    monkeypatch.setattr(mlflow.artifacts, "download_artifacts", downloaded)
    found = catalogue(tmp_path, uri="s3://bucket/lifts")
    versions = []
    for factor in (1, 2, 2):
        refitted(tmp_path, factor)
        versions.append(found.resolve("champion"))
    one, two = (found.load(version).predict(X) for version in versions[:2])

    assert not np.array_equal(one, two)
    shutil.rmtree(tmp_path / "cache")
    with pytest.raises(ModelGone):
        found.load(versions[0])
    assert np.array_equal(found.load(versions[2]).predict(X), two)


def test_a_folder_that_is_no_model_says_so(tmp_path):
    (tmp_path / "model").mkdir()
    found = catalogue(tmp_path)

    with pytest.raises(ModelFailed, match="no MLmodel file"):
        found.load(found.resolve("champion"))


def test_artifacts_that_stayed_on_another_machine_are_said_to_be_there(tmp_path):
    import mlflow

    elsewhere = tmp_path / "mlruns" / "0" / "models" / "m-1" / "artifacts"
    elsewhere.parents[2].mkdir(parents=True)
    uri = f"sqlite:///{tmp_path}/none.db"
    client = mlflow.MlflowClient(uri, registry_uri=uri)
    client.create_registered_model("gone")
    client.create_model_version("gone", source=str(elsewhere))
    client.set_registered_model_alias("gone", "champion", "1")
    found = catalogue(tmp_path, uri=None, registered="gone")
    with pytest.raises(TrackingUnavailable, match="no MLmodel file is among its artifacts"):
        found.resolve("champion")
    elsewhere.parents[2].rmdir()
    with pytest.raises(TrackingUnavailable) as raised:
        found.resolve("champion")

    assert raised.value.message.endswith(f"models:/gone/1 were logged to {elsewhere}, and there is no such folder here")
    assert "artifact store" in raised.value.next_step
