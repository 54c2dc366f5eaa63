"""`baseline calibrate`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from baseline_pipeline.cli.options import Json, Model, Quiet
from baseline_pipeline.cli.output import emit, progress, say, show


def command(  # noqa: PLR0917  # options of a verb
    model: Model,
    name: Annotated[str, typer.Option("--name", help="Of the environment at hand.")] = "here",
    repeats: Annotated[int, typer.Option("--repeats", min=2, max=1000, help="How often all rows are timed.")] = 5,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Write it there.", show_default="env-NAME.json, unless --json"),
    ] = None,
    against: Annotated[
        Path | None,
        typer.Option("--against", help="File of the environment to correct for; with --with.", show_default=False),
    ] = None,
    here: Annotated[
        Path | None,
        typer.Option("--with", help="File of the environment that values are taken in.", show_default=False),
    ] = None,
    earlier: Annotated[
        Path | None,
        typer.Option("--earlier", help="With --with: an earlier file of it; what moved is said.", show_default=False),
    ] = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Score the baseline's rows with its model here and now, as a file that travels; or hold two such files together.

    Two environments may be compared after correction where they decide alike and latencies are known to a tenth; exit
    3 where they may not be compared at all.

    Example: baseline calibrate flight_delays --name staging --output env-staging.json
    Example: baseline calibrate flight_delays --against env-prod.json --with env-staging.json
    """
    from baseline_pipeline.errors import UsageError
    from baseline_pipeline.report.offsets import facts_lines, offsets_lines
    from baseline_pipeline.workbench.upkeep.calibrating import calibrate, compare_environments
    from baseline_pipeline.workbench.workbench import Workbench

    if (against is None) != (here is None) or (earlier is not None and here is None):
        message = "--against and --with name two files, and --earlier a third one"
        raise UsageError(
            message, next_step=f"`baseline calibrate {model} --against env-prod.json --with env-here.json`"
        )
    bench = Workbench.here(progress=progress(quiet=quiet))
    contract = bench.contract(model)
    if against is not None and here is not None:
        found = compare_environments(bench, contract, against, here, earlier)
        _told(found.body(), output, offsets_lines(found), as_json=as_json)
        raise typer.Exit(found.exit_code)
    facts = calibrate(bench, contract, name=name, repeats=repeats)
    place = output or (None if as_json else Path(f"env-{name}.json"))
    _told(facts.body(), place, facts_lines(facts), as_json=as_json)


def _told(body: dict[str, Any], place: Path | None, lines: list[str], *, as_json: bool) -> None:
    """Write it where that is asked for, and show it."""
    import json
    import shutil

    from baseline_pipeline.report.replay_text import wrapped
    from baseline_pipeline.workbench.reporting import write_whole

    if place is not None:
        write_whole(place, json.dumps(body, indent=2, sort_keys=True) + "\n")
        say(f"written: {place}")
    if as_json:
        emit(body)
    else:
        show(wrapped(lines, shutil.get_terminal_size((120, 24)).columns))
