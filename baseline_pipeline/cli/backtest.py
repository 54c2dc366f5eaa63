"""`baseline backtest`."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated

import typer

from baseline_pipeline.cli.options import Json, Model, Page, Quiet
from baseline_pipeline.cli.output import emit, progress, say, show


def command(  # noqa: PLR0917  # options of a verb
    model: Model,
    first: Annotated[
        str | None, typer.Option("--from", help="First day, 2013-05-01; the data's by default.", show_default=False)
    ] = None,
    last: Annotated[
        str | None, typer.Option("--to", help="Last day; the data's by default.", show_default=False)
    ] = None,
    window: Annotated[
        str | None, typer.Option(help="What a window spans: 6h, 1d, 1w; the contract's by default.", show_default=False)
    ] = None,
    step: Annotated[
        str | None, typer.Option(help="From one window to the next; the window by default.", show_default=False)
    ] = None,
    contract_file: Annotated[
        Path | None,
        typer.Option("--contract", help="What if: judge by this defs.yaml instead.", show_default=False),
    ] = None,
    inject: Annotated[
        int,
        typer.Option(help="Also spoil so many random calm windows by each scenario, and say which are found.", min=0),
    ] = 0,
    scenario: Annotated[
        list[str] | None,
        typer.Option(help="What to inject, repeatable; the contract's by default.", show_default=False),
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the injected dates.")] = 0,
    report: Page = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Try the guardrails on the past, as it would have been known: what is found, how soon, what is noise.

    Known events come from the contract's incidents file. Ends with 1 where an event that must be found was missed,
    or where false alarms exceed what the contract accepts.

    Example: baseline backtest flight_delays --report backtest.html
    Example: baseline backtest flight_delays --window 1w --contract draft.yaml
    """
    import shutil

    from baseline_pipeline.contract.reading import read_contract
    from baseline_pipeline.report.backtest import backtest_html, backtest_lines
    from baseline_pipeline.report.replay_text import wrapped
    from baseline_pipeline.response.incidents import incidents
    from baseline_pipeline.workbench.over_time.backtesting import backtest
    from baseline_pipeline.workbench.over_time.injecting import inject_incidents, injected_lines
    from baseline_pipeline.workbench.reporting import write_whole
    from baseline_pipeline.workbench.workbench import Workbench

    bench = Workbench.here(progress=progress(quiet=quiet))
    contract = bench.contract(model)
    if contract_file is not None:
        contract = read_contract(contract_file, model)
    found = backtest(bench, contract, first=_day(first, "--from"), last=_day(last, "--to"), window=window, step=step)
    spoilt = (
        inject_incidents(bench, contract, count=inject, names=scenario, seed=seed, window=window, step=step)
        if inject
        else None
    )
    if report is not None:
        write_whole(report, backtest_html(contract, found))
        say(f"written: {report}")
    if as_json:
        emit(found.body() | ({"injected": spoilt.body()} if spoilt is not None else {}))
    else:
        lines = backtest_lines(found, incidents(bench.events(model), model)) + (
            injected_lines(spoilt) if spoilt is not None else []
        )
        show(wrapped(lines, shutil.get_terminal_size((120, 24)).columns))
    if found.missed or not found.within_rate:
        raise typer.Exit(1)


def _day(text: str | None, option: str) -> dt.date | None:
    from baseline_pipeline.errors import UsageError

    try:
        return None if text is None else dt.date.fromisoformat(text)
    except ValueError as error:
        message = f"{option} {text!r} stood here; accepted: a day such as 2013-05-01"
        raise UsageError(message) from error
