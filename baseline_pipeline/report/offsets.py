"""One environment, and two against each other, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from baseline_pipeline.figures import bracketed, counted, fixed, places
from baseline_pipeline.report.visible import visible

if TYPE_CHECKING:
    from collections.abc import Iterator

    from baseline_pipeline.replay.environment_facts import EnvironmentFacts
    from baseline_pipeline.replay.offsets import Offsets


def facts_lines(found: EnvironmentFacts) -> list[str]:
    """What one environment made of the baseline."""
    machine = ", ".join(
        f"{name.replace('_', ' ')} {visible(str(value))}" for name, value in found.facts.items() if value is not None
    )
    lines = [
        f"{visible(found.name)}: version {visible(found.version)} of {found.model} on {found.rows} rows",
        f"  machine: {machine}",
        f"  against the baseline: {found.against_baseline.words()}; {found.decisions_changed} decisions differ",
    ]
    lines += [
        f"  latency {name}: {one.mean:.4g} [{one.low:.4g}, {one.high:.4g}] ms per row "
        f"over {counted(len(one.repeats), 'repeat')}"
        for name, one in found.latency.items()
    ]
    lines.append(f"  peak memory: {found.peak_memory_mb:.0f} MB")
    lines += [
        f"  not as locked: {one.package} {one.locked or 'not locked'}, installed {one.installed or 'nothing'}"
        for one in found.differences
    ]
    return lines


def offsets_lines(found: Offsets) -> list[str]:
    """What lies between two environments, and whether it may be corrected."""
    title = f"{visible(found.here)} against {visible(found.against)}, {found.model}"
    if found.refused:
        lines = [f"{title}: REFUSED, comparisons across them mean nothing"]
        lines += [f"  {visible(why)}" for why in found.refused]
    else:
        words = {"identical": "scores are identical", "corrected": "values may be corrected by the offsets"}
        lines = [f"{title}: {words[found.ending]}"]
    if found.difference is not None:
        lines.append(f"  scores: {found.difference.words()}; {found.decisions_changed} decisions differ")
    lines += _metrics(found)
    lines += _latencies(found)
    if found.memory_ratio is not None:
        lines.append(f"  peak memory: {found.memory_ratio:.2f} times (no interval: nothing is corrected by it)")
    if found.drifted is not None:
        lines += [f"  DRIFTED: {visible(words)}" for words in found.drifted] or ["  not drifted since the earlier file"]
    return lines


def _metrics(found: Offsets) -> Iterator[str]:
    for one in found.metrics:
        if one.offset is None:
            yield f"  {one.metric}: not measured"
        elif one.offset == 0 and one.interval in {None, (0.0, 0.0)}:
            yield f"  {one.metric}: the same"
        else:
            decimals = places(one.offset, 3)
            interval = bracketed(one.interval, decimals, signed=True)
            yield f"  {one.metric}: {fixed(one.offset, decimals, signed=True)} {interval}".rstrip()


def _latencies(found: Offsets) -> Iterator[str]:
    for one in found.latency:
        ratio = "" if one.ratio is None else f"{one.ratio:.3f} times {bracketed(one.interval, 3)}, "
        yield f"  latency {one.quantile}: {ratio}{one.ending} ({one.why})"
