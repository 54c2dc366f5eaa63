"""A condition selects the same rows by SQL as in memory."""

import numpy as np
import pyarrow as pa
import pytest

from baseline_pipeline.adapters.engines.duckdb import DuckDbEngine
from baseline_pipeline.errors import DataUnreadable
from baseline_pipeline.expression import Expression
from baseline_pipeline.summaries.condition import condition_sql
from baseline_pipeline.summaries.dialect import Dialect

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
    "day < '2026-05-10'",
    "not '2026-05-03' <= day < '2026-05-10'",
    "day in ['2026-05-04', '2026-05-05T00:00']",
    "day not in ['2026-05-04']",
    "at >= '2026-05-10T12:00'",
    "at > '2026-05-10T12:00:00+02:00' and not at == '2026-05-11'",
    "zoned <= '2026-05-10T12:00+02:00'",
    "zoned < '2026-05-10' or zoned >= '9999-12-31'",
    "fine < '9999-12-31' and fine > '0001-01-01'",
    "fine <= '2026-05-10'",
    "x < 1e400 and not x < -1e400",
    "1e400 > y >= -1e400",
    "y in [1e400, 1]",
    f"y < {10**60} and x > -{10**60}",
    "-flag < y",
]


def table():
    rng = np.random.default_rng(4)
    n = 500
    x = rng.normal(0, 1, n)
    x[rng.random(n) < 0.1] = np.nan
    gaps = rng.random(n) < 0.15
    at = np.datetime64("2026-05-01", "us") + rng.integers(0, 40, n) * np.timedelta64(12, "h")
    late = rng.random(n) < 0.1
    return pa.table(
        {
            "row": np.arange(n),
            "x": pa.array(x, mask=gaps),
            "y": pa.array(rng.integers(-4, 5, n), mask=rng.random(n) < 0.1),
            "word": pa.array(rng.choice(["a", "it's", "b\\c", ""], n), mask=rng.random(n) < 0.1),
            "flag": pa.array(rng.random(n) < 0.5, mask=rng.random(n) < 0.1),
            "day": pa.array(at.astype("datetime64[D]"), mask=late),
            "at": pa.array(at, mask=late),
            "zoned": pa.array(at, pa.timestamp("us", "America/New_York"), mask=late),
            "fine": pa.array(at.astype("datetime64[ns]") + np.timedelta64(1, "ns"), mask=late),
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


@pytest.mark.parametrize(
    "text",
    [
        "x > 'a'",
        "y == '1'",
        "y in ['a']",
        "word > 3",
        "word in [3]",
        "word > x",
        "flag == 'true'",
        "not word",
        "y and flag",
        "-word > 2",
        "'a' in y",
        "length(y) > 2",
        "hour > '07:00'",
        "pair == 1",
        "'a' in mark",
        "day > hour",
    ],
)
def test_types_that_do_not_go_together_are_refused_in_the_words_of_rows_at_hand(text):
    one = {"hour": pa.array([0], pa.time64("us")), "pair": [[1, 2]], "mark": [b"a"]}
    some = table().slice(0, 1)
    rows, condition = pa.table(dict(zip(some.column_names, some.columns, strict=True)) | one), Expression.parse(text)
    with pytest.raises(ValueError, match="types do not go with it") as at_hand:
        condition.mask(rows)
    with pytest.raises(DataUnreadable) as counted:
        condition_sql(condition, {field.name: field.type for field in rows.schema})
    assert counted.value.message == f"condition {at_hand.value}"
    assert "texts with texts" in counted.value.next_step


def test_columns_of_other_types_are_asked_whether_they_are_there():
    rows = pa.table({"pair": [[1, 2], None], "hour": pa.array([None, 1], pa.time32("s"))})
    asked = Expression.parse("is_null(pair) and not is_null(hour)")

    assert asked.mask(rows).tolist() == [False, True]


@pytest.mark.parametrize("text", ["day < 'soon'", "day < 3"])
def test_a_day_beside_something_else_is_refused(text):
    with pytest.raises(DataUnreadable, match=r"types do not go with it.*accepted: .*'2026-05-10'"):
        condition_sql(Expression.parse(text), {"day": pa.date32()})


def test_times_of_another_engine_have_its_types():
    types = {"at": pa.timestamp("us"), "zoned": pa.timestamp("us", "UTC")}
    dialect = Dialect(time="TIMESTAMP_NTZ", zoned="TIMESTAMP")

    assert condition_sql(
        Expression.parse("at < '2026-05-10' and zoned < '2026-05-10T12:00+02:00'"), types, dialect
    ) == (
        "((\"at\" < CAST('2026-05-10T00:00:00.000000' AS TIMESTAMP_NTZ))"
        " AND (\"zoned\" < CAST('2026-05-10T10:00:00.000000+00:00' AS TIMESTAMP)))"
    )
