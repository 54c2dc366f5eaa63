"""Classes by their names: a class that appears anew moves the numbers of others, never their names."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from baseline_pipeline.metrics.parameters import is_number

if TYPE_CHECKING:
    from baseline_pipeline.metrics.outcomes import Outcomes


def class_name(value: object) -> str:
    """What a class is called, wherever its value comes from: a label, the contract, or what a model says.

    Example:
        >>> class_name("cat"), class_name(3), class_name(3.0), class_name(True)
        ('cat', '3', '3', 'true')
    """
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def names_of(outcomes: Outcomes) -> tuple[str, ...]:
    """The names of the classes by their numbers; classes without names are called by their numbers."""
    count = 2 if outcomes.classes is None else outcomes.classes
    return outcomes.class_names or tuple(map(str, range(count)))


def numbered_alike(*outcomes: Outcomes) -> tuple[Outcomes, ...]:
    """All with the same numbers for the same classes: a number is a place among the classes of one set of rows.

    A class that some of them do not know has the probability 0 there.

    Example:
        >>> from baseline_pipeline.metrics.outcomes import Outcomes
        >>> one = Outcomes(np.array([0, 1]), np.array([0, 1]), classes=2, class_names=("ant", "dog"))
        >>> other = Outcomes(np.array([0, 1]), np.array([0, -1]), classes=2, class_names=("cat", "dog"))
        >>> one, other = numbered_alike(one, other)
        >>> other.class_names, one.label.tolist(), other.label.tolist(), other.prediction.tolist()
        (('ant', 'cat', 'dog'), [0, 2], [1, 2], [1, -1])
    """
    if any(one.classes is None for one in outcomes) or len({one.class_names for one in outcomes}) == 1:
        return outcomes
    names = tuple(sorted({name for one in outcomes for name in names_of(one)}))
    return tuple(_numbered(one, names) for one in outcomes)


def _numbered(outcomes: Outcomes, names: tuple[str, ...]) -> Outcomes:
    place = np.array([names.index(name) for name in names_of(outcomes)] + [-1])  # the last for predictions of none
    score = outcomes.score
    if score is not None:
        score = np.zeros((len(outcomes), len(names)), dtype=score.dtype)
        score[:, place[:-1]] = outcomes.score
    label, prediction = place[outcomes.label], place[outcomes.prediction]
    return replace(outcomes, label=label, prediction=prediction, score=score, classes=len(names), class_names=names)


def unknown(name: object, names: Sequence[str], also: Sequence[str] = ()) -> str:
    """The complaint about a name that no class has.

    Args:
        name: What stood there.
        names: Those of the classes.
        also: Words accepted beside them.

    Example:
        >>> unknown("cta", ["bird", "cat"], ["macro"])
        "'cta' is no class; did you mean 'cat'? accepted: macro, or a class by its label: bird, cat"
        >>> unknown(False, ["true"])
        'false is no class; accepted: a class by its label: true'
    """
    near = difflib.get_close_matches(class_name(name), [*names, *also], n=1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    words = "".join(f"{word}, " for word in also) + ("or " if also else "")
    stood = repr(name) if isinstance(name, str) else class_name(name)
    return f"{stood} is no class; {hint}accepted: {words}a class by its label: {', '.join(names)}"


def is_matrix(value: object) -> bool:
    """Whether a value is square: costs by label and prediction, named alike, or a list of lists."""
    if isinstance(value, dict):
        return len(value) > 1 and all(
            isinstance(row, dict) and row.keys() == value.keys() and all(map(is_number, row.values()))
            for row in value.values()
        )
    rows = value if isinstance(value, list) else []
    return len(rows) > 1 and all(
        isinstance(row, list) and len(row) == len(rows) and all(map(is_number, row)) for row in rows
    )
