"""A backtest for people: lines for a terminal, and a page with timelines."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

from baseline_pipeline.figures import counted
from baseline_pipeline.report.html import page
from baseline_pipeline.report.story import model_card
from baseline_pipeline.report.timeline import timeline
from baseline_pipeline.report.visible import visible

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markupsafe import Markup

    from baseline_pipeline.backtest.incidents import Incident as KnownEvent
    from baseline_pipeline.backtest.scoring import Detected, Point, Rate
    from baseline_pipeline.contract import Contract
    from baseline_pipeline.response.incidents import Incident
    from baseline_pipeline.workbench.over_time.backtesting import Backtest, Trajectory

SHOWN = 12


def rate_words(rate: Rate) -> str:
    """A rate with its count and interval.

    Example:
        >>> from baseline_pipeline.backtest.scoring import poisson_rate
        >>> rate_words(poisson_rate(3, 6.0))
        '3 in 6.0 months: 0.50 a month [0.10, 1.46]'
    """
    if rate.months == 0:
        return "no window outside of known events and of the reference to count them on"
    interval = f"[{rate.low:.2f}, {rate.high:.2f}]"
    return f"{rate.count} in {rate.months:.1f} months: {rate.per_month:.2f} a month {interval}"


def _short(rate: Rate) -> str:
    return f"{rate.per_month:.2f} [{rate.low:.2f}, {rate.high:.2f}]" if rate.months else "-"


def _days(event: KnownEvent) -> str:
    return f"{event.first}" if event.first == event.last else f"{event.first} to {event.last}"


def beyond_words(found: Backtest) -> list[str]:
    """Known events that nothing could be said of: a feed that died leaves no window to judge."""
    reach = f"no window has these days: they reach from {found.first[:10]} to {found.last[:10]}"
    return [f"NOT JUDGED {_days(one)}  {visible(one.what)}; {reach}" for one in found.beyond]


def nothing_known(found: Backtest) -> str:
    """That nothing can be found or missed, where no event is known; empty where one is."""
    if found.incidents or found.beyond:
        return ""
    file = f"assets/{found.model}/incidents.yaml"
    return (
        "no known events: there is nothing to find, and every alarm counts as false; write what really happened into "
        f"{file} ({{date, what}}), and `incidents: incidents.yaml` into the contract"
    )


def chosen_words(step: Point) -> str:
    """Why one setting of the limits is pointed at: without a known event nobody can say what it would find."""
    return "recommended" if step.of else "keeps the accepted rate; what it would find, no known event says"


def false_words(found: Backtest) -> str:
    """How many false alarms, their rate, and how many alarms these are where several opened in one window."""
    together = "" if len(found.false) == found.false_alarms.count else f" ({len(found.false)} alarms, by window)"
    return f"{rate_words(found.false_alarms)}{together}"


def incident_words(one: Detected) -> str:
    """What was made of a known event, in a line."""
    days = _days(one.incident)
    if not one.found:
        open_ = f"; open before it: {', '.join(one.already[:2])}" if one.already else ""
        verdict = "MISSED" if one.incident.must_find else "not seen (need not be)"
        return f"{verdict:8} {days}  {visible(one.incident.what)}{open_}"
    named = "" if one.slices_named is None else "; slice named" if one.slices_named else "; slice not named"
    also = ", in the reference" if one.in_reference else ""
    when = f"on day {one.day}, known after {one.delay_days:.1f} d, {one.tier}{also}"
    return f"FOUND    {days}  {when}, by {', '.join(one.by[:3])}{named}  {visible(one.incident.what)}"


def backtest_lines(found: Backtest, known: Sequence[Incident] = ()) -> list[str]:
    """The result for a terminal.

    Args:
        found: The result.
        known: Incidents of the model: what people said of them stands beside what counts as a false alarm.
    """
    wanted = [one for one in found.incidents if one.incident.must_find]
    hits = [one for one in wanted if one.found]
    soon = [one for one in hits if one.soon]
    lines = [
        (
            f"{found.model} version {found.version}: {counted(len(found.starts), 'window')} of {found.window} from "
            f"{found.first[:10]} to {found.last[:10]} ({found.timezone}), {found.rows} rows, {found.streams} streams"
        ),
        (
            f"calm: {counted(found.reference_windows, 'window')} from {found.reference[0][:10]} "
            f"to {found.reference[1][:10]}"
            + (f", {counted(found.out_of_fold, 'row')} scored out of fold" if found.out_of_fold else "")
            + (f"; {counted(found.left_out, 'row')} left out, the champion learned from them" if found.left_out else "")
        ),
    ]
    if wanted:
        lines.append(
            f"known events: {len(hits)} of {len(wanted)} found, {len(soon)} by windows of their first two days"
        )
    lines += [f"  {incident_words(one)}" for one in found.incidents]
    lines += [f"  {words}" for words in beyond_words(found)]
    lines += [words for words in [nothing_known(found)] if words]
    shown = "within" if found.false_alarms.per_month <= found.accepted_per_month else "not shown to be above"
    verdict = shown if found.within_rate else "ABOVE"
    lines.append(f"false alarms: {false_words(found)}; {verdict} the accepted {found.accepted_per_month:g}")
    wrong = [one for one in found.alarms if one.key in set(found.false)]
    said = {key: one for one in known if one.signal is not None for key in one.alarms}
    lines += [f"  {one.opened[:10]}  {one.tier:8} {one.words()}{_said(said.get(one.key))}" for one in wrong[:SHOWN]]
    if len(wrong) > SHOWN:
        lines.append(f"  and {len(wrong) - SHOWN} more (--json, or --report)")
    lines += _triaged([said[one.key] for one in wrong if one.key in said], len(wrong))
    for path in found.trajectories:
        if path.changes:
            lines.append(
                f"in hindsight, {visible(path.stream)} changed on {', '.join(one[:10] for one in path.changes)}"
            )
    lines.append("guardrail                     found  first  false alarms a month")
    for one in found.guardrails[:SHOWN]:
        rate = one.false_alarms
        lines.append(f"  {visible(one.name)[:27]:27} {one.found:5d}  {one.first:5d}  {_short(rate)}")
    lines.append("limits   found  day 1-2  median delay  false alarms a month")
    for step in found.curve:
        delay = "-" if step.median_delay_days is None else f"{step.median_delay_days:.1f} d"
        chosen = f"  <- {chosen_words(step)}" if step == found.recommended else ""
        seen = f"{step.found:4d}/{step.of:<3d}{step.within_two_days:5d}" if step.of else f"{'-':>4}    {'-':>5}"
        lines.append(f"  x {step.factor:<5g}{seen}  {delay:>12}  {_short(step.false_alarms):>24}{chosen}")
    if found.recommended is None:
        first = "write down which alarms were real, " if nothing_known(found) else ""
        lines.append(f"  no setting stays within the accepted rate: {first}take another reference, or accept more")
    return lines


def _said(one: Incident | None) -> str:
    return "" if one is None else f"; {one.id}: {'signal' if one.signal else 'noise'}"


def _triaged(found: Sequence[Incident], count: int) -> list[str]:
    """What people made of the alarms that count as false."""
    if not found:
        return []
    told = f"  of these {count}, people called {sum(not one.signal for one in found)} noise"
    real = [one.id for one in found if one.signal]
    if not real:
        return [told]
    return [f"{told} and {len(real)} signal: add {', '.join(sorted(set(real)))} to the incidents file"]


def backtest_html(contract: Contract, found: Backtest) -> str:
    """The same as one page, with a timeline for every metric."""
    return page(
        "backtest.html",
        story=SimpleNamespace(card=model_card(contract)),
        found=found,
        beyond=[*beyond_words(found), *filter(None, [nothing_known(found)])],
        plots=_plots(found),
        rate_words=rate_words,
        chosen_words=chosen_words,
        false_words=false_words(found),
        wrong=[one for one in found.alarms if one.key in set(found.false)],
    )


def _plots(found: Backtest) -> list[tuple[Trajectory, Markup]]:
    events = [
        (one.incident.first.isoformat(), one.incident.last.isoformat(), one.incident.what) for one in found.incidents
    ]
    return [
        (
            one,
            timeline(
                found.starts,
                one.values,
                (one.low, one.high),
                events=events,
                marks=[(mark.opened, mark.tier, mark.words()) for mark in found.alarms if mark.concerns(one.stream)],
                calm=found.reference,
                name=one.stream,
            ),
        )
        for one in found.trajectories
    ]
