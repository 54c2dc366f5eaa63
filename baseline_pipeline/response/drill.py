"""What a drill came to: its steps with their times, and a report for somebody who was not there."""

from __future__ import annotations

from baseline_pipeline.figures import counted
from baseline_pipeline.records import Record


class Step(Record):
    """One step of the drill."""

    what: str
    seconds: float
    words: str


class Drill(Record):
    """What a drill came to."""

    model: str
    version: str = ""
    actor: str = ""
    at: str = ""
    """When it began, UTC; empty in drills of before it was kept, as are version and actor."""
    scenario: str
    dose: float
    window: str
    since: str
    detected: bool
    delay_days: float | None
    """Data time from the first spoilt window's start until the alarm could be known."""
    tier: str
    told: int
    """Notifications that arrived."""
    steps: tuple[Step, ...]
    seconds: float
    hidden: tuple[str, ...] = ()
    """Why nothing new could be seen, where the days were not calm before."""
    review: str = ""
    """Of its incident, Markdown."""

    def lines(self) -> list[str]:
        """Steps and times, for a terminal."""
        return [f"{one.seconds:6.1f} s  {one.what}: {one.words}" for one in self.steps]

    @property
    def report(self) -> str:
        """Markdown: what was injected, what was seen of it and when, every step, and the incident's review."""
        sentence = (
            f"**Detected** after {self.delay_days:.1f} days of data time as {self.tier}; "
            f"{counted(self.told, 'notification')} arrived."
            if self.detected
            else f"**Not detected**: {'; '.join(self.hidden)}."
            if self.hidden
            else "**Not detected**: no guardrail saw it. What would, is shown by `baseline power MODEL --sensitivity`."
        )
        who = f"Rehearsed by {self.actor} on {self.at.replace('T', ' ')}, with version {self.version} of the model."
        lines = [
            f"# Drill: {self.scenario} {self.dose:g} on {self.model}",
            "",
            who,
            f"Damage was injected from {self.since.replace('T', ' ')} on, in a scratch copy; nothing real was touched.",
            "",
            sentence,
            "",
            f"All of it took {self.seconds:.0f} s; steps of the playbook were read out, not done.",
            "",
            "| step | took | what happened |",
            "|---|---|---|",
            *(f"| {one.what} | {one.seconds:.1f} s | {one.words.replace('|', '/')} |" for one in self.steps),
            "",
        ]
        if self.review:
            lines += ["---", "", self.review]
        return "\n".join(lines) + "\n"
