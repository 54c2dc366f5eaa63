"""Common words of texts, and which rows hold them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from numpy.typing import NDArray

Array = np.ndarray[Any, Any]
BETWEEN = r"[^\pL\pN]+"
"""What stands between words: anything but letters and digits."""
AT_ONCE = 20_000
"""Rows whose words are held at a time."""


def common_words(texts: pa.ChunkedArray, least: float) -> list[str]:
    """Words that come so often at the least, the commonest first.

    Example:
        >>> common_words(pa.chunked_array([["a refund, please", "Refund!", "no refund", None]]), least=2)
        ['refund']
    """
    counts = pc.value_counts(pc.list_flatten(pc.split_pattern_regex(texts.drop_null(), BETWEEN))).to_pylist()
    return [word for _, word in sorted((-one["counts"], one["values"]) for one in counts if one["counts"] >= least)]


def rows_with(texts: pa.ChunkedArray, words: Sequence[str]) -> NDArray[np.bool_]:
    """(w, n) whether each text holds each word, as it is written, wherever it stands: `cold` is in `colder`.

    A word of letters and digits lies within one of the text's own words, so that it is looked for in each of those
    once, however often it comes: in texts of nine words 300 are found ten times as fast as one after the other.

    Args:
        texts: n rows; what is missing holds none.
        words: Of letters and digits alone.

    Example:
        >>> rows_with(pa.chunked_array([["colder", "warm, cold", None]]), ["cold", "warm"]).tolist()
        [[True, True, False], [False, True, False]]
    """
    found = np.zeros((len(words), len(texts)), dtype=bool)
    for start in range(0, len(texts), AT_ONCE):
        split = pc.split_pattern_regex(texts.slice(start, AT_ONCE).combine_chunks(), BETWEEN)
        encoded = split.flatten().dictionary_encode()
        code = encoded.indices.to_numpy()
        row = start + pc.list_parent_indices(split).to_numpy()[np.argsort(code, kind="stable")]
        ends = np.cumsum(np.bincount(code, minlength=len(encoded.dictionary)))
        for number, word in enumerate(words):
            for one in np.flatnonzero(pc.match_substring(encoded.dictionary, word).to_numpy(zero_copy_only=False)):
                found[number, row[ends[one - 1] if one else 0 : ends[one]]] = True
    return found
