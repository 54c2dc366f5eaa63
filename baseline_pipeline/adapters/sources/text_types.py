"""Types of text columns, found from how every value is spelled."""

from __future__ import annotations

from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc


class Spelling(NamedTuple):
    """A type, and the spelling (a regular expression) that every value must have to be of it."""

    type: pa.DataType
    pattern: str


_DAY, _CLOCK = r"\d{4}-\d\d-\d\d", r"[ T]\d\d:\d\d(:\d\d(\.\d{1,6})?)?"
_ZONE = r"(Z|[+-]\d\d(:?\d\d)?)"

SPELLINGS = (
    Spelling(pa.int64(), r"^-?(0|[1-9]\d{0,18})$"),
    Spelling(pa.float64(), r"^-?((0|[1-9]\d*)(\.\d*)?|\.\d+)([eE][+-]?\d+)?$|^-?(inf|Infinity)$|^(nan|NaN)$"),
    Spelling(pa.bool_(), r"^(true|True|TRUE|false|False|FALSE)$"),
    Spelling(pa.date32(), f"^{_DAY}$"),
    Spelling(pa.timestamp("us"), f"^{_DAY}{_CLOCK}$"),
    Spelling(pa.timestamp("us", "UTC"), f"^{_DAY}{_CLOCK}{_ZONE}$"),
)
WIDE_INTEGER = r"^-?\d{16,}$"


def typed(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    """The column in the first type of `SPELLINGS` that every value is spelled as; text otherwise.

    Numbers have no leading zero and no plus sign, so a column with `007` or `+49` anywhere stays
    text. Integers are exact; those beyond 64 bits, or beyond 53 bits among decimal fractions, leave
    the column a text. Naive timestamps stay naive and are taken as UTC further on; others become
    UTC. A column of nothing but empty fields has type null. An empty text in quotes is null where
    the other values make the column something else than text.

    Example:
        >>> [str(typed(pa.chunked_array([c])).type) for c in (["1", ""], ["1", "2.5"], ["1", "007"], ["NA", "1"])]
        ['int64', 'double', 'string', 'string']
    """
    if texts.null_count == len(texts):
        return pa.chunked_array([pa.nulls(len(texts))]) if len(texts) else texts
    filled = pc.if_else(pc.equal(texts, ""), pa.scalar(None, pa.string()), texts)
    sample = filled.drop_null()
    for spelling in SPELLINGS if len(sample) else ():
        if _spelled(sample, spelling):
            try:
                return filled.cast(spelling.type)
            except pa.ArrowInvalid:  # spelled like it, and still none: 2013-02-30, or 9999999999999999999
                return texts
    return texts


def _spelled(values: pa.ChunkedArray, spelling: Spelling) -> bool:
    if not pc.match_substring_regex(values[:1], spelling.pattern)[0].as_py():
        return False  # most columns are told by their first value
    if not pc.all(pc.match_substring_regex(values, spelling.pattern)).as_py():
        return False
    return spelling.type != pa.float64() or not pc.any(pc.match_substring_regex(values, WIDE_INTEGER)).as_py()
