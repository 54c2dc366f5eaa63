"""`baseline listen`."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from baseline_pipeline.cli.output import say

SECRET = "BASELINE_WEBHOOK_SECRET"  # noqa: S105  # the variable's name


def command(
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="Where to listen.")] = 8771,
    host: Annotated[str, typer.Option("--host", help="At which address.")] = "127.0.0.1",
) -> None:
    """Receive MLflow's webhooks and gate a version as soon as the challenger's alias is set on it.

    The secret of the webhook stands in BASELINE_WEBHOOK_SECRET; deliveries that are not signed with it are refused.
    In MLflow: client.create_webhook(name="baseline", url="http://HOST:8771/", secret=...,
    events=["model_version_alias.created"]).

    Example: BASELINE_WEBHOOK_SECRET=... baseline listen --port 8771
    """
    from baseline_pipeline.errors import UsageError
    from baseline_pipeline.settings import load_settings
    from baseline_pipeline.workbench.promotions.listening import Receiver
    from baseline_pipeline.workbench.workbench import Workbench

    secret = os.environ.get(SECRET, "")
    if len(secret) < 16:  # noqa: PLR2004  # shorter ones can be guessed
        message = f"{SECRET} is not set, or is shorter than 16 characters"
        raise UsageError(message, next_step="choose a long random secret, and give the same to MLflow's webhook")
    settings = load_settings()
    Workbench(settings).close()  # says at once what is not initialised
    receiver = Receiver(settings, secret, say)
    try:
        server = receiver.serve(host, port)
    except OSError as error:
        message = f"{host}:{port}: {error.strerror}"
        raise UsageError(message, next_step="choose another --port") from error
    say(f"listening at http://{host}:{server.server_address[1]}/")
    try:
        server.serve_forever()
    finally:
        server.server_close()
        receiver.close()
