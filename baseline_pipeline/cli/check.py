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
            findings = check_contract(settings, read_contract(paths[name]))
        except BaselineError as error:
            say_of(name, error)
            worst = max(worst, error.exit_code)
            continue
        for finding in findings:
            say(f"{name}: {finding}")
        say(f"{name}: contract ok" + ("" if not findings else f", {counted(len(findings), 'thing')} to look at"))
    raise typer.Exit(worst)
