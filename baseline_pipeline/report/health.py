"""The programme's own figures for people: a figure that rests on nothing says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from baseline_pipeline.figures import counted, fixed, places
from baseline_pipeline.report.visible import visible

if TYPE_CHECKING:
    from collections.abc import Iterator

    from baseline_pipeline.governance.health import Figures, Health, Times

NOTHING = "nothing yet"
SHOWN_DRILLS = 3
_DAY, _DAYS = 24, 48
"""Hours; durations from two days on are given in days."""


def health_lines(found: Health) -> list[str]:
    """In total, then owner by owner where there are several."""
    lines = [f"all {counted(found.total.models, 'model')}, at {found.at}", *_lines(found.total, found.days)]
    if found.dead_receivers is None:
        lines.append(_line("dead receivers", NOTHING))
    else:
        lines.append(_line("dead receivers", ", ".join(map(visible, found.dead_receivers)) or "none"))
    if len(found.owners) > 1:
        for one in found.owners:
            lines += ["", f"{visible(one.name)}: {counted(one.models, 'model')}", *_lines(one, found.days)]
    elif found.owners:
        lines.append(_line("owner", visible(found.owners[0].name)))
    for name, why in found.troubles.items():
        lines.append(_line("not counted", f"{visible(name)}: its contract cannot be read"))
        lines += [_line("", visible(line.strip())) for line in why.splitlines()]
    lacking = [one.name for one in found.models if not one.with_baseline]
    if lacking:
        lines.append(_line("next", f"establish a baseline of {', '.join(map(visible, lacking))}"))
    return lines


def _line(what: str, words: str) -> str:
    return f"  {what:22} {words}"


def _lines(one: Figures, days: int) -> Iterator[str]:
    share = "" if one.coverage is None else f" ({one.coverage:.0%})"
    yield _line("coverage", f"{one.with_baseline} of {one.models} models have a baseline{share}")
    slices = NOTHING if one.gated_slices is None else f"{one.gated_slices:.3g} per model with a baseline"
    yield _line("gated slices", slices)
    age = NOTHING
    if one.age_median_days is not None and one.age_oldest_days is not None:
        age = f"median {one.age_median_days:.1f} days, oldest {one.age_oldest_days:.1f}"
    yield _line("age of baselines", age)
    yield _line("time to detect", _times(one.detect))
    if one.detect is not None and one.known is not None:
        yield _line("", "by the clock, from when a window's rows and labels had come until the incident was opened")
        if one.looked_back:
            back = f"{one.looked_back} of them in a past that was looked back at"
            yield _line("", f"{back}: by the clock of --now, or from the first look on")
        yield _line("", f"before that, a window and its labels take {_times(one.known)}, by the data's days")
    yield _line("time to resolve", _times(one.resolve))
    noise = NOTHING if one.noise_share is None else f"{one.noise_share:.0%} of {one.triaged} triaged"
    yield _line("noise", f"{noise}; {counted(one.incidents, 'incident')} in all" if one.incidents else NOTHING)
    tiers = one.open_incidents
    there = NOTHING if tiers is None else ", ".join(f"{count} {tier}" for tier, count in tiers.items())
    yield _line("open incidents", there)
    yield from _alarms(one)
    yield from _creep(one)
    yield _line(f"last {days} days", _acts(one))
    frozen = NOTHING if one.frozen is None else ", ".join(map(visible, one.frozen)) or "none"
    yield _line("promotions frozen", frozen)
    yield from _drills(one)


def _times(found: Times | None) -> str:
    if found is None:
        return NOTHING
    return f"mean {_duration(found.mean_hours)}, median {_duration(found.median_hours)} ({found.count})"


def _duration(hours: float) -> str:
    return f"{hours / _DAY:.1f} days" if abs(hours) >= _DAYS else f"{hours:.1f} h"


def _alarms(one: Figures) -> Iterator[str]:
    if not one.false_alarms:
        yield _line("false alarms", NOTHING)
    for rate in one.false_alarms:
        yield _line(
            "false alarms",
            (
                f"{visible(rate.model)}: {rate.per_month:.2f} a month [{rate.low:.2f}, {rate.high:.2f}] in "
                f"{rate.months:.1f} months of backtest, {rate.accepted:g} accepted: {rate.words}"
            ),
        )


def _creep(one: Figures) -> Iterator[str]:
    if not one.creep:
        yield _line("creep", NOTHING)
    for creep in one.creep:
        decimals = places(creep.margin)
        most = "" if creep.at_most is None else f", at most {fixed(creep.at_most, decimals)}"
        yield _line(
            "creep",
            (
                f"{visible(creep.model)} {creep.metric} since revision {creep.revision}: "
                f"{fixed(creep.used, decimals)} of {fixed(creep.margin, decimals)} used ({creep.share:.0%}{most})"
            ),
        )


def _acts(one: Figures) -> str:
    if one.overrides is None or one.rollbacks is None:
        return NOTHING
    return f"{counted(one.overrides, 'override')}, {counted(one.rollbacks, 'rollback')}"


def _drills(one: Figures) -> Iterator[str]:
    if not one.drills:
        yield _line("drills", NOTHING)
    for drill in reversed(one.drills[-SHOWN_DRILLS:]):
        seen = "detected" if drill.detected else "NOT detected"
        words = f"{drill.at[:10]} {visible(drill.model)} {visible(drill.scenario)}: {seen}, {drill.seconds:.0f} s"
        yield _line("drills", words)
