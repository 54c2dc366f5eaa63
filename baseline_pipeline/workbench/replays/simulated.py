"""What a simulation found, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from baseline_pipeline.figures import counted
from baseline_pipeline.report.criticality import folded, tally
from baseline_pipeline.report.replay_text import WORDS
from baseline_pipeline.report.verdict_line import verdict_line
from baseline_pipeline.report.visible import visible

if TYPE_CHECKING:
    from baseline_pipeline.workbench.replays.simulating import Simulated, Simulation


def simulation_lines(found: Simulation) -> list[str]:
    """A block for each profile: what follows, what differs, what would fire, where the time goes."""
    against = f"baseline revision {found.baseline_revision}" if found.baseline_revision else "no baseline yet"
    lines = [f"{found.model} version {found.version} on {counted(found.rows, 'row')}, {against}"]
    for one in found.profiles:
        tier = f" ({one.tier})" if one.tier else ""
        ending = WORDS[one.ending] if found.named or one.run else "NOT RUN"
        lines += ["", f"{one.profile}: {one.why}", f"  {ending}{tier}  {visible(one.words)}"]
        if one.note:
            lines.append(f"  {one.note}")
        if one.contrast is None:
            continue
        times = "; ".join(f"{stage} {a:.2f} -> {b:.2f} s" for stage, (a, b) in one.seconds.items())
        lines.append(f"  {times}; most of an answer: {one.bottleneck}{_memory(one)}")
        lines.append(f"  would fire: {', '.join(one.fires)}" if one.fires else "  no guardrail would fire")
        told = one.contrast.cells
        shown, rest = ((), told) if one.ending == "accept" and one.tier is None else folded(told)
        lines += [f"  {verdict_line(cell, 'paired')}" for cell in shown]
        if rest:
            lines.append(f"  {len(rest)} {'more' if shown else 'verdicts'}: {tally(rest)} (--json has all)")
    return lines


def _memory(one: Simulated) -> str:
    before, after = one.peak_memory_mb
    return f"; peak memory {before:.0f} -> {after:.0f} MB" if before and after else ""
