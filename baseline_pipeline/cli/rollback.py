"""`baseline rollback`."""

from __future__ import annotations

from typing import Annotated

import typer

from baseline_pipeline.cli.options import Json, Model, Quiet
from baseline_pipeline.cli.output import emit, progress, show
from baseline_pipeline.cli.people import By, Key, Reason, Signature, StatementFile, voice_of, written


def command(  # noqa: PLR0917  # options of a verb
    model: Model,
    to: Annotated[int, typer.Option("--to", help="The baseline revision to bring back.", show_default=False)],
    reason: Reason = "",
    by: By = None,
    key: Key = None,
    signature: Signature = None,
    statement: StatementFile = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Bring an earlier revision back: model and baseline together, after a test that it still scores as it did.

    Example: baseline rollback flight_delays --to 2 --reason "wrong refunds since Monday"
    """
    from baseline_pipeline.workbench.promotions.rolling_back import roll_back, to_roll_back
    from baseline_pipeline.workbench.workbench import Workbench

    bench = Workbench.here(progress=progress(quiet=quiet))
    contract, voice = bench.contract(model), voice_of(bench, by, reason, key, signature)
    if statement is not None:
        written(to_roll_back(bench, contract, to, voice), statement)
        return
    found = roll_back(bench, contract, to, voice)
    if as_json:
        emit(found.body())
    else:
        show(found.words())
