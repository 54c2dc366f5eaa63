"""An attribution: lines for a terminal, and bars with their intervals for a page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from baseline_pipeline.figures import bracketed, fixed, places
from baseline_pipeline.report.svg import Axis, axis_over, element
from baseline_pipeline.report.visible import visible

if TYPE_CHECKING:
    from markupsafe import Markup

    from baseline_pipeline.replay.attribution import Contribution, Shared

_HEIGHT = 26


def attribution_lines(found: Shared) -> list[str]:
    """A metric's change, then every cause with its share and interval; `*` marks those told apart from none.

    Parts of the whole are told in per cent where there is a whole, and no cause undoes what another does.
    """
    where = found.metric if found.slice == "all" else f"{found.metric}[{found.slice}]"
    decimals = _decimals(found)
    lines = [
        (
            f"{visible(where)}  {fixed(found.before, decimals)} -> {fixed(found.after, decimals)}  harm "
            f"{fixed(found.harm, decimals, signed=True)} {bracketed(found.interval, decimals, signed=True)}  "
            f"n={found.rows}"
        )
    ]
    told = [one for one in found.contributions if one.found]
    alike = found.interval[0] * found.interval[1] > 0 and all(0 < one.harm / found.harm <= 1 for one in told)
    for one in found.contributions:
        share = f"  {one.harm / found.harm:.0%}" if one.found and alike else ""
        lines.append(
            f"  {'*' if one.found else ' '} {one.factor:15} {fixed(one.harm, decimals, signed=True)} "
            f"{bracketed(one.interval, decimals, signed=True)}{share}"
        )
    return [*lines, *(f"    {one}" for one in interaction_lines(found))]


def interaction_lines(found: Shared) -> list[str]:
    """What two causes make together beyond what each makes alone, where that is told apart from none.

    With the decimals that show it: up to two more than the causes have.
    """
    least, lines = _decimals(found), []
    for pair in found.interactions:
        if pair.interval[0] * pair.interval[1] > 0:
            needed = places(min(abs(end) for end in pair.interval), 1)
            decimals = max(least, min(needed, least + 2))
            figures = f"{fixed(pair.harm, decimals, signed=True)} {bracketed(pair.interval, decimals, signed=True)}"
            lines.append(f"together, {' x '.join(pair.factors)}: {figures}")
    return lines


def attribution_bars(found: Shared) -> list[tuple[Contribution, str, Markup]]:
    """Every cause with its figures and its bar; harm to the right, its 95 % interval as a line through its end."""
    decimals = _decimals(found)
    ends = [0.0, found.harm, *(end for one in found.contributions for end in one.interval)]
    axis = axis_over(ends)
    return [
        (
            one,
            f"{fixed(one.harm, decimals, signed=True)} {bracketed(one.interval, decimals, signed=True)}",
            _bar(one, axis),
        )
        for one in found.contributions
    ]


def _bar(one: Contribution, axis: Axis) -> Markup:
    middle = _HEIGHT / 2
    start, end = sorted((float(axis.percent(0.0)[:-1]), float(axis.percent(one.harm)[:-1])))
    kind = "unchanged" if not one.found else "degraded" if one.harm > 0 else "improved"
    low, high = (axis.percent(end) for end in one.interval)
    said = f"{one.factor}: harm {one.harm:.4g}, from {one.interval[0]:.4g} to {one.interval[1]:.4g}"
    return element(
        "svg",
        element(
            "rect",
            x=f"{start:.2f}%",
            y=5,
            width=f"{max(end - start, 0.3):.2f}%",
            height=16,
            rx=2,
            opacity=0.45,  # its interval begins inside
            class_=f"bar {kind}",
        ),
        element("line", x1=axis.percent(0.0), x2=axis.percent(0.0), y1=0, y2=_HEIGHT, class_="zero"),
        element("line", x1=low, x2=high, y1=middle, y2=middle, class_=f"interval {kind}"),
        class_="plot",
        width="100%",
        height=_HEIGHT,
        role="img",
        aria_label=said,
    )


def _decimals(found: Shared) -> int:
    return places(max([abs(found.harm), *(abs(one.harm) for one in found.contributions)], default=0.0) or None, 3)
