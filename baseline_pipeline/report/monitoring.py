"""A tick and an incident for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from baseline_pipeline.figures import counted
from baseline_pipeline.monitoring.calm import distance_words
from baseline_pipeline.report.visible import visible
from baseline_pipeline.significance.e_values import e_bh

if TYPE_CHECKING:
    from collections.abc import Sequence

    from baseline_pipeline.response.incidents import Incident
    from baseline_pipeline.response.playbooks import Playbook
    from baseline_pipeline.workbench.over_time.responding import Tick
    from baseline_pipeline.workbench.over_time.watched import Estimate

SHOWN = 12
DISCOVERY = 0.05
"""Share of false ones that is accepted among models that are called worse."""


def tick_lines(tick: Tick) -> list[str]:
    """What one look came to, for a terminal."""
    seen = tick.watched
    waiting = f", {seen.unlabelled} without a label yet" if seen.unlabelled else ""
    calm = f"{counted(seen.reference_windows, 'window')} from {seen.reference[0][:10]} to {seen.reference[1][:10]}"
    lines = [
        (
            f"{seen.model} at {_clock(seen.now)}: {counted(seen.windows, 'window')} to {_clock(seen.last)}, "
            f"{counted(seen.rows, 'row')}"
            f"{waiting}, {seen.streams} streams; calm: {calm}"
        )
    ]
    for one in seen.latest:
        value = "-" if one.value is None else f"{one.value:.4g}"
        usual = "" if one.expected is None else f"  usually {one.expected:.4g}"
        away = "" if one.distance is None else f"  {distance_words(one.distance, ' spreads')}"
        lines.append(f"  {visible(one.stream):28} {value:>10}{usual}{away}")
    lines += _estimate_lines(seen.estimates)
    lines += [f"  note: {visible(words)}" for words in seen.notes]
    if seen.paired is not None:
        lines.append(f"  service against registered model: {seen.paired.words()}")
    lines += [f"now: {visible(change)}" for change in tick.changed[:SHOWN]]
    if len(tick.changed) > SHOWN:
        lines.append(f"now: and {counted(len(tick.changed) - SHOWN, 'more change')}")
    if not tick.incidents:
        lines.append("no incident is open")
    lines += [line for incident in tick.incidents for line in open_lines(incident)]
    if tick.delivered is not None and (tick.delivered.sent or tick.delivered.failed or tick.delivered.pending):
        told = tick.delivered
        lines.append(
            f"told: {counted(told.sent, 'notification')}, {told.failed} failed, "
            f"{counted(told.pending, 'message')} waiting"
        )
    return lines


def over_models(ticks: Sequence[Tick]) -> list[str]:
    """Which services are worse than their registered models at one false-discovery rate over all, the surest first.

    It orders what is looked at together, and neither opens nor closes an incident. Nothing for fewer than two models.
    """
    known = [(tick.watched.model, tick.watched.paired) for tick in ticks]
    paired = [(model, found.log_e_value) for model, found in known if found is not None]
    if len(paired) < 2:  # noqa: PLR2004  # one model needs no rate over several
        return []
    rates = e_bh(np.array([log_e for _, log_e in paired]))
    sure = sorted((rate, model) for rate, (model, _) in zip(rates.tolist(), paired, strict=True) if rate <= DISCOVERY)
    named = ", ".join(f"{visible(model)} (from {rate:.2g} on)" for rate, model in sure) or "none"
    return [f"worse than the registered model, over {len(paired)} models at a false-discovery rate of 5 %: {named}"]


def _estimate_lines(estimates: Sequence[Estimate]) -> list[str]:
    """Both estimates of the last window without labels, side by side."""
    last = [one for one in estimates if one.window == estimates[-1].window]
    if not last:
        return []
    lines = [f"  ESTIMATED for {_clock(last[0].window)}, without labels (sees no concept drift, never alarms):"]
    for one in last:
        usual = "" if one.usual is None else f"  usually {one.usual:.4g}"
        ways = [] if one.calibrated is None else [f"{one.calibrated:.4g} by calibrated scores"]
        if one.weighted is not None:
            ways.append(f"{one.weighted:.4g} +/- {one.error:.2g} by weighted calm rows")
        lines.append(f"    {visible(one.stream):26} {', '.join(ways) or '-'}{usual}")
    worth = next((one.effective_rows for one in last if one.weighted is not None), None)
    if worth is not None:
        lines.append(f"    weighted calm rows are worth {worth:.0f} rows")
    return lines + [
        f"    no estimate by weighted calm rows: {words}"
        for words in dict.fromkeys(one.why_not for one in last)
        if words
    ]


def open_lines(one: Incident) -> list[str]:
    """An incident that nobody has closed; where its alarms are over, what it still waits for."""
    held = "; promotions stay frozen until then" if one.frozen else ""
    waits = f'  its alarms are over, a person closes it{held}: baseline incident close {one.id} --cause "TEXT"'
    return [incident_line(one), *([waits] if one.status == "quiet" else [])]


def incident_line(one: Incident) -> str:
    """One incident in a line."""
    frozen = ", promotions frozen" if one.frozen else ""
    alarms = f"{len(one.open_alarms)} of {len(one.alarms)} alarms open"
    if 0 < len(one.open_alarms) < len(one.alarms):
        names = dict.fromkeys(one.leads[key] for key in one.open_alarms if key in one.leads)
        alarms += f" ({', '.join(visible(name) for name in names)})" if names else ""
    where = f"{one.model} since {_clock(one.since)}{frozen}, {alarms}"
    return f"{one.id}  {one.status:6} {one.tier:8} {where}: {visible(one.lead)}"


def _clock(instant: str) -> str:
    """To the minute, for people."""
    return instant[:16].replace("T", " ")


def incident_lines(one: Incident, playbook: Playbook | None, experiment: Sequence[str] = ()) -> list[str]:
    """Everything of one incident, for a terminal.

    Args:
        one: The incident.
        playbook: What to do about it.
        experiment: What the last experiment about it said, the sentence first.
    """
    found = {True: "signal", False: "noise", None: "not triaged"}[one.signal]
    lines = [
        *open_lines(one),
        f"owner: {one.owner or 'nobody is named'}; {found}{f', {one.category}' if one.category else ''}",
        f"streams: {', '.join(visible(name) for name in one.streams[:SHOWN])}",
    ]
    if one.cause:
        lines.append(f"cause: {visible(one.cause)}")
    if one.remedy:
        lines.append(f"remedy: {one.remedy}; {visible(one.outcome)}")
    if one.links:
        lines.append(f"links: {', '.join(visible(link) for link in one.links)}")
    if experiment:
        lines.append(f"experiment: {visible(experiment[0])}")
        lines += [f"  {visible(line)}" for line in experiment[1:]]
    lines.append("timeline:")
    lines += [
        f"  {_clock(moment.at)}  {visible(moment.actor)}  {moment.change}: {visible(moment.words)}"
        for moment in one.timeline
    ]
    if playbook is not None:
        lines.append(f"playbook: {visible(playbook.named)}")
        for number, step in enumerate(playbook.steps, 1):
            done = one.steps.get(f"{playbook.name}/{number}")
            lines.append(
                f"  [{'x' if done else ' '}] {number}. {visible(step)}{f'  ({visible(done)})' if done else ''}"
            )
    return lines


def _fenced(lines: list[str]) -> list[str]:
    """Lines as they stand, with their columns; nothing where there are none."""
    return ["", "```text", *(visible(line).replace("```", "``") for line in lines), "```"] if lines else []


def review_text(one: Incident, playbook: Playbook | None, experiment: list[str]) -> str:
    """A post-incident review in Markdown: what is known is filled in, what people must add is asked.

    Names and reasons are written as code or plain text; nothing in them is taken as markup.
    """

    def plain(text: str) -> str:
        shown = visible(text)
        for sign in "\\`*_[]<>|#":
            shown = shown.replace(sign, f"\\{sign}")
        return shown

    found = {True: "signal", False: "noise", None: "not triaged yet"}[one.signal]
    seen = next((moment.at for moment in one.timeline), one.opened)
    closed = next((moment.at for moment in one.timeline if moment.change == "closed"), "still open")
    lines = [
        f"# Review of {one.id}: {one.model}",
        "",
        f"* Tier: **{one.tier}**; {found}{f', {one.category}' if one.category else ''}",
        f"* First window concerned: {one.since.replace('T', ' ')}; seen {seen}; closed {closed}",
        f"* Owner: {plain(one.owner) or 'nobody is named'}",
        f"* What was seen: {plain(one.lead)}",
        f"* Streams: {', '.join(plain(name) for name in one.streams)}",
        "",
        "## Timeline",
        "",
        *(f"* {moment.at} {plain(moment.actor)}, {moment.change}: {plain(moment.words)}" for moment in one.timeline),
        "",
        "## What the data say",
        "",
        plain(experiment[0]) if experiment else "No experiment was made.",
        *_fenced(experiment[1:]),
        "",
        "## Cause",
        "",
        plain(one.cause) or "TO FILL IN: what happened, and why the checks before it let it through",
        "",
        "## What was done",
        "",
        (
            f"{one.remedy}: {plain(one.outcome)}"
            if one.remedy
            else "TO FILL IN: retrain, augment, clean, roll back, add a test"
        ),
        "",
        "## Playbook",
        "",
    ]
    if playbook is None:
        lines.append("No playbook fits this tier and kind. TO FILL IN: write one?")
    else:
        lines += [
            f"{number}. [{'x' if f'{playbook.name}/{number}' in one.steps else ' '}] {step}"
            for number, step in enumerate(playbook.steps, 1)
        ]
    lines += [
        "",
        "## What we learned",
        "",
        "* TO FILL IN: what would have shown it earlier?",
        "* TO FILL IN: which guardrail, expectation or playbook changes?",
        "",
    ]
    return "\n".join(lines)
