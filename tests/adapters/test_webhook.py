"""Signed JSON to a real receiver on this machine: once, in time, and to nobody else."""

import datetime as dt
import hashlib
import hmac
import json
import socket
import ssl
import threading
import time

import pytest

from baseline_pipeline.adapters.notifiers.webhook import post
from baseline_pipeline.contract.monitoring import Receiver
from tests.adapters.listening import SECRET, error_of, message


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


def test_what_is_not_tls_is_told_in_words(listener):
    error = error_of(post, Receiver(webhook=listener.url("https")))

    assert (error.message, error.surely) == ("it did not answer in TLS", True)


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
