"""The verbs, in the order a newcomer meets them."""

from __future__ import annotations

from typing import Annotated

import typer

from baseline_pipeline import __version__
from baseline_pipeline.cli import (
    approve,
    attribute,
    audit,
    backtest,
    calibrate,
    check,
    compare,
    demo,
    dev,
    doctor,
    establish,
    gate,
    incident,
    init,
    listen,
    monitor,
    override,
    power,
    promote,
    reject,
    replay,
    report,
    retire,
    review,
    rollback,
    run,
    scan,
    schema,
    show,
    simulate,
)

app = typer.Typer(
    name="baseline",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help=(
        "Versioned performance baselines for ML models in production.\n\n"
        "Exit codes: 0 pass, 1 degraded, 2 usage or contract, 3 evidence unavailable, 4 inconclusive, "
        "5 approval required."
    ),
)


def _say_version(asked: bool) -> None:  # as typer calls it
    if asked:
        typer.echo(f"baseline {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[  # typer hands it to `_say_version`
        bool, typer.Option("--version", callback=_say_version, is_eager=True, help="Say which version this is.")
    ] = False,
) -> None:
    """What holds for every verb."""


for verb in (
    *(demo, init, doctor, check, run, establish),
    *(gate, approve, reject, override, promote, rollback, retire),
    *(compare, scan, replay, attribute, simulate, power, backtest, monitor, show, report, review, calibrate),
    *(schema, dev, listen),
):
    app.command(name=verb.__name__.rpartition(".")[2])(verb.command)
app.add_typer(incident.app, name="incident")
app.add_typer(audit.app, name="audit")
