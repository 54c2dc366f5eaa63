"""Limits given at the gate, beside the contract's: `recall@carrier=EV:-1%`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Literal

from baseline_pipeline.comparison import ALL_ROWS, Cell, Comparison
from baseline_pipeline.errors import UsageError
from baseline_pipeline.records import Record

ACCEPTED = (
    "METRIC[@SLICE]:-1% (a loss relative to the champion), :-0.01 (in the metric's unit), :>=0.3 or :<=0.2 (of the "
    "candidate alone)"
)
_LIMIT = re.compile(r"(?P<sign>-|>=|<=)(?P<number>\d+(\.\d*)?|\.\d+)(?P<percent>%?)")


class Criterion(Record):
    """One limit."""

    text: str
    metric: str
    slice: str
    kind: Literal["relative", "absolute", "at_least", "at_most"]
    limit: float


class Checked(Record):
    """A limit, held against what was measured."""

    criterion: Criterion
    measured: float | None
    """The candidate's value, or its gain over the champion where the limit is one of loss."""
    passed: bool | None
    """`None` where it could not be measured."""
    why: str

    def words(self) -> str:
        """For people."""
        word = {True: "PASSED", False: "FAILED", None: "NOT EVALUATED"}[self.passed]
        return f"{word} {self.criterion.text}  {self.why}"


def read_criterion(text: str) -> Criterion:
    """Read a limit.

    Raises:
        UsageError: with what would be accepted.

    Example:
        >>> one = read_criterion("recall@carrier=EV:-1%")
        >>> one.metric, one.slice, one.kind, one.limit
        ('recall', 'carrier=EV', 'relative', 0.01)
    """
    place, _, limit = text.rpartition(":")
    metric, _, part = place.partition("@")
    found = _LIMIT.fullmatch(limit.strip())
    if found is None or not metric.strip() or (found["percent"] and found["sign"] != "-"):
        message = f"--fail {text!r} stood here"
        raise UsageError(message, next_step=f"accepted: {ACCEPTED}")
    number = float(found["number"])
    kind: Literal["relative", "absolute", "at_least", "at_most"] = "absolute"
    if found["percent"]:
        kind, number = "relative", number / 100
    elif found["sign"] != "-":
        kind = "at_least" if found["sign"] == ">=" else "at_most"
    return Criterion(text=text, metric=metric.strip(), slice=part.strip() or ALL_ROWS, kind=kind, limit=number)


def require_known(criteria: Iterable[Criterion], metrics: Sequence[str]) -> None:
    """Refuse limits on metrics that the contract does not measure.

    Raises:
        UsageError: with those that it does.
    """
    for one in criteria:
        if one.metric not in metrics:
            message = f"--fail {one.text!r}: the contract measures no {one.metric!r}"
            raise UsageError(message, next_step=f"metrics there: {', '.join(metrics)}")


def check(criteria: Iterable[Criterion], comparison: Comparison) -> tuple[Checked, ...]:
    """Hold limits against what was measured: point values, no error rates."""
    cells = [
        cell
        for contrast in sorted(comparison.contrasts, key=lambda one: one.moved != "model")
        if contrast.anchor_revision is None
        for cell in contrast.cells
    ]
    return tuple(_checked(one, cells) for one in criteria)


def _checked(one: Criterion, cells: Sequence[Cell]) -> Checked:
    cell = next((cell for cell in cells if (cell.metric, cell.slice) == (one.metric, one.slice)), None)
    if cell is None or cell.candidate is None or (cell.gain is None or cell.baseline is None):
        known = ", ".join(dict.fromkeys(cell.slice for cell in cells if cell.metric == one.metric)) or "none"
        why = f"not measured: {cell.note or 'no value'}" if cell else f"no such slice; there are {known}"
        return Checked(criterion=one, measured=None, passed=None, why=why)
    if one.kind in {"at_least", "at_most"}:
        good = cell.candidate >= one.limit if one.kind == "at_least" else cell.candidate <= one.limit
        sign = ">=" if one.kind == "at_least" else "<="
        return Checked(
            criterion=one, measured=cell.candidate, passed=good, why=f"{cell.candidate:.6g}, asked {sign} {one.limit:g}"
        )
    limit = one.limit * abs(cell.baseline) if one.kind == "relative" else one.limit
    why = f"{cell.baseline:.6g} -> {cell.candidate:.6g}, gain {cell.gain:+.6g}, allowed -{limit:.6g}"
    return Checked(criterion=one, measured=cell.gain, passed=cell.gain >= -limit, why=why)
