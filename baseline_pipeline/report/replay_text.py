"""A replay for a person at a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from baseline_pipeline.report.criticality import folded, tally
from baseline_pipeline.report.stages import stages_lines
from baseline_pipeline.report.verdict_line import verdict_line
from baseline_pipeline.report.visible import visible
from baseline_pipeline.report.wrapping import wrap

if TYPE_CHECKING:
    from collections.abc import Iterator

    from baseline_pipeline.replay.outcome import Ending, How, Trial, WorkerRun

WORDS: dict[Ending, str] = {
    "accept": "ACCEPT",
    "accept_noted": "ACCEPT, noted numeric change",
    "reject": "REJECT",
    "inconclusive": "INCONCLUSIVE",
    "evidence_missing": "EVIDENCE MISSING",
}
TITLES: dict[How, str] = {
    "artifact": "The stored model in both environments",
    "retrained": "Trained anew in each environment",
    "way_back": "The way back: what the new one trained, in the old one",
}
MOST_WARNINGS = 3
SEVERAL = 6
"""Packages that moved, named one by one up to here."""


def trial_lines(trial: Trial, *, show_all: bool = False) -> list[str]:
    """One trial: its ending, noise floor, times, warnings and verdicts."""
    tier = f" ({trial.tier})" if trial.tier else ""
    lines = [f"{TITLES[trial.how]}: {WORDS[trial.ending]}{tier}", f"  {visible(trial.why)}"]
    if trial.noise is not None:
        lines.append(f"  twice in {trial.old.lock}: {trial.noise.words()}")
    if trial.stages is not None:
        lines += [f"  {text}" for text in stages_lines(trial.stages)]
    if trial.new is not None and trial.new.failure is None and trial.how != "way_back":  # that one trains and loads
        lines.append(f"  {_resources(trial.old, trial.new, 'train' if trial.how == 'retrained' else 'load')}")
    lines += [f"  {text}" for text in _warnings(trial)]
    if trial.contrast is not None and trial.contrast.cells:
        shown, rest = folded(trial.contrast.cells, show_all=show_all)
        lines += [f"  {verdict_line(cell, trial.contrast.pairing)}" for cell in shown]
        if rest:
            lines.append(f"  {len(rest)} more: {tally(rest)} (--all shows them)")
    return lines


def moved_words(moved: tuple[str, ...], *, show_all: bool = False) -> str:
    """The packages that differ between two lockfiles."""
    if not moved:
        return "no package differs"
    shown = moved if show_all or len(moved) <= SEVERAL else moved[:SEVERAL]
    more = f", and {len(moved) - len(shown)} more" if len(moved) > len(shown) else ""
    return f"{len(moved)} moved: {'; '.join(shown)}{more}"


def wrapped(lines: list[str], width: int) -> str:
    """Lines no longer than the terminal, continued below themselves."""
    found: list[str] = []
    for line in lines:
        indent = " " * (len(line) - len(line.lstrip(" ")))
        found.extend(wrap(visible(line.lstrip(" ")), max(width, 40), indent=indent, hanging=indent + "    ") or [""])
    return "\n".join(found) + "\n"


def _resources(old: WorkerRun, new: WorkerRun, first: str) -> str:
    parts = [
        f"{words} {old.seconds[name]:.2f} -> {new.seconds[name]:.2f} s"
        for words, name in ((first, "load"), ("predict", "predict"))
        if name in old.seconds and name in new.seconds
    ]
    if old.peak_memory_mb and new.peak_memory_mb:
        parts.append(f"peak memory {old.peak_memory_mb:.0f} -> {new.peak_memory_mb:.0f} MB")
    return "; ".join(parts)


def _warnings(trial: Trial) -> Iterator[str]:
    """What the new environment warns of and the old one did not: the first of a kind, and how many more."""
    if trial.new is None:
        return
    kinds: dict[str, list[str]] = {}
    for text in trial.new.warnings:
        if text not in trial.old.warnings:
            kinds.setdefault(text.partition(":")[0], []).append(text.split(". ")[0])
    for texts in list(kinds.values())[:MOST_WARNINGS]:
        more = f" (and {len(texts) - 1} more of the kind)" if len(texts) > 1 else ""
        yield f"warns now: {texts[0]}{more}"
