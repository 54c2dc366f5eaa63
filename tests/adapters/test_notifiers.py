"""A real receiver on this machine: down, slow, failing, well again; killed senders; secrets that stay out of the file."""

import datetime as dt
import hashlib
import hmac
import http.server
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from email.utils import formatdate
from urllib.parse import urlsplit

import pytest

from baseline_pipeline.adapters.notifiers import webhook
from baseline_pipeline.adapters.notifiers.addresses import filled, receiver_id, receiver_name
from baseline_pipeline.adapters.notifiers.apprise import notify
from baseline_pipeline.adapters.notifiers.outbox import Outbox
from baseline_pipeline.adapters.notifiers.webhook import post
from baseline_pipeline.contract.monitoring import Receiver
from baseline_pipeline.errors import EvidenceUnavailable
from baseline_pipeline.response.delivery import LEASE, NotDelivered, Silence
from baseline_pipeline.response.messages import Message

SECRET = "0123456789abcdef"


def message(key="k", tier="minor", owner="ana", **more):
    given = {"model": "credit", "incident": "i1", "kind": "opened", "title": "auc fell", "at": "2026-01-05T00:00:00Z"}
    return Message(key=key, tier=tier, owner=owner, **(given | more))


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)


class Listener:
    """Whoever is told: what came, and what it answered."""

    def __init__(self, port=0, status=200, wait=0.0):
        self.requests, self.status, self.wait, self.trickle, self.retry_after = [], status, wait, False, None
        owner = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                owner.requests.append((self.path, dict(self.headers), body, owner.status))
                time.sleep(owner.wait)
                if owner.trickle:
                    for _ in range(150):
                        self.wfile.write(b"x")
                        time.sleep(0.2)
                self.send_response(owner.status)
                self.send_header("Location", "/elsewhere")
                if owner.retry_after:
                    self.send_header("Retry-After", owner.retry_after)
                self.send_header("Content-Length", "5000")
                self.end_headers()
                self.wfile.write(b"s" * 5000)

            def log_message(self, *args):
                pass

        class Server(http.server.ThreadingHTTPServer):
            def handle_error(self, request, client_address):
                pass

        self.server = Server(("127.0.0.1", port), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def url(self, scheme="http", path="/hook"):
        return f"{scheme}://127.0.0.1:{self.port}{path}"

    def taken(self):
        """Keys of messages by idempotency key, as a receiver that knows keys takes them."""
        found = {}
        for _, headers, body, status in self.requests:
            if status == 200:
                keys = {one["key"] for part in ("messages", "others") for one in json.loads(body)[part]}
                assert found.setdefault(headers["Idempotency-Key"], keys) == keys
        return found

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@contextmanager
def listening(**more):
    listener = Listener(**more)
    try:
        yield listener
    finally:
        listener.close()


@pytest.fixture
def listener():
    with listening() as found:
        yield found


@pytest.fixture
def outbox(tmp_path):
    return Outbox(tmp_path / "outbox.sqlite")


def closed_port():
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return held.getsockname()[1]


def error_of(tell, receiver, **more):
    with pytest.raises(NotDelivered) as found:
        tell(receiver, [message()], "key", **more)
    return found.value


# Through bad times


def test_down_then_slow_then_failing_then_well_nothing_is_lost_and_each_change_is_taken_once(outbox):
    port, now = closed_port(), time.time()
    receiver = Receiver(webhook=f"http://127.0.0.1:{port}/hook")
    said = []

    def tick(name):
        nonlocal now
        now += 3700
        outbox.add([message(name)], [receiver], now=now)
        found = outbox.deliver([receiver], now=now, deadline_seconds=2)
        said.append((found.sent, outbox.status(now)[0].last_error))

    tick("down 1")
    tick("down 2")
    with listening(port=port, wait=6) as listener:
        tick("slow")
        listener.wait, listener.status = 0.0, 500
        tick("failing")
        listener.status = 200
        tick("well 1")
        tick("well 2")
        tick("well 3")
        taken = listener.taken()

    assert [sent for sent, _ in said] == [0, 0, 0, 0, 1, 1, 1]
    assert [error for _, error in said[:4]] == [
        "connection refused",
        "connection refused",
        "it did not answer within 2 s",
        "it answered 500 Internal Server Error",
    ]
    keys = sorted(key for keys in taken.values() for key in keys)
    assert keys == sorted(["down 1", "down 2", "slow", "failing", "well 1", "well 2", "well 3"])
    assert {"down 1", "down 2", "slow"} in taken.values()


def test_two_thousand_messages_to_one_owner_leave_as_one_notification_for_each_receiver(outbox, listener):
    receivers = [Receiver(webhook=listener.url()), Receiver(apprise=listener.url("json", "/chat"))]
    many = [message(f"k{n}", lines=("owner: ana", "look: baseline show"), slices=("a", "b")) for n in range(2000)]

    assert outbox.add(many, receivers) == 4000
    found = outbox.deliver(receivers, deadline_seconds=60)

    assert (found.sent, found.failed, found.pending) == (2, 0, 0)
    assert sorted(path for path, *_ in listener.requests) == ["/chat", "/hook"]


@pytest.mark.parametrize(
    ("asks", "waits"),
    [("600", 600), (formatdate(1_900_000_700, usegmt=True), 700), ("9" * 12, 3600), ("soon", 25), ("-5", 25), ("", 25)],
)
def test_a_receiver_that_asks_for_time_gets_it(outbox, listener, asks, waits, monkeypatch):
    now = 1_900_000_000.0
    monkeypatch.setattr(webhook.time, "time", lambda: now)
    listener.status, listener.retry_after = 429, asks
    receiver = Receiver(webhook=listener.url())
    outbox.add([message()], [receiver], now=now)

    assert outbox.deliver([receiver], now=now).failed == 1
    assert outbox.deliver([receiver], now=now + waits - 2).failed == 0
    assert outbox.deliver([receiver], now=now + waits + 30).failed == 1


def test_what_is_silenced_is_kept_and_not_told_when_the_silence_ends(outbox, listener):
    receiver, now = Receiver(webhook=listener.url()), time.time()
    until = dt.datetime.fromtimestamp(now + 60, dt.UTC).isoformat()
    outbox.add([message("a", "severe")], [receiver], [Silence(until=until, reason="migration", actor="ana")], now=now)
    outbox.add([message("b", "severe")], [receiver], now=now)
    outbox.deliver([receiver], now=now + 120)
    (status,) = outbox.status()

    assert (status.pending, status.sent, status.silenced) == (0, 1, 1)
    assert list(listener.taken().values()) == [{"b"}]


def test_a_receiver_is_told_from_its_tier_on_and_once(outbox, listener):
    receiver = Receiver(webhook=listener.url(), since="severe")

    assert outbox.add([message("a"), message("b", "severe")], [receiver, receiver]) == 1
    assert outbox.add([message("b", "severe", title="other words")], [receiver]) == 0
    outbox.deliver([receiver, receiver])
    outbox.deliver([receiver])
    assert [json.loads(body)["title"] for _, _, body, _ in listener.requests] == ["[severe] credit: auc fell"]


def test_a_receiver_that_hangs_delays_another_once(outbox, listener):
    with listening(wait=30) as hanging:
        bad, good = Receiver(webhook=hanging.url()), Receiver(webhook=listener.url())
        outbox.add([message(f"k{n}", owner=f"o{n}") for n in range(5)], [bad, good])
        first = outbox.deliver([bad, good], deadline_seconds=4)
        begun = time.monotonic()
        second = outbox.deliver([bad, good], deadline_seconds=4)

    assert first.sent + second.sent == 5
    assert time.monotonic() - begun < 20
    assert len(hanging.requests) <= 2
    assert sorted(one.pending for one in outbox.status()) == [0, 5]


# Several processes

DELIVERS = """
import sys, time
from baseline_pipeline.adapters.notifiers.outbox import Outbox
from baseline_pipeline.contract.monitoring import Receiver
from baseline_pipeline.response.messages import Message
path, url, starts = sys.argv[1], sys.argv[2], float(sys.argv[3])
receiver = Receiver(webhook=url)
messages = [Message(key=f"k{n}", model="credit", incident="i", kind="opened", tier="severe", title="auc fell",
                    owner=f"o{n % 8}", at="2026-01-05T00:00:00Z") for n in range(80)]
outbox = Outbox(path)
time.sleep(max(0, starts - time.time()))
outbox.add(messages, [receiver])
while outbox.status()[0].pending:
    outbox.deliver([receiver])
"""

DIES = """
import sys, time
from baseline_pipeline.adapters.notifiers.outbox import Outbox, send
from baseline_pipeline.contract.monitoring import Receiver
def send_and_wait(*given):
    send(*given)
    print("sent", flush=True)
    time.sleep(60)
Outbox(sys.argv[1], send=send_and_wait).deliver([Receiver(webhook=sys.argv[2])])
"""


def test_two_processes_that_deliver_at_once_send_each_notification_once(outbox, listener):
    listener.wait = 0.2
    given = [sys.executable, "-c", DELIVERS, str(outbox.path), listener.url(), str(time.time() + 4)]
    both = [subprocess.Popen(given) for _ in range(2)]

    assert [one.wait(60) for one in both] == [0, 0]
    assert len(listener.requests) == len(listener.taken()) == 8
    assert sorted(key for keys in listener.taken().values() for key in keys) == sorted(f"k{n}" for n in range(80))


def test_a_process_that_is_killed_after_sending_costs_one_repetition_under_the_same_key(outbox, listener):
    receiver = Receiver(webhook=listener.url())
    outbox.add([message("a"), message("b")], [receiver])
    with subprocess.Popen(
        [sys.executable, "-c", DIES, str(outbox.path), listener.url()], stdout=subprocess.PIPE
    ) as child:
        assert child.stdout.readline() == b"sent\n"
        os.kill(child.pid, signal.SIGKILL)
    outbox.add([message("c", "severe")], [receiver])
    meanwhile = outbox.deliver([receiver])
    later = time.time() + LEASE
    ticks = [outbox.deliver([receiver], now=later + n).sent for n in range(3)]

    assert (meanwhile.sent, meanwhile.pending) == (0, 3)
    assert ticks == [1, 1, 0]
    assert [set(keys) for keys in listener.taken().values()] == [{"a", "b"}, {"c"}]
    keys = [(headers["Idempotency-Key"], body) for _, headers, body, _ in listener.requests]
    assert len(keys) == 3
    assert len(set(keys)) == 2


# The webhook


def test_a_webhook_is_signed_and_says_everything_once(listener, monkeypatch):
    monkeypatch.setenv("HOOK_SECRET", SECRET)
    receiver = Receiver(webhook=listener.url(path="/ab/ü?x=1&y=2"), secret="${HOOK_SECRET}")
    post(receiver, [message(title="naïve \x1b[2J 東京")], "f" * 64)
    ((path, headers, body, _),) = listener.requests
    stamp, made = (part.partition("=")[2] for part in headers["Baseline-Signature"].split(","))

    assert path == "/ab/%C3%BC?x=1&y=2"
    assert made == hmac.new(SECRET.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    assert abs(time.time() - int(stamp)) < 5
    assert headers["Idempotency-Key"] == "f" * 64
    assert headers["Content-Type"] == "application/json"
    assert json.loads(body)["messages"][0]["title"] == "naïve \x1b[2J 東京"
    assert json.loads(body)["title"] == "[minor] credit: naïve \\x1b[2J 東京"


def test_a_webhook_without_a_secret_is_not_signed_and_a_login_becomes_a_header(listener):
    post(Receiver(webhook=listener.url().replace("//", "//ana:p%40ss@")), [message()], "key")
    ((_, headers, _, _),) = listener.requests

    assert "Baseline-Signature" not in headers
    assert headers["Authorization"] == "Basic YW5hOnBAc3M="


@pytest.mark.parametrize(
    ("status", "surely"),
    [(302, False), (400, False), (404, True), (408, False), (409, False), (429, True), (503, False)],
)
def test_anything_but_2xx_is_not_taken_and_redirects_are_not_followed(listener, status, surely):
    listener.status = status
    error = error_of(post, Receiver(webhook=listener.url()))

    assert error.message.startswith(f"it answered {status}")
    assert error.surely is surely
    assert len(listener.requests) == 1


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://host/x", "http://", "http://host:port/", "http://[::1/"])
def test_only_http_urls_are_posted_to(url):
    error = error_of(post, Receiver(webhook=url))

    assert error.message == "notify.webhook is no http or https URL once its variables are filled in"
    assert error.surely


def test_an_answer_that_trickles_is_given_up(listener):
    listener.trickle = True
    begun = time.monotonic()
    error = error_of(post, Receiver(webhook=listener.url()), seconds=1.0)

    assert error.message == "it did not answer within 1 s"
    assert not error.surely
    assert time.monotonic() - begun < 20


def test_a_name_that_is_looked_up_for_too_long_is_given_up_and_nothing_is_sent_later(listener, monkeypatch):
    looked_up = socket.getaddrinfo

    def slow(*given, **more):
        time.sleep(1)
        return looked_up(*given, **more)

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    error = error_of(post, Receiver(webhook=listener.url()), seconds=0.3)
    time.sleep(1.2)

    assert error.surely
    assert listener.requests == []


def test_an_unknown_name_and_what_is_not_http_are_told_in_words():
    with socket.create_server(("127.0.0.1", 0)) as odd:

        def answer():
            held, _ = odd.accept()
            with held:
                held.recv(65536)
                held.sendall(b"220 smtp ready\r\n")

        threading.Thread(target=answer, daemon=True).start()
        strange = error_of(post, Receiver(webhook=f"http://127.0.0.1:{odd.getsockname()[1]}/"))
    unknown = error_of(post, Receiver(webhook="http://nowhere.invalid/"))

    assert (strange.message, strange.surely) == ("it answered, and not in HTTP", False)
    assert (unknown.message, unknown.surely) == ("its name is not known", True)


def test_a_certificate_that_is_not_trusted_is_refused(listener, tmp_path):
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    start = dt.datetime.now(dt.UTC)
    certificate = x509.CertificateBuilder(name, name, key.public_key(), 1, start, start + dt.timedelta(days=1))
    file = tmp_path / "both.pem"
    file.write_bytes(
        certificate.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    listener.server.socket = context.wrap_socket(listener.server.socket, server_side=True)
    error = error_of(post, Receiver(webhook=listener.url("https")))

    assert (error.message, error.surely) == ("its certificate is not trusted", True)


def test_a_proxy_that_the_environment_names_is_used(listener, monkeypatch):
    monkeypatch.setenv("http_proxy", listener.url().replace("//", "//me:pw@").removesuffix("/hook"))
    post(Receiver(webhook="http://hooks.invalid/x?y=1"), [message()], "key")
    ((path, headers, _, _),) = listener.requests

    assert path == "http://hooks.invalid:80/x?y=1"
    assert headers["Proxy-Authorization"] == "Basic bWU6cHc="


# Apprise


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


# Secrets


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
        from baseline_pipeline.adapters.notifiers.outbox import send

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


# The file


def test_nothing_is_made_before_something_is_added(outbox):
    receiver = Receiver(webhook="http://host/", since="severe")

    assert outbox.status() == []
    assert outbox.deliver([receiver]).sent == 0
    assert outbox.add([message()], [receiver]) == 0
    assert not outbox.path.exists()


def test_a_file_that_is_no_outbox_is_told(outbox):
    outbox.path.write_text("something else entirely" * 100)

    with pytest.raises(EvidenceUnavailable, match="not a database"):
        outbox.add([message()], [Receiver(webhook="http://host/")])


def test_a_file_of_another_version_is_told(outbox):
    import sqlite3

    with sqlite3.connect(outbox.path) as connection:
        connection.execute("PRAGMA user_version=99")

    with pytest.raises(EvidenceUnavailable, match="another version"):
        outbox.status()


def test_the_file_survives_a_power_cut_by_its_settings(outbox):
    import sqlite3

    outbox.add([message()], [Receiver(webhook="http://host/")])
    with sqlite3.connect(outbox.path) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
