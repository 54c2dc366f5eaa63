"""What an attribution found, for a terminal and as a page."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

from baseline_pipeline.figures import counted
from baseline_pipeline.records import short
from baseline_pipeline.replay.attribution import WORDS
from baseline_pipeline.replay.decided import in_words
from baseline_pipeline.report.attribution import attribution_bars, attribution_lines, interaction_lines
from baseline_pipeline.report.html import page
from baseline_pipeline.report.stages import stages_lines
from baseline_pipeline.report.story import model_card
from baseline_pipeline.workbench.replays.feature_values import harm_texts
from baseline_pipeline.workbench.reporting import write_whole

if TYPE_CHECKING:
    from pathlib import Path

    from baseline_pipeline.contract import Contract
    from baseline_pipeline.workbench.replays.attributions import Attribution
    from baseline_pipeline.workbench.workbench import Workbench

MOST = 4
"""Metrics that a terminal shows unasked."""


def attributed_lines(found: Attribution, *, show_all: bool = False) -> list[str]:
    """The sentence first, then each metric's table, then what dropped out."""
    about = f"decision {short(found.decision)}" if found.decision else "the present state"
    lines = [f"{found.model}, {about}: {found.sentence}", ""]
    shown = found.shared if show_all else found.shared[:MOST]
    for one in shown:
        lines += attribution_lines(one)
        lines += [f"    {words}" for words in [in_words(one, found.decided)] if words]
    if len(shown) < len(found.shared):
        more = counted(len(found.shared) - len(shown), "more metric or slice", "more metrics and slices")
        lines.append(f"{more} (--all shows them)")
    lines += [f"not measured: {name}: {why}" for name, why in found.unmeasured.items()]
    if found.features:
        lines += ["", "Whose changed values did it (the share of each, on the rows that both sides hold)"]
        features = found.features if show_all else found.features[:MOST]
        for each, figures in zip(features, harm_texts(features), strict=True):
            told = "*" if each.found else " "
            lines.append(f"  {told} {each.feature}: {figures} of {each.metric}, {counted(each.rows, 'row')} changed")
    for factor, compared in found.stages.items():
        lines += [
            "",
            f"Within the model, with {WORDS[factor]} alone new",
            *(f"  {one}" for one in stages_lines(compared)),
        ]
    if found.variants is not None:
        lines += ["", *found.variants.lines()]
    if found.dropped:
        lines += ["", "Not among the causes", *(f"  {facet}: {why}" for facet, why in found.dropped.items())]
    return [*lines, "", "Next", f"  {found.advice}"]


def attributed_html(contract: Contract, found: Attribution) -> str:
    """The same as one page with bars."""
    story = SimpleNamespace(card=model_card(contract))
    return page(
        "attribution.html",
        story=story,
        found=found,
        shared=found.shared,
        bars=attribution_bars,
        lines=attribution_lines,
        together=interaction_lines,
        stages=stages_lines,
        rows_seen=in_words,
        features=zip(found.features, harm_texts(found.features), strict=True),
    )


def write_attribution(bench: Workbench, contract: Contract, found: Attribution) -> Path:
    """Write the page below the home, and say where it is."""
    name = f"{short(found.decision) if found.decision else short(found.candidate)}-why.html"
    path = bench.settings.home / "reports" / contract.name / name
    write_whole(path, attributed_html(contract, found))
    return path
