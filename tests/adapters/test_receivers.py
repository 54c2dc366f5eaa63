"""Receivers are named by nothing secret, and their addresses are filled in for sending."""

import time
from urllib.parse import urlsplit

import pytest

from baseline_pipeline.adapters.notifiers.addresses import filled, receiver_id, receiver_name
from baseline_pipeline.adapters.notifiers.outbox import Outbox, send
from baseline_pipeline.contract.monitoring import Receiver
from baseline_pipeline.response.delivery import NotDelivered
from tests.adapters.listening import message


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ({"webhook": "https://hooks.example/T0/secret?token=secret"}, "https://hooks.example/***"),
        ({"webhook": "https://ana:secret@hooks.example:8443/"}, "https://hooks.example:8443/***"),
        ({"webhook": "https://ana:se/cret@hooks.example/"}, "https://***"),
        ({"webhook": "https://ana:12/secret@hooks.example/"}, "https://***"),
        ({"webhook": "https://${HOST}/secret"}, "https://${HOST}/***"),
        ({"webhook": "${HOOK_URL}"}, "${HOOK_URL}"),
        ({"webhook": "https://secret\u202e/"}, "https://***"),
        ({"apprise": "slack://secretA/secretB/secretC"}, "slack://***"),
        ({"apprise": "mailto://ana:secret@mail.example"}, "mailto://mail.example/***"),
        ({"apprise": "secret"}, "***"),
    ],
)
def test_a_receiver_is_named_by_nothing_that_may_be_secret(given, shown):
    assert receiver_name(Receiver(**given)) == shown


def test_a_receiver_stays_itself_when_its_tier_or_its_signature_changes():
    name = receiver_id(Receiver(webhook="http://a/"), b"key")

    assert name == receiver_id(Receiver(webhook="http://a/", since="severe", secret="s"), b"key")
    assert name != receiver_id(Receiver(webhook="http://a/b"), b"key")
    assert name != receiver_id(Receiver(webhook="http://a/"), b"another")


def test_a_variable_that_is_not_set_is_named_and_the_message_stays(outbox, listener, monkeypatch):
    monkeypatch.delenv("HOOK_TOKEN", raising=False)
    receiver, now = Receiver(webhook=listener.url(path="/${HOOK_TOKEN}")), time.time()
    outbox.add([message()], [receiver], now=now)
    first = outbox.deliver([receiver], now=now)
    (status,) = outbox.status()
    monkeypatch.setenv("HOOK_TOKEN", "t0")
    second = outbox.deliver([receiver], now=now + 31)

    assert (first.failed, first.pending, second.sent) == (1, 1, 1)
    assert "notify.webhook: environment variable HOOK_TOKEN is not set" in status.last_error


def test_a_variable_with_a_line_break_is_told_of_without_its_value():
    with pytest.raises(NotDelivered) as found:
        filled("https://host/${TOKEN}", {"TOKEN": "secret\n"}, "notify.webhook")

    assert "secret" not in str(found.value)
    assert found.value.surely


def test_secrets_are_never_in_the_file(tmp_path, listener, monkeypatch):
    secrets = ["Passw0rd", "T0kenValue", "S1gning", "Lit3ral", "Ch4tToken", "V3ndor"]
    for name, value in zip(("PW", "TOKEN", "SIGN"), secrets, strict=False):
        monkeypatch.setenv(name, value)
    place = urlsplit(listener.url()).netloc

    def careless(receiver, messages, key, seconds):
        if receiver.apprise == "slack://Ch4tToken/V3ndor":
            raise RuntimeError(receiver.apprise)

        send(receiver, messages, key, seconds)

    outbox = Outbox(tmp_path / "outbox.sqlite", send=careless)
    receivers = [
        Receiver(webhook=f"http://ana:${{PW}}@{place}/${{TOKEN}}?q=Lit3ral", secret="${SIGN}"),
        Receiver(webhook="https://ana:${PW}@nowhere.invalid/${TOKEN}?q=Lit3ral", secret="S1gning"),
        Receiver(apprise=f"json://ana:${{PW}}@{place}/${{TOKEN}}/Lit3ral"),
        Receiver(apprise="nosuch://Ch4tToken/V3ndor"),
        Receiver(apprise="slack://Ch4tToken/V3ndor"),
        Receiver(webhook="http://ana:Lit3ral@[bad/"),
    ]
    now = time.time()
    outbox.add([message()], receivers, now=now)
    for status in (500, 401, 200):
        listener.status = status
        outbox.deliver(receivers, now=now)
        now += 3700
    held = b"".join(file.read_bytes() for file in tmp_path.glob("outbox.sqlite*"))

    assert len(listener.requests) >= 4
    assert b"hooks" not in held
    assert [secret for secret in secrets if secret.encode() in held] == []
    assert sum(bool(one.last_error) for one in outbox.status()) == 4
