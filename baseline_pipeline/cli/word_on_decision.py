"""What `approve`, `reject` and `override` have in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from baseline_pipeline.cli.options import Json, Quiet
from baseline_pipeline.cli.output import emit, progress, say, show
from baseline_pipeline.cli.people import By, Key, Reason, Signature, StatementFile, voice_of, written

if TYPE_CHECKING:
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
        from baseline_pipeline.workbench.promotions.approving import speak, to_speak
        from baseline_pipeline.workbench.workbench import Workbench

        bench = Workbench.here(progress=progress(quiet=quiet))
        voice = voice_of(bench, by, reason, key, signature)
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

    command.__doc__ = words
    return command
