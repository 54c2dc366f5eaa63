"""What `approve`, `reject` and `override` have in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from baseline_pipeline.cli.options import Json, Quiet
from baseline_pipeline.cli.output import emit, progress, say, show
from baseline_pipeline.cli.people import By, Key, Reason, Signature, StatementFile, person, written

if TYPE_CHECKING:
    from pathlib import Path

    from baseline_pipeline.workbench.promotions.approving import Verb


def speaking(verb: Verb, words: str) -> Callable[..., None]:
    """The command by which people say something of a decision.

    Args:
        verb: What they say.
        words: Its help, with an example.
    """

    def command(
        decision: Annotated[str, typer.Argument(help="Digest of the decision, or its beginning.", show_default=False)],
        reason: Reason = "",
        by: By = None,
        key: Key = None,
        signature: Signature = None,
        statement: StatementFile = None,
        as_json: Json = False,
        quiet: Quiet = False,
    ) -> None:
        _speak_up(verb, decision, (reason, by, key, signature), statement, as_json=as_json, quiet=quiet)

    command.__doc__ = words
    return command


def _speak_up(
    verb: Verb,
    decision: str,
    said: tuple[str, str | None, Path | None, Path | None],
    statement: Path | None,
    *,
    as_json: bool,
    quiet: bool,
) -> None:
    """Say it, and print what stands then."""
    from baseline_pipeline.workbench.people import Voice, roster_of
    from baseline_pipeline.workbench.promotions.approving import speak, to_speak
    from baseline_pipeline.workbench.workbench import Workbench

    bench = Workbench.here(progress=progress(quiet=quiet))
    rostered = roster_of(bench) is not None
    reason, by, key, signature = said
    voice = Voice(person(by, key, signature, rostered=rostered), reason, key, signature)
    if statement is not None:
        written(to_speak(bench, verb, decision, voice), statement)
        return
    found = speak(bench, verb, decision, voice)
    if not found.signed and not quiet:
        say("  unsigned: there is no roster (allowed_signers); the record says so")
    if as_json:
        emit(found.body())
    else:
        show(found.words())
