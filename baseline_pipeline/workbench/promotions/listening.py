"""A receiver of MLflow's webhooks: a challenger's alias is set, and the gate runs."""

from __future__ import annotations

import http.server
import json
import queue
import threading
import time
from typing import TYPE_CHECKING, Any

from baseline_pipeline.adapters.webhooks.mlflow import LARGEST, AliasSet, Deliveries, DeliveryRefused
from baseline_pipeline.errors import BaselineError
from baseline_pipeline.workbench.promotions.gating import Asked, gate
from baseline_pipeline.workbench.workbench import Workbench

if TYPE_CHECKING:
    from collections.abc import Callable

    from baseline_pipeline.settings import Settings

SECONDS = 10.0
"""A request that takes longer to arrive is dropped."""
WAITING = 100
"""Gates that may wait for their turn; more are answered 503, and MLflow delivers again."""


class Receiver:
    """Answers at once, and gates one candidate after the other.

    Args:
        settings: The project.
        secret: Shared with MLflow's webhook.
        tell: Told what happens.
    """

    def __init__(self, settings: Settings, secret: str, tell: Callable[[str], None]) -> None:
        self.settings = settings
        self.deliveries = Deliveries(secret)
        self.tell = tell
        self.waiting: queue.Queue[AliasSet | None] = queue.Queue(WAITING)
        self.worker = threading.Thread(target=self._work, daemon=True)
        self.worker.start()

    def serve(self, host: str, port: int) -> http.server.ThreadingHTTPServer:
        """A server that is bound and not yet running."""
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            timeout = SECONDS

            def do_POST(self) -> None:
                receiver.answer(self)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the standard library's name
                """Nothing: what matters is told by the receiver."""

        return http.server.ThreadingHTTPServer((host, port), Handler)

    def answer(self, request: http.server.BaseHTTPRequestHandler) -> None:
        """202 where a gate will run, 200 where nothing follows, 401 and 413 where refused, 503 where too many wait."""
        length = request.headers.get("Content-Length", "")
        if not length.isdigit() or int(length) > LARGEST:
            return self._say(request, 413, "a body of a stated length below a megabyte is accepted")
        body = request.rfile.read(int(length))
        try:
            told = self.deliveries.accept(dict(request.headers.items()), body, time.time())
        except DeliveryRefused as error:
            self.tell(f"refused: {error.message}")
            return self._say(request, 401, error.message)
        if told is None:
            return self._say(request, 200, "nothing follows")
        try:
            self.waiting.put_nowait(told)
        except queue.Full:
            return self._say(request, 503, "too many gates are waiting")
        return self._say(request, 202, f"models:/{told.model}/{told.version} will be gated")

    def _say(self, request: http.server.BaseHTTPRequestHandler, status: int, words: str) -> None:
        content = json.dumps({"message": words}).encode()
        request.send_response(status)
        request.send_header("Content-Type", "application/json")
        request.send_header("Content-Length", str(len(content)))
        request.end_headers()
        request.wfile.write(content)

    def _work(self) -> None:
        while (told := self.waiting.get()) is not None:
            try:
                self._gate(told)
            except BaselineError as error:
                self.tell(f"models:/{told.model}/{told.version}: exit {error.exit_code}: {error.message}")
            except Exception as error:  # the next delivery is gated all the same
                self.tell(f"models:/{told.model}/{told.version}: internal fault: {type(error).__name__}: {error}")

    def _gate(self, told: AliasSet) -> None:
        bench = Workbench(self.settings)
        contracts, troubles = bench.contracts()
        for name, why in troubles.items():
            self.tell(f"{name}: {why}")
        found = [
            contract
            for contract in contracts.values()
            if (contract.model.registered, contract.model.challenger) == (told.model, told.alias)
        ]
        if not found:
            self.tell(f"alias {told.alias!r} of {told.model!r} is no challenger here")
        for contract in found:
            ended = gate(bench, contract, Asked(f"models:/{told.model}/{told.version}"))
            words = f"{contract.name}: {ended.exit.word} (exit {ended.exit.code}), decision {ended.digest[:12]}"
            self.tell(f"models:/{told.model}/{told.version}: {words}")
        bench.close()

    def close(self) -> None:
        """Finish the gate at hand and stop."""
        self.waiting.put(None)
        self.worker.join()
