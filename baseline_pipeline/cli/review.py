"""`baseline review`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from baseline_pipeline.cli.options import Json, Model, Quiet
from baseline_pipeline.cli.output import emit, progress, say, show
from baseline_pipeline.cli.people import By, Key, Reason, Signature, StatementFile, voice_of, written
from baseline_pipeline.figures import counted


def command(  # noqa: PLR0917  # options of a verb
    model: Model,
    max_age: Annotated[int, typer.Option("--max-age", min=1, help="Days after which a baseline is old.")] = 180,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="Write it there as Markdown, with the risk assessment.", show_default=False
        ),
    ] = None,
    sign: Annotated[bool, typer.Option("--sign", help="Sign it off, with --reason; the ledger keeps that.")] = False,
    by: By = None,
    reason: Reason = "",
    key: Key = None,
    signature: Signature = None,
    statement: StatementFile = None,
    form: Annotated[
        Path | None,
        typer.Option("--form", help="The risk assessment, filled in: with --sign kept and signed.", show_default=False),
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="Exit with 5 where a review is due.")] = False,
    show_all: Annotated[bool, typer.Option("--all", help="What holds, too.")] = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Look at the assumptions a baseline rests on: which are old, and why it matters; and sign that off.

    A review is due by the contract's `schedules.review`, else every 180 days, and whenever the contract changed.

    Example: baseline review flight_delays --output review.md
    Example: baseline review flight_delays --statement review.json --by ada@example.com --reason "looked at every point"
    Example: baseline review flight_delays --sign --signature review.json
    Example: baseline review flight_delays --sign --form review.md --by "Ada Lovelace" --reason "looked at every point"
    """
    import shutil

    from baseline_pipeline.errors import UsageError
    from baseline_pipeline.report.replay_text import wrapped
    from baseline_pipeline.report.review import review_lines, review_markdown
    from baseline_pipeline.workbench.people import roster_of
    from baseline_pipeline.workbench.reporting import write_whole
    from baseline_pipeline.workbench.upkeep.reviewing import (
        review,
        sign_off,
        signed_form,
        with_form,
        written_to_sign,
    )
    from baseline_pipeline.workbench.workbench import Workbench

    bench = Workbench.here(progress=progress(quiet=quiet))
    contract = bench.contract(model)
    found = review(bench, contract, max_age=max_age)
    if output is not None:
        write_whole(output, review_markdown(found, signed_form(bench, found)))
        say(f"written: {output}")
    voice = voice_of(bench, by, reason, key, signature)
    signed = None
    if signature is not None and not sign:
        message = "a signature signs a review off, and --sign is not there"
        raise UsageError(message, next_step="add --sign")
    if form is not None:
        found = with_form(found, form)
    if statement is not None:
        written(written_to_sign(bench, contract, found, voice), statement)
    if sign:
        signed = sign_off(bench, contract, found, voice)
        if roster_of(bench) is None and not quiet:
            say("  unsigned: there is no roster (allowed_signers); the record says so")
    if as_json:
        body = {**found.body(), "digest": found.digest, "signed_now": signed.body() if signed else None}
        emit(body)
    elif signed is not None:
        findings = counted(signed.findings, "finding")
        show(f"review of {model} signed off by {signed.actor}: {findings}; next one {signed.due}")
    else:
        show(wrapped(review_lines(found, show_all=show_all), shutil.get_terminal_size((120, 24)).columns))
    if check and signed is None and found.due.because:
        raise typer.Exit(5)
