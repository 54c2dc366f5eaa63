"""`baseline attribute`."""

from __future__ import annotations

from typing import Annotated

import typer

from baseline_pipeline.cli.options import All, Json, Model, Page, Quiet
from baseline_pipeline.cli.output import emit, progress, say, show


def command(
    model: Model,
    decision: Annotated[
        str | None, typer.Argument(help="Digest of a decision, or its beginning; the last one by default.")
    ] = None,
    lock: Annotated[
        list[str] | None,
        typer.Option(help="Old and new lockfile, where the dependencies moved too (twice).", show_default=False),
    ] = None,
    profile: Annotated[
        str | None,
        typer.Option(help="What the infrastructure moved to, as in `baseline simulate`.", show_default=False),
    ] = None,
    report: Page = None,
    show_all: All = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Say which of the changes did it: every combination of what moved is replayed, and the harm shared out.

    Example: baseline attribute flight_delays 3f9c2ab14d07 --lock old.lock --lock new.lock --report why.html
    """
    import shutil

    from baseline_pipeline.errors import UsageError
    from baseline_pipeline.report.replay_text import wrapped
    from baseline_pipeline.workbench.replays.attributed import attributed_html, attributed_lines
    from baseline_pipeline.workbench.replays.attributing import attribute
    from baseline_pipeline.workbench.replays.locked import Locked
    from baseline_pipeline.workbench.replays.simulating import knobs_pair
    from baseline_pipeline.workbench.reporting import write_whole
    from baseline_pipeline.workbench.workbench import Workbench

    bench = Workbench.here(progress=progress(quiet=quiet))
    contract = bench.contract(model)
    names = list(lock or [])
    if len(names) not in {0, 2}:
        message = f"{len(names)} lockfile was given; accepted: --lock OLD --lock NEW, or none"
        raise UsageError(message)
    locks = None
    if names:
        locks = (Locked.read(bench.settings.project, names[0]), Locked.read(bench.settings.project, names[1]))
    knobs = None if profile is None else knobs_pair(contract, profile)
    found = attribute(bench, contract, decision, locks=locks, knobs=knobs)
    if report is not None:
        write_whole(report, attributed_html(contract, found))
        say(f"written: {report}")
    if as_json:
        emit(found.body())
    else:
        show(wrapped(attributed_lines(found, show_all=show_all), shutil.get_terminal_size((100, 24)).columns))
