"""A real server's webhook: the challenger's alias is set, and the gate runs."""

import json
import threading
import time
import urllib.error
import urllib.request

import pytest

SECRET = "a long secret of the webhook"


@pytest.fixture
def receiver(credit):
    from baseline_pipeline.settings import load_settings
    from baseline_pipeline.workbench.promotions.listening import Receiver

    told = []
    found = Receiver(load_settings(credit.root, environ=credit.env), SECRET, told.append)
    server = found.serve("127.0.0.1", 0)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/", told
    server.shutdown()
    server.server_close()
    found.close()


def test_setting_the_challengers_alias_runs_the_gate(credit, receiver):
    url, told = receiver
    hook = credit.client.create_webhook("baseline", url, ["model_version_alias.created"], secret=SECRET)
    try:
        credit.client.set_registered_model_alias("credit", "other", credit.good.version)
        credit.client.set_registered_model_alias("credit", "challenger", credit.bad.version)
        deadline = time.monotonic() + 90
        while time.monotonic() < deadline and not any("FAIL: degraded" in line for line in told):
            time.sleep(0.2)
    finally:
        credit.client.delete_webhook(hook.webhook_id)
        for alias in ("other", "challenger"):
            credit.client.delete_registered_model_alias("credit", alias)

    assert any(f"models:/credit/{credit.bad.version}: credit: FAIL: degraded (exit 1)" in line for line in told), told
    assert any("is no challenger here" in line for line in told)


@pytest.mark.parametrize(("body", "status"), [(b"{}", 401), (b"x" * 1_000_001, 413)])
def test_what_is_not_signed_is_refused(receiver, body, status):
    url, _ = receiver
    request = urllib.request.Request(url, body, {"X-MLflow-Signature": "v1,AAAA"}, method="POST")

    with pytest.raises((urllib.error.HTTPError, ConnectionError, urllib.error.URLError)) as refused:
        urllib.request.urlopen(request, timeout=10)
    if isinstance(refused.value, urllib.error.HTTPError):
        assert refused.value.code == status
        assert json.loads(refused.value.read())["message"]
