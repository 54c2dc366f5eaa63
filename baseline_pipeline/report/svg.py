"""Drawings as SVG elements whose every attribute and text is escaped."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from markupsafe import Markup

from baseline_pipeline.figures import fixed, places
from baseline_pipeline.report.visible import visible

if TYPE_CHECKING:
    from baseline_pipeline.verdicts import Verdict

_SHAPES: dict[str, str] = {
    "degraded": "M0 -6.5L6.5 0L0 6.5L-6.5 0Z",
    "improved": "M0 -6L6 5L-6 5Z",
    "unchanged": "M-4.5 0A4.5 4.5 0 1 0 4.5 0A4.5 4.5 0 1 0 -4.5 0Z",
    "inconclusive": "M-4.5 0A4.5 4.5 0 1 0 4.5 0A4.5 4.5 0 1 0 -4.5 0Z",
    "not_evaluated": "M-4 -4L4 4M-4 4L4 -4",
    "left": "M0 -5L-7 0L0 5Z",
    "right": "M0 -5L7 0L0 5Z",
}


def element(name: str, *children: str | Markup, **attributes: object) -> Markup:
    """One element; a trailing `_` of an attribute's name is dropped, others become `-`.

    Example:
        >>> element("text", "<b>", class_="tick", text_anchor="end")
        Markup('<text class="tick" text-anchor="end">&lt;b&gt;</text>')
    """
    spelled = Markup().join(
        Markup(' {}="{}"').format(key.rstrip("_").replace("_", "-"), visible(str(value)))
        for key, value in attributes.items()
    )
    content = Markup().join(child if isinstance(child, Markup) else visible(child) for child in children)
    return Markup("<{0}{1}>{2}</{0}>").format(name, spelled, content)


def mark(shape: Verdict | str, x: str, y: str) -> Markup:
    """A verdict's shape at a place: colour is never the only sign.

    Args:
        shape: A verdict, or `left` and `right` for what lies outside the axis.
        x: Its centre, in percent or pixels.
        y: Its centre, likewise.
    """
    return element("svg", element("path", d=_SHAPES[shape]), x=x, y=y, overflow="visible", class_=f"mark {shape}")


@dataclass(frozen=True)
class Axis:
    """A range of values laid along a drawing.

    Attributes:
        low: the value at `start`.
        high: the value at `end`, above `low`.
        start: percent of the drawing's width or height.
        end: likewise.
    """

    low: float
    high: float
    start: float = 2.0
    end: float = 98.0

    def percent(self, value: float) -> str:
        """Where a value stands; values outside stand at the end they are nearest to.

        Example:
            >>> Axis(-1.0, 1.0, 0.0, 100.0).percent(0.5)
            '75.00%'
        """
        share = min(max((value - self.low) / (self.high - self.low), 0.0), 1.0)
        return f"{self.start + share * (self.end - self.start):.2f}%"

    def holds(self, value: float) -> bool:
        """Whether a value lies on the axis."""
        return self.low <= value <= self.high

    def ticks(self, most: int = 5) -> tuple[tuple[float, str], ...]:
        """Round values on the axis, with their texts.

        Example:
            >>> [text for _, text in Axis(-0.013, 0.021).ticks()]
            ['-0.01', '0.00', '0.01', '0.02']
        """
        raw = (self.high - self.low) / most
        magnitude = 10.0 ** math.floor(math.log10(raw))
        step = next(factor * magnitude for factor in (1, 2, 5, 10) if factor * magnitude >= raw * (1 - 1e-9))
        first, last = math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9)
        return tuple((number * step, fixed(number * step, places(step, 1))) for number in range(first, last + 1))


def axis_over(values: list[float], start: float = 2.0, end: float = 98.0) -> Axis:
    """An axis that holds all values with a little room; around one value it is made wide enough to see."""
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    room = (high - low) * 0.06 or max(abs(low) * 0.05, 1e-9)
    return Axis(low - room, high + room, start, end)
