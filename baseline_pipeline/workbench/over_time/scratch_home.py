"""A scratch copy of a home, and a receiver on this machine: what is rehearsed there touches nothing real."""

from __future__ import annotations

import os
import shutil
import sqlite3
import threading
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from baseline_pipeline.workbench.workbench import Workbench

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LEFT_OUT = (
    *("environments", "dagster", "scratch", "reports", "outbox.sqlite*", "ledger.db*", ".lock"),
    "*-wal",
    "*-shm",
)
DATABASE = (".db", ".sqlite")
UNCHANGING = (".json", ".parquet", ".npy", ".pkl", ".yaml")


@contextmanager
def scratch_home(bench: Workbench, home: Path) -> Iterator[Workbench]:
    """A copy of the home with a ledger of its own, wherever the real one is kept, and while others work in it.

    Records and blobs are linked, databases copied as they are between two transactions, and what others were about to
    put into place is left out; the ledger is copied record by record, from a server too.

    Args:
        bench: The real project; only read.
        home: Where the copy is made.
    """
    settings = bench.settings
    shutil.copytree(settings.home, home, copy_function=_taken, ignore=shutil.ignore_patterns(*LEFT_OUT))
    (home / "scratch").mkdir(exist_ok=True)
    ledger_url = f"sqlite:///{home / 'ledger.db'}"
    bench.ledger.copied(ledger_url).close()
    tracking_uri = settings.tracking_uri.replace(str(settings.home), str(home))
    moved = replace(settings, home=home, tracking_uri=tracking_uri, ledger_url=ledger_url)
    scratch = Workbench(moved, progress=bench.progress)
    try:
        yield scratch
    finally:
        scratch.close()


def _taken(source: str, target: str) -> None:
    """Link what never changes, copy what does; what is gone by now was never there."""
    if source.endswith(DATABASE):
        with closing(sqlite3.connect(source)) as theirs, closing(sqlite3.connect(target)) as ours:
            theirs.backup(ours)
        return
    with suppress(FileNotFoundError):
        if source.endswith(UNCHANGING) or "/blobs/" in source:
            with suppress(OSError):
                os.link(source, target)
                return
        shutil.copy2(source, target)


@contextmanager
def loopback_receiver() -> Iterator[tuple[str, list[bytes]]]:
    """A receiver in this process: its URL, and the notifications that arrived."""
    arrived: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            arrived.append(self.rfile.read(int(self.headers.get("Content-Length", "0"))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Nothing on stderr."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/drill", arrived
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
