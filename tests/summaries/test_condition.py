"""A condition selects the same rows by SQL as in memory."""

import numpy as np
import pyarrow as pa
import pytest

from baseline_pipeline.adapters.engines.duckdb import DuckDbEngine
from baseline_pipeline.errors import DataUnreadable
from baseline_pipeline.expression import Expression
from baseline_pipeline.summaries.condition import condition_sql

CONDITIONS = [
    "x > 0.5",
    "not x > 0.5",
    "x > 0.5 or is_null(x)",
    "-1 < x < y",
    "not -1 < x < y",
    "x / y > 2",
    "not x / y > 2",
    "y % 3 == 1",
    "-y % 3 == 1",
    "x * 2 + y - 1 <= 3",
    "word in ['a', \"it's\", 'b\\\\c']",
    "word not in ['a']",
    "not word in ['a']",
    "not (flag and y > 0)",
    "flag and x > 0 or word == 'a'",
    "y in [1, -2, 3.0]",
    "column('odd \"name') != 2",
    "x != x",
    "'t' in word",
    'not "\'" in word',
    "'a' not in word or length(word) == 3",
    "length(word) * 2 > y",
    "word > 'a'",
]


def table():
    rng = np.random.default_rng(4)
    n = 500
    x = rng.normal(0, 1, n)
    x[rng.random(n) < 0.1] = np.nan
    gaps = rng.random(n) < 0.15
    return pa.table(
        {
            "row": np.arange(n),
            "x": pa.array(x, mask=gaps),
            "y": pa.array(rng.integers(-4, 5, n), mask=rng.random(n) < 0.1),
            "word": pa.array(rng.choice(["a", "it's", "b\\c", ""], n), mask=rng.random(n) < 0.1),
            "flag": pa.array(rng.random(n) < 0.5, mask=rng.random(n) < 0.1),
            'odd "name': pa.array(rng.integers(0, 4, n)),
        }
    )


@pytest.mark.parametrize("text", CONDITIONS)
def test_the_same_rows(text):
    rows, engine, condition = table(), DuckDbEngine(1), Expression.parse(text)
    types = {field.name: field.type for field in rows.schema}
    with engine.named(rows) as relation:
        statement = f"SELECT row FROM {relation} WHERE {condition_sql(condition, types)} ORDER BY 1"
        found = engine.query(statement)["row"].to_pylist()

    assert found == np.flatnonzero(condition.mask(rows)).tolist()


def test_an_absent_column_is_named():
    with pytest.raises(DataUnreadable, match="there is no column 'z'; columns: x"):
        condition_sql(Expression.parse("z > 1"), {"x": pa.int64()})
