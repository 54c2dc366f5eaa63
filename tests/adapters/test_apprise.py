"""Apprise on a real receiver on this machine."""

import contextlib
import http.server
import json
import subprocess
import sys
import threading
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


@pytest.mark.parametrize("answer", ["endless", "large"])
def test_what_a_receiver_answers_is_bounded_in_time_and_memory(answer):
    """A process that tells a receiver which never stops answering ends by itself, and stays small."""
    stop = threading.Event()

    class Hostile(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.send_header("Content-Length", str(1 << 40))
            self.end_headers()
            with contextlib.suppress(OSError):
                while not stop.wait(0.2 if answer == "endless" else 0):
                    self.wfile.write(b"x" * (1 if answer == "endless" else 1 << 22))

        def log_message(self, *args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hostile)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    code = (
        "import resource, sys; from baseline_pipeline.adapters.notifiers.apprise import notify;"
        "from baseline_pipeline.contract.monitoring import Receiver; from baseline_pipeline.errors import BaselineError;"
        "from tests.adapters.listening import message\n"
        f"try: notify(Receiver(apprise='json://127.0.0.1:{server.server_port}/'), [message()], 'key', seconds=2.0)\n"
        "except BaselineError as error: print(error)\n"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024)"
    )
    try:
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True)
    finally:
        stop.set()
        server.shutdown()
        server.server_close()
    said, most = done.stdout.splitlines()

    assert said == "Apprise could not reach it, or it did not take it"
    assert int(most) < 1100


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
