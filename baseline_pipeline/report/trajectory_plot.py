"""A metric over the evaluations of a model, with the baseline's revisions marked."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from baseline_pipeline.figures import MISSING, counted, fixed, places
from baseline_pipeline.report.svg import Axis, axis_over, element, mark

if TYPE_CHECKING:
    from collections.abc import Iterator

    from markupsafe import Markup

    from baseline_pipeline.report.story import Trajectory, TrajectoryPoint

_HEIGHT = 210


def trajectory_plot(trajectory: Trajectory) -> Markup:
    """Values with 95 % intervals in the order they were measured, evenly apart.

    A diamond is an evaluation that became the baseline, the dashed line the value of the standing revision. An
    evaluation without a value is a cross at the foot, and breaks the line.
    """
    points = trajectory.points
    known = [v for point in points for v in (point.value, point.low, point.high) if v is not None]
    up, across = axis_over(known, 84.0, 8.0), Axis(0.0, max(len(points) - 1.0, 1.0), 11.0, 97.0)
    parts = [*_frame(up), *_standing(up, points), *_path(up, across, points), *_points(up, across, points)]
    for index in {0, len(points) - 1} if points else ():
        anchor = "start" if index == 0 else "end"
        edge = across.percent(index)
        parts.append(element("text", points[index].at[:10], x=edge, y="97%", text_anchor=anchor, class_="tick"))
    said = f"{trajectory.metric} over {counted(len(points), 'evaluation')}; {_last(points)}"
    return element("svg", *parts, class_="trajectory", width="100%", height=_HEIGHT, role="img", aria_label=said)


def _frame(up: Axis) -> Iterator[Markup]:
    for value, text in up.ticks(4):
        at = up.percent(value)
        yield element("line", x1="9%", x2="98%", y1=at, y2=at, class_="grid")
        yield element("text", text, x="8.2%", y=at, dy=4, text_anchor="end", class_="tick")


def _standing(up: Axis, points: tuple[TrajectoryPoint, ...]) -> Iterator[Markup]:
    standing = max((point for point in points if point.revision), key=lambda one: one.revision or 0, default=None)
    if standing is not None and standing.value is not None:
        at = up.percent(standing.value)
        yield element("line", x1="9%", x2="98%", y1=at, y2=at, class_="reference")


def _path(up: Axis, across: Axis, points: tuple[TrajectoryPoint, ...]) -> Iterator[Markup]:
    for index, (one, two) in enumerate(itertools.pairwise(points)):
        if one.value is not None and two.value is not None:
            ends = {"x1": across.percent(index), "x2": across.percent(index + 1)}
            yield element("line", **ends, y1=up.percent(one.value), y2=up.percent(two.value), class_="path candidate")


def _points(up: Axis, across: Axis, points: tuple[TrajectoryPoint, ...]) -> Iterator[Markup]:
    for index, point in enumerate(points):
        x = across.percent(index)
        if point.value is None:
            yield mark("not_evaluated", x, "86%")
            continue
        if point.low is not None and point.high is not None:
            ends = {"y1": up.percent(point.low), "y2": up.percent(point.high)}
            yield element("line", x1=x, x2=x, **ends, class_="whisker candidate")
        y = up.percent(point.value)
        if point.revision is None:
            yield element("circle", cx=x, cy=y, r=3.5, class_="dot candidate")
        else:
            yield element(
                "svg",
                element("path", d="M0 -6.5L6.5 0L0 6.5L-6.5 0Z"),
                x=x,
                y=y,
                overflow="visible",
                class_="mark revision",
            )
            yield element("text", f"r{point.revision}", x=x, y=y, dx=9, dy=-7, class_="revision-name")


def _last(points: tuple[TrajectoryPoint, ...]) -> str:
    if not points or points[-1].value is None:
        return f"the last one {MISSING}"
    low, high = points[-1].low, points[-1].high
    decimals = places((high - low) / 2 if low is not None and high is not None else None)
    return f"the last one {fixed(points[-1].value, decimals)}"
