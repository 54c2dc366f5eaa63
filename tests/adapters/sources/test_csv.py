import datetime as dt
import math

import pyarrow as pa
import pytest

from baseline_pipeline.adapters.sources.csv import csv_source, parse
from baseline_pipeline.errors import DataUnreadable


def column(*cells):
    return parse([("a.csv", ("x,row\n" + "".join(f"{cell},0\n" for cell in cells)).encode())]).column("x")


@pytest.mark.parametrize(
    ("cells", "kind", "values"),
    [
        (["1", "-2", ""], pa.int64(), [1, -2, None]),
        (["9007199254740993", "-9223372036854775808"], pa.int64(), [2**53 + 1, -(2**63)]),
        (["9007199254740993", ""], pa.int64(), [2**53 + 1, None]),
        (["9999999999999999999"], pa.string(), ["9999999999999999999"]),
        (["9007199254740993", "0.5"], pa.string(), ["9007199254740993", "0.5"]),
        (["1", "2.5", "-1e-3", ".5"], pa.float64(), [1.0, 2.5, -0.001, 0.5]),
        (["007", "1"], pa.string(), ["007", "1"]),
        (["1", "007"], pa.string(), ["1", "007"]),
        (["1.5", "-00.5"], pa.string(), ["1.5", "-00.5"]),
        (["+49", "1"], pa.string(), ["+49", "1"]),
        (["0x1F", "1"], pa.string(), ["0x1F", "1"]),
        (["NA", "null", "", "N/A"], pa.string(), ["NA", "null", None, "N/A"]),
        (["1", "NA"], pa.string(), ["1", "NA"]),
        (['""', "a"], pa.string(), ["", "a"]),
        (['""', '"1"'], pa.int64(), [None, 1]),
        (["true", "False"], pa.bool_(), [True, False]),
        (["2013-01-31", ""], pa.date32(), [dt.date(2013, 1, 31), None]),
        (["2013-02-30"], pa.string(), ["2013-02-30"]),
        (["2013-01-31 10:00"], pa.timestamp("us"), [dt.datetime(2013, 1, 31, 10)]),  # noqa: DTZ001  # naive on purpose
        (["2013-01-31T10:00:00+02:00"], pa.timestamp("us", "UTC"), [dt.datetime(2013, 1, 31, 8, tzinfo=dt.UTC)]),
        (["2013-01-31T10:00Z", "2013-01-31T10:00"], pa.string(), ["2013-01-31T10:00Z", "2013-01-31T10:00"]),
        (["", ""], pa.null(), [None, None]),
        (['"a,b"', '"two\nlines"', '"a ""word"""'], pa.string(), ["a,b", "two\nlines", 'a "word"']),
    ],
)
def test_a_columns_type_follows_from_how_all_its_values_are_spelled(cells, kind, values):
    found = column(*cells)

    assert found.type == kind
    assert found.to_pylist() == values


def test_nan_and_infinity_are_numbers_and_not_null():
    nan, infinity, number = column("nan", "-inf", "1").to_pylist()

    assert math.isnan(nan)
    assert (infinity, number) == (-math.inf, 1.0)


def test_a_leading_zero_on_the_last_of_many_lines_keeps_the_column_text():
    found = column(*map(str, range(1, 200_000)), "007")

    assert found.type == pa.string()
    assert found[-1].as_py() == "007"


def test_a_type_is_found_over_all_files_together():
    table = parse([("a.csv", b"x\n1\n"), ("b.csv", b"x\n2.5\n")])

    assert table.column("x").to_pylist() == [1.0, 2.5]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"a,b\n1,2\n3\n4,5\n", r"f\.csv:3: 1 field, and the header has 2"),
        (b"a,b\n1,2\n3,4,5\n", r"f\.csv:3: 3 fields, and the header has 2"),
        (b"a,b\n1,2\n3", r"f\.csv:3: 1 field, and the header has 2"),
        (b'a,b\n1,"x\ny"\n\n3\n', r"f\.csv:5: 1 field, and the header has 2"),
        (b'a,b\n1,2\n3,"4\n5,6\n', r"f\.csv:3: unexpected end of data"),
        (b"a,b\n1,2\n3,\xff\n", r"f\.csv:3: byte 0xff is not UTF-8"),
        (b"a,b,a\n1,2,3\n", r"f\.csv:1: column 'a' stands there 2 times; header: a, b, a"),
        (b"a,,b\n1,2,3\n", r"f\.csv:1: a column has no name"),
        (b'"a,b\n1,2\n', r"f\.csv:"),
    ],
)
def test_a_broken_file_is_refused_with_its_line(content, words):
    with pytest.raises(DataUnreadable, match=words) as raised:
        parse([("f.csv", content)])

    assert raised.value.next_step


def test_files_with_other_headers_are_named_column_by_column():
    with pytest.raises(DataUnreadable) as raised:
        parse([("a.csv", b"id,gust\n1,2\n"), ("b.csv", b"id,wind_gust\n1,2\n")])

    assert "a.csv and b.csv do not share a schema" in raised.value.message
    assert "column gust: gone (nearest new: wind_gust)" in raised.value.message


@pytest.mark.parametrize("content", [b"\xef\xbb\xbfa,b\r\n1,2\r\n", b"a,b\n1,2", b"\na,b\n\n1,2\n\n", b"b,a\n2,1\n"])
def test_marks_line_ends_blank_lines_and_column_order_do_not_count(content):
    assert parse([("f.csv", content)]).to_pydict() == {"a": [1], "b": [2]}


def test_a_header_without_rows_is_a_table_without_rows():
    assert parse([("f.csv", b"a,b\n")]).num_rows == 0


def test_an_empty_file_counts_as_being_written(tmp_path):
    (tmp_path / "f.csv").touch()

    assert csv_source("f.csv", tmp_path).state().status == "being_written"
