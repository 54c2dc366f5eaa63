"""Numbers as text: as many decimals as the question needs, and a word where there is no number."""

from __future__ import annotations

import math

MISSING = "not measured"
_DEFAULT_PLACES, _MOST_PLACES = 4, 9
_LONGEST = 1e9
_SMALLEST_P = 0.001


def counted(count: float, thing: str, things: str = "") -> str:
    """How many of something there are: the word stands in the singular for one alone.

    Args:
        count: How many.
        thing: What one is called.
        things: What several are called, where that is more than an s.

    Example:
        >>> counted(1, "row"), counted(0, "row"), counted(2, "person", "people")
        ('1 row', '0 rows', '2 people')
    """
    return f"{count} {thing if count == 1 else things or f'{thing}s'}"


def places(scale: float | None, digits: int = 2) -> int:
    """Decimals that show so many significant digits of a number of this size.

    Example:
        >>> places(0.03), places(0.005), places(12.0), places(None)
        (3, 4, 0, 4)
    """
    if scale is None or not math.isfinite(scale) or scale == 0:
        return _DEFAULT_PLACES
    return min(max(digits - 1 - math.floor(math.log10(abs(scale))), 0), _MOST_PLACES)


def fixed(value: float | None, decimals: int = _DEFAULT_PLACES, *, signed: bool = False) -> str:
    """A number with a fixed count of decimals; never a minus before a zero, never `nan`.

    Example:
        >>> fixed(-0.0451, 3, signed=True), fixed(-0.0001, 3, signed=True), fixed(None), fixed(float("nan"))
        ('-0.045', '0.000', 'not measured', 'not measured')
    """
    if value is None or not math.isfinite(value):
        return MISSING
    if abs(value) >= _LONGEST:
        return f"{value:+.6g}" if signed else f"{value:.6g}"
    text = f"{value:+.{decimals}f}" if signed else f"{value:.{decimals}f}"
    return text if float(text) else f"{0:.{decimals}f}"


def bracketed(interval: tuple[float, float] | None, decimals: int, *, signed: bool = False) -> str:
    """An interval as `[low, high]`, or nothing where there is none.

    Example:
        >>> bracketed((-0.061, -0.029), 3, signed=True)
        '[-0.061, -0.029]'
    """
    if interval is None or not all(map(math.isfinite, interval)):
        return ""
    low, high = (fixed(end, decimals, signed=signed) for end in interval)
    return f"[{low}, {high}]"


def p_text(p: float | None) -> str:
    """A p-value with its sign of comparison: `=0.002`, `<0.001`; empty where there is none.

    Example:
        >>> p_text(0.0021), p_text(1e-9), p_text(None)
        ('=0.002', '<0.001', '')
    """
    if p is None or not math.isfinite(p):
        return ""
    return f"={p:.3f}" if p >= _SMALLEST_P else f"<{_SMALLEST_P}"


def about(number: int) -> int:
    """A needed number, up to three digits and never below it: what is estimated is no surer.

    Example:
        >>> about(560734), about(1000001), about(183), about(999999)
        (561000, 1010000, 183, 1000000)
    """
    unit: int = 10 ** max(len(str(number)) - 3, 0)
    return -(-number // unit) * unit


def count(number: int | None) -> str:
    """A whole number with its thousands apart.

    Example:
        >>> count(29425), count(None)
        ('29,425', 'not measured')
    """
    return MISSING if number is None else f"{number:,}"
