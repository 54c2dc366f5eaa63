"""The verbs, in the order a newcomer meets them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

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
from baseline_pipeline.cli.helping import Group, Verb
from baseline_pipeline.errors import ModelFailed

if TYPE_CHECKING:
    import click


SECTIONS = {
    "Begin": ("demo", "init", "doctor", "check"),
    "Evaluate and decide": (
        "run",
        "establish",
        "gate",
        "approve",
        "reject",
        "override",
        "promote",
        "rollback",
        "retire",
    ),
    "Ask why, and what if": ("compare", "scan", "replay", "attribute", "simulate", "power", "backtest", "calibrate"),
    "Watch": ("monitor", "incident", "dev", "listen"),
    "Read the record": ("show", "report", "review", "audit", "schema"),
}
"""What `baseline --help` lists, in the order that a newcomer meets it."""


class Verbs(Group):
    """The verbs; code that a contract names never chooses the exit code."""

    sections = SECTIONS

    def invoke(self, ctx: click.Context) -> object:
        """Run a verb.

        Raises:
            ModelFailed: when a model, a metric or a source ends the process: its 0 would read as a pass.
        """
        try:
            return super().invoke(ctx)
        except SystemExit as error:
            message = f"code that the contract names asked the process to end (sys.exit({error.code!r}))"
            raise ModelFailed(message, next_step="raise an exception there instead") from error


app = typer.Typer(
    name="baseline",
    cls=Verbs,
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
for one in (app, incident.app, audit.app):
    for registered in one.registered_commands:
        registered.cls = Verb
