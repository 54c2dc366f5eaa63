"""`baseline power`."""

from __future__ import annotations

from typing import Annotated

import typer

from baseline_pipeline.cli.options import Json, Model
from baseline_pipeline.cli.output import emit, show


def command(
    model: Model,
    disagreement: Annotated[
        float | None,
        typer.Option(
            min=0.0001,
            max=0.5,
            help="Share of decisions in which a candidate would differ; by default as the last one did, else 0.03.",
        ),
    ] = None,
    show_all: Annotated[bool, typer.Option("--all", help="Every slice, not only those that lack rows.")] = False,
    as_json: Json = False,
) -> None:
    """Say what the gate could see before any candidate exists: detectable harm, realistic margin, rows needed.

    Example: baseline power flight_delays --disagreement 0.01
    """
    from baseline_pipeline.workbench.planning import outlook, outlook_text
    from baseline_pipeline.workbench.workbench import Workbench

    bench = Workbench.here()
    contract = bench.contract(model)
    found = outlook(bench, contract, disagreement=disagreement)
    if as_json:
        emit(found.body())
    else:
        show(outlook_text(found, contract.error_rates.power, show_all=show_all))
