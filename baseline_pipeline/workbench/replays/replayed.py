"""What a replay found, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from baseline_pipeline.figures import counted
from baseline_pipeline.records import short
from baseline_pipeline.report.replay_text import WORDS, moved_words, trial_lines

if TYPE_CHECKING:
    from baseline_pipeline.workbench.replays.dependency_replay import EnvironmentSeen, Replay

NEXT = {
    "accept": "take the update: {moves}",
    "accept_noted": "take the update; the noted change is in the record",
    "reject": "keep the old {kept}{search}",
    "inconclusive": "more rows decide it: see `baseline power {model}`",
    "evidence_missing": "repair what is named, and replay again: finished work is found again",
}


def replay_lines(found: Replay, *, show_all: bool = False, searching: bool = False) -> list[str]:
    """The outcome first, then what each trial showed, then what to do.

    Args:
        found: What a replay found.
        show_all: Every verdict, and every package that moved.
        searching: The guilty package is being looked for already.
    """
    lines = [
        f"{WORDS[found.ending]}  {found.model} version {found.version}, {found.rows} rows",
        f"  {found.why}",
        "",
        "Environments",
        f"  {_environment(found.old)}",
        f"  {_environment(found.new)}",
        f"  {moved_words(found.moved, show_all=show_all)}",
    ]
    for trial in found.trials:
        lines += ["", *trial_lines(trial, show_all=show_all)]
    failed = [one for one in found.trials if one.how == "artifact" and one.ending == "reject" and one.contrast is None]
    anew = [one for one in found.trials if one.how == "retrained" and one.ending in {"accept", "accept_noted"}]
    kept = "lockfile" if found.versions_moved or not found.python_moved else "Python"
    still = all(one.difference is None or one.difference.identical for one in found.trials if one.how != "way_back")
    advice = NEXT[found.ending].format(
        model=found.model,
        kept=kept,
        search="" if searching else _search(found),
        moves="not a bit of the model moves" if still else "the model moves no more than from run to run",
    )
    if failed and anew:
        advice = "retrain under the new lockfile before taking it: trained anew the model is no worse"
    back = [one for one in found.trials if one.how == "way_back" and one.ending == "reject"]
    if back and found.ending != "reject":
        advice += "; a rollback of the lockfile needs the old model too, since the new one fails there"
    if found.variants is not None:
        lines += ["", *found.variants.lines()]
        advice += f"; {found.variants.advice()}"
    return [*lines, "", "Next", f"  {advice}"]


def _search(found: Replay) -> str:
    """Whether a search would say more than is known."""
    if not found.versions_moved:
        return ""
    what = "package" if found.versions_moved > 1 else "version"
    return f", or name the guilty {what}: the same with --bisect"


def _environment(seen: EnvironmentSeen) -> str:
    python = f"Python {seen.python}, " if seen.python else ""
    text = f"{seen.lock}: {python}{counted(seen.packages, 'package')}, environment {short(seen.key)}"
    if seen.left_out:
        text += f"; left out: {', '.join(seen.left_out[:8])}{' ...' if len(seen.left_out) > 8 else ''}"  # noqa: PLR2004  # a line
    if seen.beyond:
        text += f"; not in the lockfile, resolved beside it: {', '.join(seen.beyond[:8])}"
    return text
