"""Apprise on a real receiver on this machine."""

import json
import time

import pytest

from baseline_pipeline.adapters.notifiers.apprise import notify
from baseline_pipeline.contract.monitoring import Receiver
from tests.adapters.listening import closed_port, error_of, listening, message


def test_apprise_tells_the_text(listener):
    notify(Receiver(apprise=listener.url("json")), [message("a", "severe", lines=("look: now",))], "key")
    ((_, _, body, _),) = listener.requests
    told = json.loads(body)

    assert (told["title"], told["type"]) == ("[severe] credit: auc fell", "failure")
    assert told["message"].splitlines()[:2] == ["credit: auc fell (opened)", "look: now"]


@pytest.mark.parametrize(
    ("messages", "kind"),
    [
        ([message(tier="minor")], "info"),
        ([message(tier="moderate"), message("c", "severe", kind="closed")], "warning"),
        ([message(tier="severe", kind="closed")], "success"),
    ],
)
def test_apprise_tells_how_bad_it_is(listener, messages, kind):
    notify(Receiver(apprise=listener.url("json")), messages, "key")

    assert json.loads(listener.requests[0][2])["type"] == kind


@pytest.mark.parametrize("status", [302, 404, 500])
def test_apprise_tries_once_whatever_its_url_asks_for(listener, status):
    listener.status = status
    asks = listener.url("json", "/x?retry=3&optional=yes&overflow=split&redirect=yes")
    error = error_of(notify, Receiver(apprise=asks))

    assert error.message == f"it answered {status}"
    assert not error.surely
    assert len(listener.requests) == 1


def test_apprise_is_given_up_when_the_receiver_is_slow(listener):
    listener.wait = 30
    begun = time.monotonic()
    error = error_of(notify, Receiver(apprise=listener.url("json")), seconds=1.0)

    assert error.message == "Apprise could not reach it, or it did not take it"
    assert time.monotonic() - begun < 20


def test_apprise_through_bad_times_loses_nothing(outbox):
    port, now = closed_port(), time.time()
    receiver = Receiver(apprise=f"json://127.0.0.1:{port}/")
    outbox.add([message("a")], [receiver], now=now)
    down = outbox.deliver([receiver], now=now)
    with listening(port=port) as listener:
        well = outbox.deliver([receiver], now=now + 31)

    assert (down.sent, down.failed, down.pending) == (0, 1, 1)
    assert (well.sent, well.failed, well.pending) == (1, 0, 0)
    assert len(listener.requests) == 1


def test_a_service_that_apprise_does_not_know_is_told():
    error = error_of(notify, Receiver(apprise="nosuch://TokenA/TokenB"))

    assert "no URL that Apprise knows" in error.message
    assert error.surely
