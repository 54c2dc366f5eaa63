"""Options by which people say who they are and why."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from baseline_pipeline.cli.output import say

if TYPE_CHECKING:
    from baseline_pipeline.governance.statements import Statement
    from baseline_pipeline.workbench.people import Voice
    from baseline_pipeline.workbench.workbench import Workbench

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


def voice_of(bench: Workbench, by: str | None, reason: str, key: Path | None, signature: Path | None) -> Voice:
    """Who speaks and why; where neither name, key nor signature tells, the one who is logged in."""
    from baseline_pipeline.workbench.people import Voice, roster_of

    told = by or key or signature or roster_of(bench) is not None
    return Voice((by or "") if told else _logged_in(), reason, key, signature)


def _logged_in() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return ""
