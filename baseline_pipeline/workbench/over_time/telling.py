"""What an experiment found, in words: a sentence for a person who is called at night, then everything."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from baseline_pipeline.monitoring.calm import distance_words
from baseline_pipeline.replay.advice import OF_INCIDENT, advised_of_incident, sentence
from baseline_pipeline.report.attribution import attribution_lines

if TYPE_CHECKING:
    from collections.abc import Sequence

    from baseline_pipeline.comparison import JointShift
    from baseline_pipeline.drift.skew import Skew
    from baseline_pipeline.replay.attribution import Shared
    from baseline_pipeline.workbench.over_time.causes import Causes
    from baseline_pipeline.workbench.over_time.resembling import Resembles
    from baseline_pipeline.workbench.over_time.serving import Served

SHOWN = 5
LEVEL = 0.05
"""At which another metric than what alarmed is shown to be worse: two-sided, over all of them together (Bonferroni)."""
UNSPLIT = "hardly any calm row looks like these, and other rows and other outcomes cannot be told apart"


@dataclass
class Look:
    """What was found so far, and what could not be done."""

    shift: JointShift | None
    not_done: list[str]
    features: tuple[tuple[str, float], ...] = ()
    slices: tuple[tuple[str, float], ...] = ()
    skew: tuple[Skew, ...] = ()
    served: Served | None = None
    causes: Causes | None = None
    resembles: Resembles | None = None
    early: bool = False
    moved: list[str] = field(default_factory=list)

    def take_served(self, found: Served | str) -> None:
        """The paired replay, or why there is none."""
        if isinstance(found, str):
            self.not_done.append(f"the service's answers were not replayed: {found}")
        else:
            self.served = found

    def take_causes(self, found: Causes | str) -> None:
        """The attribution, or why there is none."""
        if isinstance(found, str):
            self.not_done.append(f"causes were not told apart: {found}")
        else:
            self.causes = found

    def words(self) -> tuple[str, ...]:
        """The sentence, then everything."""
        lines = [] if self.served is None else [self.served.words()]
        if self.skew:
            lines.append(f"request log and data differ for the same rows: {_named(self.skew)}")
        if self.causes is not None:
            lines += cause_lines(self.causes)
        if self.resembles is not None:
            lines.append(self.resembles.words())
        lines += self._shifted()
        if self.features:
            named = ", ".join(f"{name} {distance_words(value)}" for name, value in self.features)
            lines.append(f"features that stood out: {named}")
        if self.slices:
            lines.append(
                "slices that stood out: " + ", ".join(f"{name} {distance_words(value)}" for name, value in self.slices)
            )
        return (self._sentence(), *lines, *self.moved, *self.not_done)

    def _sentence(self) -> str:
        """For a person who is called at night."""
        if self.served is not None and not self.served.same:
            told = f"; {cause_sentence(self.causes)}" if self.causes is not None else ""
            return f"{self.served.words()}{told}"
        columns = tuple(one for one in self.skew if one.column != "(score)")
        if columns:
            told = f"; {cause_sentence(self.causes)}" if self.causes is not None else ""
            return f"a feature breaks on its way to the service: {_named(columns)} differ between log and data{told}"
        if self.causes is not None:
            like = self.resembles
            looks = "" if like is None else f"; it looks like {like.scenario} on {like.feature}"
            return f"{cause_sentence(self.causes)}{looks}"
        return self.not_done[0] if self.not_done else "nothing stood out beside the alarm itself"

    def _shifted(self) -> list[str]:
        """What tells the rows from calm ones."""
        if self.shift is None:
            return []
        apart = "can hardly be told from calm ones" if self.shift.auc < 0.6 else "differ from calm ones"  # noqa: PLR2004
        return [f"the rows {apart} (AUC {self.shift.auc:.2f})"]


def _named(skew: tuple[Skew, ...]) -> str:
    return ", ".join(f"{one.column} in {one.different} of {one.rows} rows" for one in skew[:SHOWN])


def _listed(words: list[str]) -> str:
    more = [f"{len(words) - SHOWN} more"] if len(words) > SHOWN else []
    *most, last = [*words[:SHOWN], *more]
    return f"{', '.join(most)} and {last}"


def shown_worse(shared: Sequence[Shared]) -> Shared | None:
    """The metric that is shown to be worse: what alarmed, at a level of 5 %, else one of the others at 5 % together.

    Args:
        shared: Each metric's change, the most important first.
    """
    first, *others = shared
    if first.interval[0] > 0:
        return first
    level = LEVEL / max(len(others), 1)
    return next((one for one in others if one.harm > 0 and one.p_value is not None and one.p_value < level), None)


def cause_sentence(found: Causes) -> str:
    """What did most of the harm to the first metric that is shown to be worse, in a sentence, and what to do."""
    first = shown_worse(found.shared)
    if first is None:
        named = [f"{one.metric} ({one.before:.3g} -> {one.after:.3g})" for one in found.shared]
        told = f"{named[0]} is not" if len(named) == 1 else f"none of {_listed(named)} is"
        why = "something moved, and it has done no harm that can be told from chance"
        return f"{told} shown to be worse on these rows: {why}"
    moved = {
        "data_values": [f"{name}: {words}" for name, words in found.wrong.items()],
        "population": found.who,
    }
    top = first.top
    text = sentence(first, moved, OF_INCIDENT)
    if not found.split and top is not None and top.factor != "data_values":
        return f"{text}; {UNSPLIT}"
    return f"{text}; {advised_of_incident(first, list(found.wrong))}"


def cause_lines(found: Causes) -> list[str]:
    """Every metric's change with the share of each cause, then features."""
    lines = [line for one in found.shared for line in attribution_lines(one)]
    for one in found.features:
        if one.feature in found.wrong:
            low, high = one.interval
            cost = f"{one.harm:.3g} [{low:.3g}, {high:.3g}] of {one.metric}"
            lines.append(f"{one.feature}: {found.wrong[one.feature]}; that costs {cost}")
    if not found.split:
        lines.append(f"calm rows weighted to look like these are worth {found.alike:.0f}: {UNSPLIT}")
    return lines
