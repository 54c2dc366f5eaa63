"""`baseline compare`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from baseline_pipeline.cli.options import All, Json, Model, Quiet
from baseline_pipeline.cli.output import emit, progress, show


def command(
    model: Model,
    find_slices: Annotated[
        bool, typer.Option("--find-slices", help="Search undeclared slices on which the candidate lost.")
    ] = False,
    depth: Annotated[int, typer.Option(min=1, max=3, help="How many columns a found slice may combine.")] = 3,
    serving: Annotated[
        Path | None,
        typer.Option(help="Instead: Parquet of the baseline's rows as they were served.", show_default=False),
    ] = None,
    show_all: All = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Show what the last decision compared, and search it for slices that nobody declared.

    With --serving, say which features were served with other values than were learned from, and what that costs.

    Example: baseline compare flight_delays --find-slices
    Example: baseline compare flight_delays --serving requests.parquet
    """
    import shutil

    from baseline_pipeline.report.replay_text import wrapped
    from baseline_pipeline.report.terminal import contrast_text
    from baseline_pipeline.workbench.inspection.finding import last_contrasts, search, search_text, unsearchable
    from baseline_pipeline.workbench.replays.serving import served
    from baseline_pipeline.workbench.workbench import Workbench

    bench = Workbench.here(progress=progress(quiet=quiet))
    contract = bench.contract(model)
    if serving is not None:
        joined = served(bench, contract, serving)
        if as_json:
            emit(joined.body())
        else:
            show(wrapped(joined.lines(), shutil.get_terminal_size((100, 24)).columns))
        return
    contrasts = last_contrasts(bench, contract)
    searched = {
        number: search(bench, contract, contrast, depth=depth)
        for number, contrast in enumerate(contrasts)
        if find_slices and not unsearchable(contrast)
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
        elif find_slices:
            show(f"not searched for slices: {unsearchable(contrast)}")
