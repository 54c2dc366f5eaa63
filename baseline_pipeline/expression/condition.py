"""Conditions over columns, read by a whitelist: never `eval`."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from baseline_pipeline.expression.reading import names, read
from baseline_pipeline.expression.rows import column_of, truth_of

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Expression:
    """A condition that selects rows.

    Example:
        >>> storm = Expression.parse("precip > 0.1 and origin in ['EWR', 'JFK']")
        >>> storm.columns()
        ['precip', 'origin']
        >>> storm.mask(pa.table({"precip": [0.2, None, 0.3], "origin": ["EWR", "EWR", "LGA"]})).tolist()
        [True, False, False]

        A row that is not known to be a storm is not known to be none:

        >>> Expression.parse("not precip > 0.1").mask(pa.table({"precip": [0.2, None, 0.0]})).tolist()
        [False, False, True]
        >>> Expression.parse("__import__('os')")
        Traceback (most recent call last):
        ValueError: "__import__('os')": `__import__('os')` at column 1 is not accepted; accepted: columns, numbers, \
texts, + - * / %, comparisons, `in [...]`, `'word' in column`, length(column), and, or, not, is_null(column), \
column('odd name')
    """

    text: str
    tree: ast.expr

    @classmethod
    def parse(cls, text: str) -> Expression:
        """Read a condition.

        Raises:
            ValueError: naming the position, what stood there, and what is accepted.
        """
        return cls(text.strip(), read(text))

    def columns(self) -> list[str]:
        """The columns it reads, each once, in the order they appear."""
        found = names(self.tree)
        return list(dict.fromkeys(name for _, name in sorted(found)))

    def mask(self, table: pa.Table) -> Array:
        """The rows that satisfy it, (n,) bool; a missing value satisfies nothing but `is_null`.

        Raises:
            ValueError: when a column is absent or types do not go together, naming the condition.
        """
        columns = {name: column_of(self.text, table, name) for name in self.columns()}
        try:
            truth = truth_of(self.tree, columns)
        except TypeError as error:
            message = f"{self.text!r}: the columns' types do not go with it: {error}"
            raise ValueError(message) from error
        return np.broadcast_to(np.asarray(truth.holds, dtype=bool), table.num_rows).copy()
