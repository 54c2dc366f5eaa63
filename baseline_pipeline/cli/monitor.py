"""`baseline monitor`."""

from __future__ import annotations

from typing import Annotated

import typer

from baseline_pipeline.cli.options import Json, Quiet
from baseline_pipeline.cli.output import emit, progress, say_of, show


def command(
    model: Annotated[
        str | None, typer.Argument(help="Name of a model; all of them without one.", show_default=False)
    ] = None,
    now: Annotated[
        str | None,
        typer.Option(help="Pretend that it is this instant, 2013-06-25T08:00.", show_default=False),
    ] = None,
    no_notify: Annotated[bool, typer.Option("--no-notify", help="Write incidents down and tell nobody yet.")] = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """One look at what has come: trajectories against calm windows, alarms, incidents, people told.

    A schedule in the contract (`schedules: {monitor: "*/15 * * * *"}`) makes Dagster do the same. Ends with 1 while an
    incident that is moderate or severe has an open alarm.

    Example: baseline monitor flight_delays
    Example: baseline monitor flight_delays --now 2013-06-26 --no-notify
    """
    import shutil

    from baseline_pipeline.contract.reading import contract_paths
    from baseline_pipeline.errors import BaselineError
    from baseline_pipeline.report.monitoring import over_models, tick_lines
    from baseline_pipeline.report.replay_text import wrapped
    from baseline_pipeline.workbench.over_time.notifying import receiver_states
    from baseline_pipeline.workbench.over_time.responding import monitor
    from baseline_pipeline.workbench.workbench import Workbench

    bench = Workbench.here(progress=progress(quiet=quiet))
    ticks, failed = [], 0
    for name in [model] if model is not None else contract_paths(bench.settings.assets):
        try:
            ticks.append(monitor(bench, bench.contract(name), now=now, notify=not no_notify))
        except BaselineError as error:
            if model is not None:
                raise
            failed = max(failed, error.exit_code)
            say_of(name, error)
    states = receiver_states(bench)
    if as_json:
        emit({"ticks": [one.body() for one in ticks], "receivers": [one.body() for one in states]})
    else:
        lines = [line for tick in ticks for line in tick_lines(tick)] + over_models(ticks)
        lines += [line for state in states for line in state.lines()]
        show(wrapped(lines, shutil.get_terminal_size((120, 24)).columns))
    raise typer.Exit(max([failed, *(one.exit_code for one in ticks)], default=0))
