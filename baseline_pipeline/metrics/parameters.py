"""What a metric may be told beside its name, and how it is said in one word when it was."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any, TypeGuard


@dataclass(frozen=True)
class Parameter:
    """One parameter of a metric; its default stands in the signature of the metric's `measure`.

    Attributes:
        accepts: in words.
        holds: whether a value is one of those.
        column: whether the value names a column, which is then kept with the scores.
        misfit: where the value names classes: from it, the names of the label's classes and whether the label has
            several (of two, the second is the positive one) to what is wrong with it, else "".
    """

    accepts: str
    holds: Callable[[object], bool]
    column: bool = False
    misfit: Callable[[Any, Sequence[str], bool], str] | None = None


def number(*, above: float = float("-inf"), below: float = float("inf")) -> Parameter:
    """A finite number strictly between two others.

    Example:
        >>> quantile = number(above=0, below=1)
        >>> quantile.accepts, quantile.holds(0.9), quantile.holds(1), quantile.holds(True)
        ('a number above 0 and below 1', True, False, False)
    """
    bounds = [f"{word} {bound:g}" for word, bound in (("above", above), ("below", below)) if isfinite(bound)]
    return Parameter(
        " ".join(["a number", " and ".join(bounds)]).strip(), lambda value: is_number(value) and above < value < below
    )


def whole(least: int) -> Parameter:
    """A whole number, `least` or more."""
    return Parameter(
        f"a whole number from {least} on",
        lambda value: isinstance(value, int) and not isinstance(value, bool) and value >= least,
    )


def one_of(*words: str) -> Parameter:
    """One of some words."""
    return Parameter(" | ".join(words), lambda value: value in words)


def column() -> Parameter:
    """The name of a column of the data."""
    return Parameter("the name of a column", lambda value: isinstance(value, str) and bool(value), column=True)


def is_number(value: object) -> TypeGuard[float]:
    """Whether a value is a finite number; a truth value is none."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and isfinite(value)


def check(
    metric: str,
    parameters: Mapping[str, Parameter],
    defaults: Mapping[str, object],
    given: Mapping[str, object],
) -> None:
    """Refuse what a metric does not take.

    Raises:
        ValueError: naming the metric, what stood there, and what it accepts.
    """
    for name, value in given.items():
        if name not in parameters:
            close = difflib.get_close_matches(name, parameters, n=1)
            hint = f"; did you mean {close[0]!r}?" if close else ""
            message = f"metric {metric!r} has no parameter {name!r}{hint}; accepted: {described(parameters, defaults)}"
            raise ValueError(message)
        if not parameters[name].holds(value):
            message = f"metric {metric!r}: {name} {value!r} stood here; accepted: {parameters[name].accepts}"
            raise ValueError(message)
    for name, parameter in parameters.items():
        if name not in given and name not in defaults:
            message = f"metric {metric!r} needs {name}: {parameter.accepts}"
            raise ValueError(message)


def described(parameters: Mapping[str, Parameter], defaults: Mapping[str, object]) -> str:
    """Every parameter with what it accepts and its default, on one line.

    Example:
        >>> described({"k": whole(1)}, {"k": 5}), described({}, {})
        ('k (a whole number from 1 on; default 5)', 'none')
    """
    words = []
    for name, parameter in parameters.items():
        default = "required" if name not in defaults else f"default {_text(defaults[name])}"
        words.append(f"{name} ({parameter.accepts}{'' if defaults.get(name, 0) is None else '; ' + default})")
    return ", ".join(words) or "none"


def displayed(metric: str, given: Mapping[str, object], defaults: Mapping[str, object]) -> str:
    """A metric's name with the parameters that are not its defaults, spelt as YAML spells them.

    Example:
        >>> displayed("f_beta", {"beta": 0.5}, {"beta": 2.0}), displayed("f_beta", {"beta": 2}, {"beta": 2.0})
        ('f_beta(beta=0.5)', 'f_beta')
        >>> displayed("f1", {"average": True}, {"average": "macro"})
        'f1(average=true)'
    """
    told = {name: value for name, value in given.items() if name not in defaults or defaults[name] != value}
    words = [f"{name}={_text(value)}" for name, value in sorted(told.items())]
    return f"{metric}({', '.join(words)})" if words else metric


def _text(value: object) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{name}: {_text(one)}" for name, one in sorted(value.items())) + "}"
    if is_number(value):
        return repr(float(value)).removesuffix(".0")
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else str(value)
