"""Columns cut into parts that slices are made of: categories, quartiles, and words in texts."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from baseline_pipeline.arrow_numbers import numeric
from baseline_pipeline.slices import level_names
from baseline_pipeline.summaries.arrays import doubles
from baseline_pipeline.text_words import common_words, rows_with

if TYPE_CHECKING:
    import pyarrow as pa

Array = np.ndarray[Any, Any]
LEVELS, BINS = 20, 4
LEAST_ROWS = 50
WORDS, LETTERS = 300, 3
"""Words of a text column that are tried, the commonest first, and how long they are at least."""
READ = 20_000
"""Rows, spread evenly, whose words are counted."""


@dataclass(frozen=True)
class Axis:
    """One column cut into parts, or the rows whose text holds a word.

    Attributes:
        column: Its name.
        part: (n,) number of the part of each row; -1 where it is in none.
        words: What each part is called.
        is_word: Whether its one part is the rows whose text holds a word.
    """

    column: str
    part: Array
    words: tuple[str, ...]
    is_word: bool = False


def axes(columns: pa.Table) -> tuple[Axis, ...]:
    """Every column cut into parts: categories as they are, numbers at their quartiles, missing by itself.

    A text that is hardly ever the same twice is cut by its length, at quartiles, and by the words in it, each by
    itself: as they are written, wherever they stand, which is what a condition `'refund' in body` says. A name, in
    which no word is common, is not cut.

    Args:
        columns: n rows; at most the twenty commonest values of a column are parts.
    """
    return tuple(axis for name in columns.column_names for axis in _axes(name, columns.column(name)))


def _axes(name: str, column: pa.ChunkedArray) -> Iterator[Axis]:
    import pyarrow as pa
    import pyarrow.compute as pc

    distinct = pc.count_distinct(column).as_py()
    if numeric(column.type) and distinct > LEVELS:
        yield _quartiles(name, column)
    elif 1 < distinct <= max(column.length() // LEAST_ROWS, LEVELS):
        yield _values(name, column)
    elif pa.types.is_string(column.type) and distinct > 1:
        words = list(_words(name, column))
        yield from [_quartiles(f"length({name})", pc.utf8_length(column)), *words] if words else []


def _values(name: str, column: pa.ChunkedArray) -> Axis:
    import pyarrow.compute as pc

    texts = pc.fill_null(level_names(column), "(missing)").combine_chunks().dictionary_encode()
    codes = texts.indices.to_numpy(zero_copy_only=False)
    words = [f"{name}={value}" for value in texts.dictionary.to_pylist()]
    commonest = np.argsort(-np.bincount(codes, minlength=len(words)), kind="stable")[:LEVELS]
    renumbered = np.full(len(words), -1)
    renumbered[commonest] = np.arange(len(commonest))
    return Axis(name, renumbered[codes], tuple(words[number] for number in commonest))


def _quartiles(name: str, column: pa.ChunkedArray) -> Axis:
    values = doubles(column)
    there = np.isfinite(values)
    edges = np.unique(np.quantile(values[there], np.arange(1, BINS) / BINS)) if there.any() else np.array([])
    part = np.where(there, np.searchsorted(edges, values, side="left"), len(edges) + 1)
    ends = [f"{edge:.4g}" for edge in edges]
    between = [f"{low} < {name} <= {high}" for low, high in itertools.pairwise(ends)]
    words = [f"{name} <= {ends[0]}", *between, f"{name} > {ends[-1]}"] if ends else [f"{name} is a number"]
    return Axis(name, part, (*words, f"{name} is missing"))


def _words(name: str, column: pa.ChunkedArray) -> Iterator[Axis]:
    """The commonest words that neither hardly any nor nearly all rows hold."""
    import pyarrow as pa

    some = column.take(pa.array(np.arange(0, len(column), max(len(column) // READ, 1))))
    few = 2 * LEAST_ROWS
    words = [word for word in common_words(some, few * len(some) / len(column)) if len(word) >= LETTERS][:WORDS]
    for word, holds in zip(words, rows_with(column, words), strict=True):
        if few <= np.count_nonzero(holds) <= len(column) - few:
            part = holds.view(np.int8)
            part -= 1  # in place: 300 words of a million rows are 300 MB
            yield Axis(name, part, (f"'{word}' in {name}",), is_word=True)
