"""`baseline establish`."""

from __future__ import annotations

from typing import Annotated

import typer

from baseline_pipeline.cli.options import Json, Model, Quiet
from baseline_pipeline.cli.output import emit, progress, show


def command(
    model: Model,
    by: Annotated[str, typer.Option("--by", help="Who says so.", show_default=False)],
    reason: Annotated[str, typer.Option("--reason", help="Why.", show_default=False)],
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Make what was evaluated last the baseline, because a person says so.

    Example: baseline establish churn --by "Ada Lovelace" --reason "agreed in the review of 3 March"
    """
    from baseline_pipeline.workbench.deciding import establish
    from baseline_pipeline.workbench.workbench import Workbench

    bench = Workbench.here(progress=progress(quiet=quiet))
    found = establish(bench, bench.contract(model), actor=by, reason=reason)
    if as_json:
        emit(found.body())
    else:
        words = f"baseline revision {found.revision} of {model}: version {found.version}"
        show(f"{words}, established by {found.actor}: {found.reason}")
