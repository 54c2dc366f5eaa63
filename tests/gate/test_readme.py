"""The README's ten minutes in CI: a fresh folder, against a server that knows nothing yet."""

import json
import warnings

import numpy as np
import pytest
import yaml


@pytest.mark.parametrize("server", ["sqlite"], indirect=True)
def test_in_ci_in_ten_minutes(server, fresh, readme):
    import mlflow
    from sklearn.linear_model import LogisticRegression

    root, said = fresh.root, fresh.said
    settings = {"BASELINE_HOME": str(root / "home"), "BASELINE_TRACKING_URI": server.uri}
    assert said(["baseline", "init", "churn"], **settings).returncode == 0
    frame = fresh.customers()
    features = frame[["tenure", "calls"]].astype(float)
    client = mlflow.MlflowClient(server.uri, server.uri)
    mlflow.set_tracking_uri(server.uri)
    mlflow.set_registry_uri(server.uri)
    mlflow.set_experiment("churn-training")
    for alias, labels in (("champion", frame.label), ("challenger", np.random.default_rng(1).permutation(frame.label))):
        with mlflow.start_run(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = LogisticRegression().fit(features, labels)
            info = mlflow.sklearn.log_model(
                model, name="model", serialization_format="skops", pip_requirements=["scikit-learn"]
            )
        version = mlflow.register_model(info.model_uri, "churn").version
        client.set_registered_model_alias("churn", alias, version)
    contract = yaml.safe_load(readme.blocks("Your own model in five minutes", "yaml")[0])
    contract["attributes"]["model"] = {"registered": "churn", "positive_class": 1}
    del contract["attributes"]["environment"]
    (root / "assets" / "churn" / "defs.yaml").write_text(yaml.safe_dump(contract))
    export, gate = readme.typed("In CI, in ten minutes")
    assert {word.partition("=")[0] for word in export[1:]} == set(settings)
    client.delete_registered_model_alias("churn", "challenger")
    assert said(["baseline", "run", "churn"], **settings).returncode == 5
    established = said(["baseline", "establish", "churn", "--by", "Ada", "--reason", "agreed"], **settings)
    assert established.returncode == 0, established.stderr
    client.set_registered_model_alias("churn", "challenger", "2")

    bad = said([*gate, "--json"], **settings)
    client.set_registered_model_alias("churn", "challenger", "1")
    same = said(gate, **settings)

    assert bad.returncode == 1, bad.stderr
    assert json.loads(bad.stdout)["gate"]["word"] == "FAIL: degraded"
    assert (root / "gate.xml").exists()
    assert same.returncode in {0, 5}, same.stdout + same.stderr
