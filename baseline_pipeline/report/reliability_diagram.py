"""The reliability diagram: observed share against predicted probability, old and new."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from baseline_pipeline.report.svg import Axis, element

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from markupsafe import Markup

    from baseline_pipeline.report.reliability import CalibrationPoint
    from baseline_pipeline.report.story import CalibrationCurve

_ACROSS = Axis(0.0, 1.0, 11.0, 97.0)
_UPWARDS = Axis(0.0, 1.0, 90.0, 4.0)
_TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)


def reliability_diagram(curves: Sequence[CalibrationCurve]) -> Markup:
    """A square with one line per side; on the diagonal, what is predicted comes true.

    Source: Murphy and Winkler (1977), Reliability of subjective probability forecasts.
    """
    parts = [*_frame(), *(part for curve in curves for part in _curve(curve))]
    said = "Reliability diagram: " + "; ".join(f"{curve.side}: {_said(curve.points)}" for curve in curves)
    return element("svg", *parts, class_="square", width="100%", height="100%", role="img", aria_label=said)


def _frame() -> Iterator[Markup]:
    low, high, bottom, top = _ACROSS.percent(0.0), _ACROSS.percent(1.0), _UPWARDS.percent(0.0), _UPWARDS.percent(1.0)
    for value in _TICKS:
        across, up = _ACROSS.percent(value), _UPWARDS.percent(value)
        yield element("line", x1=across, x2=across, y1=bottom, y2=top, class_="grid")
        yield element("line", x1=low, x2=high, y1=up, y2=up, class_="grid")
        yield element("text", f"{value:g}", x=across, y="96%", text_anchor="middle", class_="tick")
        yield element("text", f"{value:g}", x="8.5%", y=up, dy=4, text_anchor="end", class_="tick")
    yield element("line", x1=low, y1=bottom, x2=high, y2=top, class_="reference")


def _curve(curve: CalibrationCurve) -> Iterator[Markup]:
    places = [(_ACROSS.percent(point.score), _UPWARDS.percent(point.observed), point) for point in curve.points]
    for (x1, y1, _), (x2, y2, _) in itertools.pairwise(places):
        yield element("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=f"path {curve.side}")
    for x, y, point in places:
        ends = {"y1": _UPWARDS.percent(point.low), "y2": _UPWARDS.percent(point.high)}
        yield element("line", x1=x, x2=x, **ends, class_=f"whisker {curve.side}")
        yield element("circle", cx=x, cy=y, r=3.5, class_=f"dot {curve.side}")


def _said(points: Sequence[CalibrationPoint]) -> str:
    if not points:
        return "no rows"
    widest = max(points, key=lambda point: abs(point.observed - point.score))
    return f"{len(points)} bins, furthest from the diagonal at {widest.score:.2f} with {widest.observed:.2f} observed"
