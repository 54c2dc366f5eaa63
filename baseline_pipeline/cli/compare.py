"""`baseline compare`."""

from __future__ import annotations

from typing import Annotated

import typer

from baseline_pipeline.cli.options import Json, Model
from baseline_pipeline.cli.output import emit, show


def command(
    model: Model,
    find_slices: Annotated[
        bool, typer.Option("--find-slices", help="Search undeclared slices on which the candidate lost.")
    ] = False,
    depth: Annotated[int, typer.Option(min=1, max=3, help="How many columns a found slice may combine.")] = 3,
    show_all: Annotated[bool, typer.Option("--all", help="Every verdict.")] = False,
    as_json: Json = False,
) -> None:
    """Show what the last decision compared, and search it for slices that nobody declared.

    Example: baseline compare flight_delays --find-slices
    """
    from baseline_pipeline.report.terminal import contrast_text
    from baseline_pipeline.workbench.inspection.finding import last_contrasts, search, search_text
    from baseline_pipeline.workbench.workbench import Workbench

    bench = Workbench.here()
    contract = bench.contract(model)
    contrasts = last_contrasts(bench, contract)
    searched = {
        number: search(bench, contract, contrast, depth=depth)
        for number, contrast in enumerate(contrasts)
        if find_slices and contrast.pairing == "paired" and not contrast.not_comparable
    }
    if as_json:
        found = [
            {"contrast": contrast.body(), "search": searched[number].body() if number in searched else None}
            for number, contrast in enumerate(contrasts)
        ]
        emit(found)
        return
    for number, contrast in enumerate(contrasts):
        show(contrast_text(contrast, show_all=show_all))
        if number in searched:
            show(search_text(contrast, searched[number]))
