"""Lines that fit a terminal, whatever script they are written in."""

from __future__ import annotations

import re
import unicodedata


def columns(text: str) -> int:
    """How many terminal columns a text takes: wide characters two, combining marks none.

    Source: Unicode Standard Annex 11, East Asian Width.

    Example:
        >>> columns("EV"), columns("東京"), columns("e\u0301")
        (2, 4, 1)
    """
    return sum(_columns(character) for character in text)


def wrap(text: str, width: int, *, indent: str = "", hanging: str | None = None) -> list[str]:
    """A text broken at blanks into lines of at most `width` columns; longer words are cut.

    Args:
        text: One paragraph, without control characters.
        width: Columns, at least ten more than the indents.
        indent: What the first line starts with.
        hanging: What the others start with; as many blanks where it is left out.

    Example:
        >>> wrap("gain -0.045  margin 0.030", 16, indent="* ")
        ['* gain -0.045', '  margin 0.030']
    """
    hanging = " " * columns(indent) if hanging is None else hanging
    lines, line = [], indent
    for blank, word in re.findall(r"(\s*)(\S+)", text):
        started = line not in {indent, hanging}
        if started and columns(line + blank + word) > width:
            lines.append(line)
            line, started = hanging, False
        pieces = _cut(word, max(width - max(columns(line), columns(hanging)), 1))
        line += (blank if started else "") + pieces[0]
        for piece in pieces[1:]:
            lines.append(line)
            line = hanging + piece
    return [*lines, line.rstrip()]


def _columns(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1


def _cut(word: str, room: int) -> list[str]:
    if columns(word) <= room:
        return [word]
    pieces, piece, taken = [], "", 0
    for character in word:
        needed = _columns(character)
        if piece and taken + needed > room:
            pieces.append(piece)
            piece, taken = "", 0
        piece, taken = piece + character, taken + needed
    return [*pieces, piece]
