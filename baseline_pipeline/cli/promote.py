"""`baseline promote`."""

from __future__ import annotations

from typing import Annotated

import typer

from baseline_pipeline.cli.options import Json, Model, Quiet
from baseline_pipeline.cli.output import emit, progress, show


def command(
    model: Model,
    resume: Annotated[
        bool,
        typer.Option("--resume", help="Finish a promotion that was cut off; the only thing there is to do by hand."),
    ] = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Finish a promotion that a crash cut off, and say whether the registry's alias is the ledger's.

    A candidate is promoted by `baseline gate` and `baseline approve`; every later run finishes what they could not.

    Example: baseline promote flight_delays --resume
    """
    from baseline_pipeline.errors import UsageError
    from baseline_pipeline.workbench.promotions.promoting import AliasMoved, stray_alias, way_back
    from baseline_pipeline.workbench.promotions.promoting import resume as finish
    from baseline_pipeline.workbench.workbench import Workbench

    if not resume:
        message = "a candidate is promoted by the gate"
        raise UsageError(message, next_step=f"`baseline gate {model} --candidate REF`, or --resume to finish one")
    bench = Workbench.here(progress=progress(quiet=quiet))
    contract = bench.contract(model)
    finished = finish(bench, contract)
    wrong = stray_alias(bench, contract)
    if as_json:
        emit({"finished": finished, "wrong": wrong})
    else:
        show("the promotion is finished" if finished else "no promotion was cut off")
    if wrong:
        raise AliasMoved(wrong, next_step=way_back(contract, bench.last_revision(model)))
