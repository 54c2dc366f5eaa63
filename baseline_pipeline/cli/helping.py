"""What `--help` prints: every argument with its words, and examples as they are typed."""

from __future__ import annotations

import inspect
import re
from typing import TYPE_CHECKING, ClassVar

from typer.core import TyperArgument, TyperCommand, TyperGroup
from typer.utils import get_params_from_function

from baseline_pipeline.cli.output import data_alone

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import click

UNWRAPPED = "\b\n"
"""Before a paragraph whose lines click leaves as they are."""


WHOLE = 1_000
"""Letters of a sentence that is never cut."""


class Group(TyperGroup):
    """Verbs that are listed by what they are for, each with a whole sentence."""

    sections: ClassVar[Mapping[str, Sequence[str]]] = {}
    """Names of verbs by heading; all of them below one heading where there is none."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write what every verb does."""
        for heading, names in (self.sections or {"Commands": self.list_commands(ctx)}).items():
            with formatter.section(heading):
                formatter.write_dl([(name, self.commands[name].get_short_help_str(limit=WHOLE)) for name in names])


class Verb(TyperCommand):
    """A verb whose help can be copied from, and whose data can be read by programs."""

    def invoke(self, ctx: click.Context) -> object:
        """Run it; only what it says itself is data."""
        with data_alone():
            return super().invoke(ctx)

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the help."""
        self._describe_arguments()
        self.help = re.sub(r"(?<=\n\n)(?=Example:)", UNWRAPPED, self.help or "")
        super().format_help(ctx, formatter)

    def format_arguments(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Nothing: typer writes arguments before the options, and click 8.5 would write them once more."""

    def _describe_arguments(self) -> None:
        """Give arguments the words that they were declared with: click 8.5 takes them from typer's."""
        if self.callback is None:
            return
        declared = get_params_from_function(inspect.unwrap(self.callback))
        for one in self.params:
            if isinstance(one, TyperArgument) and not one.help and one.name in declared:
                one.help = getattr(declared[one.name].default, "help", None)
