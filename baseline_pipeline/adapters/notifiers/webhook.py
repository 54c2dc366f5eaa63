"""Signed JSON by HTTP POST: once over the wire, no redirects, ten seconds in all.

A receiver verifies `Baseline-Signature: t=<seconds>,v1=<hex>`, HMAC-SHA256 with the shared secret over
`<seconds>.<body>`, refuses what is older than some minutes, and drops an `Idempotency-Key` that it has taken.

Source: the scheme is Stripe's ("Check the webhook signatures"); the header of the key is that of
draft-ietf-httpapi-idempotency-key-header, without quotes.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import os
import socket
import ssl
import threading
import time
import urllib.request
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, quote, unquote, urlsplit

from baseline_pipeline import __version__
from baseline_pipeline.adapters.notifiers.addresses import filled, replaced
from baseline_pipeline.records import canonical_json
from baseline_pipeline.response.delivery import NotDelivered
from baseline_pipeline.response.messages import payload

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from baseline_pipeline.contract.monitoring import Receiver
    from baseline_pipeline.records import Digest
    from baseline_pipeline.response.messages import Message

SECONDS = 10.0
READ = 1_024
"""Bytes of an answer that are read; they are not looked at, as they may repeat a secret."""
NOT_TAKEN = frozenset({401, 403, 404, 405, 407, 410, 425, 429})
"""Answers after which the same may be told in another notification: they do not speak of its content."""
PORTS = {"http": 80, "https": 443}


def signature(secret: str, stamp: int, body: bytes) -> str:
    """What the header `Baseline-Signature` says.

    Args:
        secret: Shared with the receiver.
        stamp: Seconds since the epoch.
        body: Of the request.

    Example:
        >>> signature("0123456789abcdef", 1_800_000_000, b"{}")[:30]
        't=1800000000,v1=1313ae9c874eb1'
    """
    made = hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256)
    return f"t={stamp},v1={made.hexdigest()}"


def post(
    receiver: Receiver,
    messages: Sequence[Message],
    key: Digest,
    seconds: float = SECONDS,
    environ: Mapping[str, str] = os.environ,
) -> None:
    """Tell a receiver, once; it has taken it when it answers 2xx.

    Proxies are those that the environment names (`https_proxy`, `http_proxy`, `no_proxy`).

    Args:
        receiver: With a `webhook`.
        messages: Of one owner.
        key: The idempotency key.
        seconds: For all of it, looking up the name included; ten at most.
        environ: Values of `${VARIABLE}`s.

    Raises:
        NotDelivered: in words that hold nothing of the address, the secret or the answer.
    """
    url = filled(receiver.webhook or "", environ, "notify.webhook")
    body = canonical_json(payload(messages))
    headers = {
        "Content-Type": "application/json",
        "User-Agent": f"baseline-pipeline/{__version__}",
        "Idempotency-Key": key,
    }
    if receiver.secret is not None:
        secret = replaced(receiver.secret, environ, "notify.secret")
        headers["Baseline-Signature"] = signature(secret, int(time.time()), body)
    try:
        exchange = _exchange(urlsplit(url), body, headers, min(seconds, SECONDS))
    except (ValueError, http.client.HTTPException):
        message = "notify.webhook is no http or https URL once its variables are filled in"
        raise NotDelivered(message, surely=True, next_step="write it as https://host/path") from None
    status, after = exchange.finish(min(seconds, SECONDS))
    if not 200 <= status <= 299:  # noqa: PLR2004 -- HTTP's own
        words = http.client.responses.get(status, "")
        said = f"it answered {status} {words}".rstrip()
        raise NotDelivered(said, surely=status in NOT_TAKEN, after=after)


def _exchange(url: SplitResult, body: bytes, headers: dict[str, str], seconds: float) -> _Exchange:
    if url.scheme not in PORTS or not url.hostname:
        raise ValueError(url.scheme)
    host, port = url.hostname, url.port or PORTS[url.scheme]
    target = quote(url.path or "/", safe="/%:@!$&'()*+,;=~") + (
        f"?{quote(url.query, safe='/%:@!$&()*+,;=~?')}" if url.query else ""
    )
    if url.username is not None:
        login = f"{unquote(url.username)}:{unquote(url.password or '')}"
        headers = {**headers, "Authorization": f"Basic {base64.b64encode(login.encode()).decode()}"}
    via = _proxy(url.scheme, host)
    connection: http.client.HTTPConnection
    if url.scheme == "https":
        context = ssl.create_default_context()
        there = (via.hostname or "", via.port or 80) if via else (host, port)
        connection = http.client.HTTPSConnection(*there, timeout=seconds, context=context)
        if via:
            connection.set_tunnel(host, port, _login(via))
    elif via:
        connection = http.client.HTTPConnection(via.hostname or "", via.port or 80, timeout=seconds)
        bracketed = f"[{host}]" if ":" in host else host
        target = f"http://{bracketed}:{port}{target}"
        headers = {**headers, **_login(via)}
    else:
        connection = http.client.HTTPConnection(host, port, timeout=seconds)
    return _Exchange(connection, target, body, headers)


def _proxy(scheme: str, host: str) -> SplitResult | None:
    named = urllib.request.getproxies().get(scheme)
    if not named or urllib.request.proxy_bypass(host):
        return None
    return urlsplit(named if "://" in named else f"http://{named}")


def _login(via: SplitResult) -> dict[str, str]:
    if via.username is None:
        return {}
    login = f"{unquote(via.username)}:{unquote(via.password or '')}"
    return {"Proxy-Authorization": f"Basic {base64.b64encode(login.encode()).decode()}"}


def _asked(header: str | None, now: float) -> float:
    """Seconds that a `Retry-After` asks for, given as such or as a date (RFC 9110, 10.2.3); 0 where it is neither."""
    text = (header or "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    with suppress(TypeError, ValueError, OverflowError):
        return max(parsedate_to_datetime(text).timestamp() - now, 0.0)
    return 0.0


@dataclass
class _Exchange:
    """One request, which can be given up at any moment: nothing is sent after that."""

    connection: http.client.HTTPConnection
    target: str
    body: bytes
    headers: dict[str, str]
    _turn: threading.Lock = field(default_factory=threading.Lock)
    _begun: bool = False
    _given_up: bool = False

    def finish(self, seconds: float) -> tuple[int, float]:
        """The status, and the seconds it asks us to wait; in time, however slowly names, hosts and answers trickle."""
        answer: Future[tuple[int, float]] = Future()
        threading.Thread(target=self._run, args=(answer,), daemon=True).start()
        try:
            return answer.result(seconds)
        except TimeoutError:
            with self._turn:
                self._given_up = True
            held = self.connection.sock
            if held is not None:
                with suppress(OSError):
                    held.shutdown(socket.SHUT_RDWR)
            message = f"it did not answer within {seconds:.0f} s"
            raise NotDelivered(message, surely=not self._begun) from None

    def _run(self, answer: Future[tuple[int, float]]) -> None:
        try:
            response = self._response()
            answer.set_result((response.status, _asked(response.getheader("Retry-After"), time.time())))
            with suppress(OSError, ValueError, http.client.HTTPException):
                response.read1(READ)  # what is left unread makes some servers complain
                response.close()
        except NotDelivered as error:
            answer.set_exception(error)
        except ssl.SSLCertVerificationError:
            answer.set_exception(NotDelivered("its certificate is not trusted", surely=not self._begun))
        except socket.gaierror:
            answer.set_exception(NotDelivered("its name is not known", surely=not self._begun))
        except TimeoutError:
            words = f"it did not answer within {self.connection.timeout:.0f} s"
            answer.set_exception(NotDelivered(words, surely=not self._begun))
        except ssl.SSLError:
            answer.set_exception(NotDelivered("it did not answer in TLS", surely=not self._begun))
        except OSError as error:
            words = os.strerror(error.errno).lower() if error.errno else "the connection broke off"
            answer.set_exception(NotDelivered(words, surely=not self._begun))
        except http.client.HTTPException:
            answer.set_exception(NotDelivered("it answered, and not in HTTP", surely=not self._begun))
        except Exception as error:  # nobody waits for this thread's traceback
            answer.set_exception(NotDelivered(f"sending failed ({type(error).__name__})", surely=not self._begun))
        finally:
            self.connection.close()

    def _response(self) -> http.client.HTTPResponse:
        self.connection.connect()
        with self._turn:
            if self._given_up:
                message = "it was given up"
                raise NotDelivered(message, surely=True)
            self._begun = True
        self.connection.request("POST", self.target, self.body, self.headers)
        return self.connection.getresponse()
