"""A real receiver on this machine, and what it is told."""

import http.server
import json
import socket
import threading
import time
from contextlib import contextmanager

import pytest

from baseline_pipeline.response.delivery import NotDelivered
from baseline_pipeline.response.messages import Message

SECRET = "0123456789abcdef"


def message(key="k", tier="minor", owner="ana", **more):
    given = {"model": "credit", "incident": "i1", "kind": "opened", "title": "auc fell", "at": "2026-01-05T00:00:00Z"}
    return Message(key=key, tier=tier, owner=owner, **(given | more))


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


def closed_port():
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return held.getsockname()[1]


def error_of(tell, receiver, **more):
    with pytest.raises(NotDelivered) as found:
        tell(receiver, [message()], "key", **more)
    return found.value
