"""A project whose candidates wait for people, one whose service records its requests, and a receiver of messages."""

import json
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.workbench.recorded_service import LOGGED, write_contract

OTHER = """\
import numpy as np


def predict(features):
    return (1 / (1 + np.exp(-1.02 * features["x"]))).to_numpy()


def worse(features):
    return (1 / (1 + np.exp(features["x"]))).to_numpy()
"""


class Gated:
    """A project, what waits in it, and who may speak."""

    other = OTHER

    def __init__(self, project):
        self.project = project

    def __getattr__(self, name):
        return getattr(self.project, name)

    def waiting(self, candidate="othermodel:predict"):
        """The gate's answer about a candidate."""
        from baseline_pipeline.workbench.promotions.gating import Asked, gate

        bench = self.bench()
        return gate(bench, bench.contract("small"), Asked(candidate))

    def roster(self, keys, *lines):
        """Write who may do what: pairs of a key's name and its roles, options before a bar."""
        text = ""
        for name, rest in lines:
            options, _, said = rest.rpartition(" | ")
            public = " ".join((keys / f"{name}.pub").read_text().split()[:2])
            text += f"{name}@example.com,{name} {options} {public} {said}\n"
        (self.root / "allowed_signers").write_text(text)


@pytest.fixture(scope="session")
def keys(tmp_path_factory):
    folder = tmp_path_factory.mktemp("keys")
    for name in ("ada", "bob", "cy", "eve"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name], check=True)
    return folder


@pytest.fixture
def gated(project):
    """An established baseline; `waiting` gates a candidate against it."""
    (project.root / "othermodel.py").write_text(OTHER)
    project.run()
    project.establish()
    yield Gated(project)
    sys.modules.pop("othermodel", None)


@pytest.fixture
def logged(project):
    """Fifty days of data; from the fiftieth on the service has recorded its requests itself."""
    write_contract(project, LOGGED)
    return project


@pytest.fixture
def receiver():
    """A real receiver on loopback."""
    arrived, answers = [], [204]

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            arrived.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(answers[0])
            self.end_headers()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/", arrived, answers
    server.shutdown()
    server.server_close()
