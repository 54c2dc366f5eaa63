"""One self-contained HTML file per decision and per model: no script, no network, light and dark."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from markupsafe import Markup

from baseline_pipeline import figures
from baseline_pipeline.records import digest_of, short
from baseline_pipeline.report import criticality, lineage, outcome
from baseline_pipeline.report.concern import concern
from baseline_pipeline.report.drift_bar import drift_bar
from baseline_pipeline.report.findings import model_findings
from baseline_pipeline.report.forest_plot import forest_plots
from baseline_pipeline.report.leanings import leaning_bars
from baseline_pipeline.report.reliability_diagram import reliability_diagram
from baseline_pipeline.report.svg import element
from baseline_pipeline.report.trajectory_plot import trajectory_plot
from baseline_pipeline.report.visible import visible, without_credentials

if TYPE_CHECKING:
    from jinja2 import Environment

    from baseline_pipeline.report.story import DecisionStory, ModelStory

_UTC = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)", re.ASCII)


def decision_html(story: DecisionStory) -> str:
    """A decision's report as one HTML file that opens offline.

    Every value is escaped, with control characters spelled out; the page may load nothing (its
    Content-Security-Policy says so) and runs no script.
    """
    return (
        _environment()
        .get_template("decision.html")
        .render(
            story=story,
            decision=story.decision,
            decision_digest=digest_of(story.decision.body()),
            evaluations=lineage.evaluations_in_order(story),
            steps=lineage.lineage(story),
            facets=lineage.facet_rows(story),
            doubts=lineage.doubts(story),
            findings=lineage.environment_findings(story),
            commands=lineage.commands(story),
            facts=lineage.machine_facts(story),
            measured=lineage.measured(story),
            learned=lineage.learned(story),
        )
    )


def model_html(story: ModelStory) -> str:
    """A model's report as one HTML file: its baseline, its primaries over time, its decisions."""
    return _environment().get_template("model.html").render(story=story)


def page(template: str, **told: object) -> str:
    """Any other page of ours, by its template's name."""
    return _environment().get_template(template).render(**told)


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("baseline_pipeline.report"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    words = {
        "about": figures.about,
        "bracketed": figures.bracketed,
        "concern": concern,
        "count": figures.count,
        "counted": figures.counted,
        "critical": criticality.most_critical_first,
        "drift_bar": drift_bar,
        "fixed": figures.fixed,
        "forest_plots": forest_plots,
        "headline": outcome.headline,
        "leaning_bars": leaning_bars,
        "model_findings": model_findings,
        "moment": _moment,
        "next_step": outcome.next_step,
        "p_text": figures.p_text,
        "places": figures.places,
        "reliability_diagram": reliability_diagram,
        "short": short,
        "standing": outcome.standing,
        "tally": criticality.tally,
        "tone": outcome.tone,
        "trajectory_plot": trajectory_plot,
        "with_code": _with_code,
        "without_credentials": without_credentials,
    }
    environment.globals.update(words)
    return environment


def _moment(at: str) -> str:
    """A UTC time as people read it, to the second; anything else stays as it is."""
    return f"{at[:10]} {at[11:19]}" if _UTC.fullmatch(at) else at


def _with_code(text: str) -> Markup:
    """A text whose parts between backticks are set as code."""
    pieces = text.split("`")
    return Markup().join(element("code", piece) if n % 2 else visible(piece) for n, piece in enumerate(pieces))


def _shown(value: object) -> object:
    if isinstance(value, Markup):
        return value
    return figures.MISSING if value is None else visible(str(value))
