"""Which strayed columns are put back together: one after the other, and jointly where none of them helps alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from baseline_pipeline.replay.put_back import PutBack

Undone = Callable[[Sequence["PutBack"], Sequence["PutBack"]], tuple[float, bool]]
"""From columns that are put back already, and these with more, to the harm that goes, and whether it is told from none.
"""


def stepwise(ways: Mapping[str, Sequence[PutBack]], undone: Undone) -> list[PutBack]:
    """The columns that a metric is the better for, each beside the others.

    The best is put back first, then the best of what is left beside it, until none is told apart from chance. Two
    features that broke at once can hide each other: what is left is then put back all at once, and where that helps,
    those whose absence does no harm are taken out again, the least first.

    Args:
        ways: Of every feature, the ways to put it back.
        undone: The harm that goes.

    Source: Efroymson (1960), for forward selection with backward elimination.

    Example:
        >>> from baseline_pipeline.replay.put_back import PutBack
        >>> one, two, three = (PutBack(name, None, 9, "") for name in "abc")
        >>> def hidden(before, after):  # a and b hide each other, c is nothing
        ...     values = [float({"a", "b"} <= {each.feature for each in some}) for some in (before, after)]
        ...     return values[1] - values[0], values[1] > values[0]
        >>> [each.feature for each in stepwise({"a": [one], "b": [two], "c": [three]}, hidden)]
        ['a', 'b']
    """
    kept: list[PutBack] = []
    left = dict(ways)
    while left:
        tried = [(*undone(kept, [*kept, way]), way) for some in left.values() for way in some]
        helping = [(harm, way) for harm, found, way in tried if found and harm > 0]
        if not helping:
            return [*kept, *_jointly(kept, [(harm, way) for harm, _, way in tried], undone)]
        _, best = max(helping, key=lambda pair: pair[0])
        kept.append(best)
        del left[best.feature]
    return kept


def _jointly(kept: list[PutBack], tried: list[tuple[float, PutBack]], undone: Undone) -> list[PutBack]:
    """Those that help together, of what does not help alone; the best way of each is taken."""
    best: dict[str, PutBack] = {}
    for _, way in sorted(tried, key=lambda pair: -pair[0]):
        best.setdefault(way.feature, way)
    group = list(best.values())
    if len(group) < 2 or not _helps(undone(kept, [*kept, *group])):  # noqa: PLR2004  # one alone was tried
        return []
    for way in reversed(group.copy()):
        rest = [one for one in group if one is not way]
        if not _helps(undone([*kept, *rest], [*kept, *group])):
            group = rest
    return group


def _helps(undone: tuple[float, bool]) -> bool:
    harm, found = undone
    return found and harm > 0
