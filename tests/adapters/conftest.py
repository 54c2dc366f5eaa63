"""A receiver that listens, and an outbox; no proxy stands between them."""

import pytest

from baseline_pipeline.adapters.notifiers.outbox import Outbox
from tests.adapters.listening import listening


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def listener():
    with listening() as found:
        yield found


@pytest.fixture
def outbox(tmp_path):
    return Outbox(tmp_path / "outbox.sqlite")
