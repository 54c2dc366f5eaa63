"""`baseline check`."""

from __future__ import annotations

from typing import Annotated

import typer

from baseline_pipeline.cli.output import say, say_of
from baseline_pipeline.figures import counted


def command(
    model: Annotated[str | None, typer.Argument(help="A model; all of them by default.")] = None,
) -> None:
    """Read contracts and try what they name: rows, slices, the model on some rows. Nothing is evaluated or kept.

    Ends with 2 where a contract is wrong, and with 3 where there are rows but they or the model cannot be used.

    Example: baseline check flight_delays
    """
    from baseline_pipeline.contract.reading import contract_path, contract_paths, read_contract
    from baseline_pipeline.errors import BaselineError
    from baseline_pipeline.settings import load_settings
    from baseline_pipeline.workbench.upkeep.checking import check_contract

    settings = load_settings()
    paths = {model: contract_path(settings.assets, model)} if model else contract_paths(settings.assets)
    if not paths:
        say(f"no contract below {settings.assets}; `baseline init MODEL` starts one")
    worst = 0
    for name in paths:
        try:
            found = check_contract(settings, read_contract(paths[name]))
        except BaselineError as error:
            say_of(name, error)
            worst = max(worst, error.exit_code)
            continue
        for finding in found.findings:
            say(f"{name}: {finding}")
        if found.stops:
            for stop in found.stops:
                say_of(name, stop)
            say(f"{name}: no evaluation gets past {counted(len(found.stops), 'thing')}")
            worst = max(worst, *(stop.exit_code for stop in found.stops))
            continue
        look = f", {counted(len(found.findings), 'thing')} to look at" if found.findings else ""
        say(f"{name}: contract ok{look}")
    raise typer.Exit(worst)
