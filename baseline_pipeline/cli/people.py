"""Options by which people say who they are and why."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from baseline_pipeline.cli.output import say

if TYPE_CHECKING:
    from baseline_pipeline.governance.statements import Statement

By = Annotated[
    str | None,
    typer.Option("--by", help="Who says so; where there is a roster, the key tells.", show_default="you, as logged in"),
]
Reason = Annotated[str, typer.Option("--reason", help="Why.", show_default=False)]
Key = Annotated[
    Path | None,
    typer.Option(
        "--key", help="SSH key to sign with (private, or public with an agent).", show_default="~/.ssh/id_ed25519"
    ),
]
Signature = Annotated[
    Path | None, typer.Option("--signature", help="A statement signed elsewhere; its signature is FILE.sig.")
]
StatementFile = Annotated[
    Path | None,
    typer.Option(
        "--statement",
        help="Only write what is to be signed elsewhere, with --by and --reason; it comes back as --signature.",
        show_default=False,
    ),
]


def written(said: Statement, file: Path) -> None:
    """A statement for a signature that is made elsewhere, and how that is made."""
    from baseline_pipeline.governance.statements import NAMESPACE
    from baseline_pipeline.workbench.reporting import write_whole

    write_whole(file, said.text().decode())
    say(f"written: {file}; sign it: ssh-keygen -Y sign -n {NAMESPACE} -f KEY {file}")


def person(by: str | None, key: Path | None, signature: Path | None, *, rostered: bool) -> str:
    """Who speaks where no signature tells: the one who is logged in."""
    if by or key or signature or rostered:
        return by or ""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return ""
