"""Deliveries as MLflow signs them; anything else is refused."""

import json

import pytest
from mlflow.webhooks.delivery import _generate_hmac_signature

from baseline_pipeline.adapters.webhooks.mlflow import AliasSet, Deliveries, DeliveryRefused

SECRET, NOW = "0123456789abcdef", 1_800_000_000.0


def delivery(event=None, stamp=int(NOW), name="d1", secret=SECRET):
    told = {"name": "credit", "alias": "challenger", "version": "7"}
    body = json.dumps(event or {"entity": "model_version_alias", "action": "created", "data": told})
    headers = {
        "X-Mlflow-Delivery-Id": name,
        "X-MLflow-Timestamp": str(stamp),
        "X-MLflow-Signature": _generate_hmac_signature(secret, name, str(stamp), body),
    }
    return headers, body.encode()


def test_an_alias_that_was_set_is_told_once():
    known = Deliveries(SECRET)

    assert known.accept(*delivery(), NOW) == AliasSet("credit", "challenger", "7")
    assert known.accept(*delivery(), NOW) is None
    assert known.accept(*delivery(name="d2"), NOW) is not None
    other = {"entity": "registered_model", "action": "created", "data": {"name": "x"}}
    assert known.accept(*delivery(other, name="d3"), NOW) is None


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (delivery(secret="another secret..."), "not signed with this secret"),
        (delivery(stamp=int(NOW) - 301), "more than 300 s from now"),
        (delivery(stamp=int(NOW) + 301), "more than 300 s from now"),
        (({}, b"{}"), "not signed with this secret"),
        ((delivery()[0], delivery()[1] + b" "), "not signed with this secret"),
        (({**delivery()[0], "X-Mlflow-Delivery-Id": "d9"}, delivery()[1]), "not signed with this secret"),
        (delivery({"entity": "model_version_alias", "action": "created"}), "no event of MLflow's"),
        (delivery([1]), "no event of MLflow's"),
    ],
)
def test_what_is_not_mlflows_or_not_fresh_is_refused(given, words):
    with pytest.raises(DeliveryRefused, match=words):
        Deliveries(SECRET).accept(*given, NOW)
