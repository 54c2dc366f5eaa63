"""From what moved to what did it: the fewest packages that show a difference, and the version where it begins."""

from __future__ import annotations

from collections.abc import Callable, Sequence

Differs = Callable[[frozenset[str]], "bool | None"]
"""Whether a combination shows the difference; `None` where it cannot be built."""
Ahead = Callable[[int], None]
"""Told before a combination is asked about how many there are still to come, this one counted."""


def _nobody(_left: int) -> None:
    """Nobody asks."""


def fewest(
    changed: Sequence[str], differs: Differs, suspects: Sequence[str] = (), ahead: Ahead = _nobody
) -> frozenset[str]:
    """A smallest set of changes that shows the difference: none of its members can be left out.

    Args:
        changed: All that moved; together they show it, and none of them does not.
        differs: Asked about combinations, each at most once.
        suspects: Tried by themselves first.
        ahead: Told the most that are still to come if one change alone does it.

    Source: Zeller and Hildebrandt (2002), Simplifying and isolating failure-inducing input, IEEE TSE 28(2), `ddmin`.

    Example:
        >>> guilty = {"b", "f"}
        >>> sorted(fewest("abcdefgh", lambda some: guilty <= some))
        ['b', 'f']
        >>> sorted(fewest("abc", lambda some: "c" in some if len(some) != 1 else None))
        ['b', 'c']
    """
    asked: dict[frozenset[str], bool | None] = {frozenset(changed): True, frozenset(): False}

    def shows(some: frozenset[str], left: int) -> bool:
        if some not in asked:
            ahead(max(left, 1))
            asked[some] = differs(some)
        return asked[some] is True

    tried = [one for one in suspects if one in changed]
    for number, one in enumerate(tried):
        if shows(frozenset([one]), len(tried) - number + _halvings(len(changed))):
            return frozenset([one])
    left, parts = list(changed), 2
    while len(left) > 1:
        size = -(-len(left) // parts)
        chunks = [frozenset(left[start : start + size]) for start in range(0, len(left), size)]
        most = len(chunks) + _halvings(size)
        smaller = next((one for number, one in enumerate(chunks) if shows(one, most - number)), None)
        if smaller is not None:
            left, parts = [one for one in left if one in smaller], 2
            continue
        rest = next((frozenset(left) - one for one in chunks if shows(frozenset(left) - one, most)), None)
        if rest is not None and len(chunks) > 2:  # noqa: PLR2004  # of two halves the rest is the other half
            left, parts = [one for one in left if one in rest], max(parts - 1, 2)
        elif size == 1:
            break
        else:
            parts = min(2 * parts, len(left))
    return frozenset(left)


def _halvings(size: int) -> int:
    """The most that is asked about until one of so many is found: both halves, again and again."""
    return 2 * max(size - 1, 0).bit_length()


def first_that_differs(
    versions: Sequence[str], differs: Callable[[str], bool | None], ahead: Ahead = _nobody
) -> tuple[str, str]:
    """Two neighbouring versions between which the difference begins; those that cannot be built are passed over.

    Args:
        versions: In order; the first does not show it, the last does.
        differs: Asked about versions in between; `None` where one cannot be built.
        ahead: Told the most that are still to come if all can be built.

    Example:
        >>> first_that_differs(["1.5", "1.6", "1.7", "1.8", "1.9"], lambda one: one >= "1.9")
        ('1.8', '1.9')
        >>> first_that_differs(["1.5", "1.6", "1.7"], lambda one: None)
        ('1.5', '1.7')
    """
    known = list(versions)
    low, high = 0, len(known) - 1
    while high - low > 1:
        between = sorted(range(low + 1, high), key=lambda place: abs(2 * place - low - high))
        for place in between:
            ahead(len(between).bit_length())
            found = differs(known[place])
            if found is not None:
                low, high = (low, place) if found else (place, high)
                break
        else:
            break
    return known[low], known[high]
