"""Text from anywhere, made safe to show: nothing in it moves the cursor or hides."""

from __future__ import annotations

import re
import unicodedata

_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
_LATIN_1, _BASIC_PLANE = 0xFF, 0xFFFF
_CREDENTIALS = re.compile(r"(?<=://)[^/\s'\"]*@")


def visible(text: str) -> str:
    r"""The text with control, format and direction-changing characters spelled out.

    A line break, a terminal escape and a right-to-left override each become `\xNN` or `\uNNNN`, so that
    one value stays one piece of one line and reads in the order it was stored. Applying it twice
    changes nothing more.

    Source: Unicode general categories Cc, Cf, Cs, Co, Zl and Zp (Unicode Standard, chapter 4.5).

    Example:
        >>> visible("EV\x1b[2J")
        'EV\\x1b[2J'
        >>> visible("plain text, naïve 東京")
        'plain text, naïve 東京'
    """
    return "".join(_spelled(character) for character in text)


def _spelled(character: str) -> str:
    if unicodedata.category(character) not in _UNSEEN:
        return character
    code = ord(character)
    if code <= _LATIN_1:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= _BASIC_PLANE else f"\\U{code:08x}"


def without_credentials(uri: str) -> str:
    """A URI without the user and password it may carry: reports are passed on, secrets are not.

    Example:
        >>> without_credentials("postgresql://ana:secret@db.example/mlflow")
        'postgresql://db.example/mlflow'
        >>> without_credentials("https://t0ken@tracking.example")
        'https://tracking.example'
    """
    return _CREDENTIALS.sub("", uri)
