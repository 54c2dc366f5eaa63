"""`baseline override`."""

from __future__ import annotations

from typing import Annotated

import typer

from baseline_pipeline.cli.options import Json, Quiet
from baseline_pipeline.cli.spoken import speak_up
from baseline_pipeline.cli.voices import By, Key, Reason, Signature


def command(
    decision: Annotated[str, typer.Argument(help="Digest of the decision, or its beginning.", show_default=False)],
    reason: Reason = "",
    by: By = None,
    key: Key = None,
    signature: Signature = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Promote what the gate refused: loud, signed where there is a roster, and shown in every later report.

    Example: baseline override 3f9c2ab14d07 --reason "outage: the old model is worse than this one"
    """
    speak_up("override", decision, reason, by, key, signature, as_json=as_json, quiet=quiet)
