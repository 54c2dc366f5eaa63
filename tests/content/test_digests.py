import datetime as dt
import hashlib
import json
import math
import struct

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from baseline_pipeline.content import canonical, content_digest, row_contents, rows_digest, sort_by_row_id
from baseline_pipeline.errors import DataUnreadable

CELLS = {
    "count": (pa.int64(), st.integers(-(2**63), 2**63 - 1)),
    "small": (pa.int32(), st.integers(-5, 5)),
    "share": (pa.float64(), st.floats()),
    "carrier": (pa.string(), st.text(max_size=4)),
    "late": (pa.bool_(), st.booleans()),
    "day": (pa.date32(), st.dates()),
    "at": (pa.timestamp("us", "UTC"), st.datetimes(timezones=st.just(dt.UTC))),
    "fare": (pa.decimal128(9, 2), st.decimals(-1000, 1000, places=2)),
    "raw": (pa.binary(), st.binary(max_size=3)),
}
QUICK = settings(max_examples=60, deadline=None)


@st.composite
def tables(draw):
    rows = draw(st.integers(1, 7))
    columns = {"id": pa.array(range(rows), pa.int64())}
    for name, (kind, cell) in CELLS.items():
        values = draw(st.lists(st.none() | cell, min_size=rows, max_size=rows))
        columns[name] = pa.array(values, kind)
    return pa.table(columns)


def shuffled(draw, table):
    rows = draw(st.permutations(range(table.num_rows)))
    names = draw(st.permutations(table.column_names))
    cut = draw(st.integers(0, table.num_rows))
    moved = table.take(pa.array(rows, pa.int64())).select(names)
    return pa.concat_tables([moved.slice(0, cut), moved.slice(cut)])


def spelled(cell):
    if isinstance(cell, float):
        return "NaN" if math.isnan(cell) else repr(cell + 0.0)
    return repr(cell)


def spelled_table(table):
    columns = sorted(table.column_names)
    kinds = [str(table.schema.field(name).type) for name in columns]
    return json.dumps([columns, kinds, [[spelled(row[name]) for name in columns] for row in table.to_pylist()]])


def digest(table):
    return content_digest(sort_by_row_id(table, ["id"], "test"))


@QUICK
@given(st.data(), tables())
def test_the_order_of_rows_and_columns_and_chunks_does_not_count(data, table):
    moved = shuffled(data.draw, table)

    assert digest(moved) == digest(table)
    assert rows_digest(moved) == rows_digest(table)


@QUICK
@given(tables(), tables())
def test_digests_are_equal_exactly_when_tables_are_spelled_equally(one, other):
    same = spelled_table(one) == spelled_table(other)

    assert (content_digest(one) == content_digest(other)) == same


@QUICK
@given(st.data(), tables())
def test_any_changed_cell_changes_the_digest_and_the_content_of_its_row_only(data, table):
    name = data.draw(st.sampled_from(sorted(CELLS)))
    row = data.draw(st.integers(0, table.num_rows - 1))
    kind, cell = CELLS[name]
    cells = table.column(name).to_pylist()
    new = pa.array([data.draw(st.none() | cell)], kind)[0].as_py()
    assume(spelled(new) != spelled(cells[row]))
    cells[row] = new
    changed = table.set_column(table.column_names.index(name), name, pa.array(cells, kind))
    moved = row_contents(changed, changed.column_names) != row_contents(table, table.column_names)

    assert digest(changed) != digest(table)
    assert rows_digest(changed) != rows_digest(table)
    assert moved.tolist() == [index == row for index in range(table.num_rows)]


@QUICK
@given(st.data(), tables())
def test_contents_do_not_depend_on_chunks_and_a_rows_not_on_other_rows(data, table):
    names = table.column_names
    whole = row_contents(table, names)
    alone = [row_contents(table.slice(row, 1), names)[0] for row in range(table.num_rows)]
    cut = data.draw(st.integers(0, table.num_rows))
    chunked = pa.concat_tables([table.slice(0, cut), table.slice(cut)])

    assert whole.tolist() == alone
    assert row_contents(chunked, names).tolist() == alone
    assert content_digest(chunked) == content_digest(table)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (pa.array(["a", None]), pa.array(["a", None], pa.large_string())),
        (pa.array(["a", None]), pa.array(["a", None]).dictionary_encode()),
        (pa.array(["a", None]), pa.array(["a", None], pa.string_view())),
        (pa.array([0.0, math.nan]), pa.array([-0.0, -math.nan])),
        (pa.array(["a", "b", None, "c"]), pa.array(["x", "a", "b", None, "c"])[1:]),
        (pa.array([True, None, False]), pa.array([False, True, None, False])[1:]),
        (pa.array([b"a"], pa.binary()), pa.array([b"a"], pa.large_binary())),
    ],
)
def test_the_same_values_in_another_encoding_have_the_same_digest(one, other):
    assert content_digest(pa.table({"x": one})) == content_digest(pa.table({"x": other}))
    assert row_contents(pa.table({"x": one}), ["x"]).tolist() == row_contents(pa.table({"x": other}), ["x"]).tolist()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (pa.array([1], pa.int32()), pa.array([1], pa.int64())),
        (pa.array([1.0]), pa.array([1])),
        (pa.array([None], pa.float64()), pa.array([math.nan])),
        (pa.array([None], pa.float64()), pa.array([0.0])),
        (pa.array([None], pa.string()), pa.array([""])),
        (pa.array(["ab", "c"]), pa.array(["a", "bc"])),
        (pa.array([0], pa.timestamp("us")), pa.array([0], pa.timestamp("us", "UTC"))),
        (pa.array([1, None, 2]), pa.array([1, 2, None])),
    ],
)
def test_another_type_or_null_or_boundary_is_another_digest(one, other):
    assert content_digest(pa.table({"x": one})) != content_digest(pa.table({"x": other}))


def test_a_renamed_column_is_another_digest():
    assert content_digest(pa.table({"x": [1]})) != content_digest(pa.table({"y": [1]}))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (pa.array([5, -7]), pa.array([5.0, -7.0])),
        (pa.array([5, -7], pa.int16()), pa.array([5, -7], pa.int64())),
        (pa.array([2**53 + 2]), pa.array([float(2**53 + 2)])),
        (pa.array([0, 86_400], pa.timestamp("s")), pa.array([0, 1], pa.date32())),
        (pa.array([1500], pa.timestamp("ms")), pa.array([1_500_000_000], pa.timestamp("ns"))),
    ],
)
def test_a_rows_content_counts_numbers_and_times_by_value(one, other):
    assert row_contents(pa.table({"x": one}), ["x"]).tolist() == row_contents(pa.table({"x": other}), ["x"]).tolist()


def slow_mix(word):
    word = (word + 0x9E3779B97F4A7C15) % 2**64
    word = (word ^ (word >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
    word = (word ^ (word >> 27)) * 0x94D049BB133111EB % 2**64
    return word ^ (word >> 31)


def slow_text(text):
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")


def slow_cell(cell):
    if cell is None:
        return slow_mix(int.from_bytes(b"null", "big"))
    if isinstance(cell, str):
        return slow_text(cell)
    if math.isnan(cell):
        return slow_mix(int.from_bytes(b"nan", "big"))
    if math.isfinite(cell) and cell == int(cell) and abs(cell) < 2**63:
        return slow_mix(int(cell) % 2**64 ^ slow_mix(2 if cell < 0 else 1))
    return slow_mix(int.from_bytes(struct.pack(">d", cell), "big") ^ slow_mix(3))


def slow_row_content(row):
    state = 0
    for name, cell in row.items():
        state = slow_mix(state ^ slow_mix((slow_cell(cell) + slow_text(name)) % 2**64))
    return state


@QUICK
@given(tables())
def test_a_rows_content_agrees_with_the_arithmetic_written_out_cell_by_cell(table):
    chosen = table.select(["share", "carrier", "small", "late"])
    slow = [slow_row_content(row) for row in chosen.to_pylist()]

    assert row_contents(chosen, chosen.column_names).tolist() == slow


def test_a_rows_content_is_the_same_on_every_machine_and_in_every_release():
    table = pa.table({"x": [1, -1, None], "y": [0.5, math.nan, None], "z": ["", "é", None]})

    assert row_contents(table, ["x", "y", "z"]).tolist() == [
        5965820532812587137,
        7773398115950520693,
        9446043341575241872,
    ]


def test_whole_numbers_beyond_53_bits_stay_apart():
    contents = row_contents(pa.table({"x": [2**53, 2**53 + 1, 2**63 - 1, -(2**63)]}), ["x"])

    assert len(set(contents.tolist())) == 4


def test_a_million_near_values_do_not_collide():
    table = pa.table({"x": np.arange(1_000_000), "y": np.arange(1_000_000) % 7})

    assert len(np.unique(row_contents(table, ["x", "y"]))) == 1_000_000


def test_swapping_the_values_of_two_columns_is_seen():
    table = pa.table({"x": [1, 2], "y": [2, 1]})

    assert len(set(row_contents(table, ["x", "y"]).tolist())) == 2


@pytest.mark.parametrize(
    ("days", "words"),
    [
        (
            ["2026-10-01", "2026-10-30", "2026-10-30", "2026-10-31", "2026-10-31"],
            "they are of 2026-10-30 to 2026-10-31",
        ),
        (["2026-10-01", "2026-10-30", "2026-10-30", "2026-10-30", "2026-10-30"], "they are of 2026-10-30"),
        ([None] * 5, "one of them: '2'"),
    ],
)
def test_rows_that_are_repeated_say_from_when_to_when_they_are(days, words):
    table = pa.table({"id": [1, 2, 2, 3, 3], "day": pa.array(days, pa.string())})
    with pytest.raises(DataUnreadable) as raised:
        sort_by_row_id(table, ["id"], "test", "day")

    assert raised.value.message.endswith(words)


@pytest.mark.parametrize(
    ("table", "words"),
    [
        (pa.table([[1], [2]], names=["x", "x"]), "column 'x' stands there 2 times"),
        (pa.table({"x": [[1, 2]]}), "column 'x' is list"),
        (pa.table({"x": [{"a": 1}]}), "column 'x' is struct"),
    ],
)
def test_tables_without_a_canonical_form_are_refused(table, words):
    with pytest.raises(DataUnreadable, match=words):
        canonical(table)


def test_an_empty_table_has_a_digest_and_no_rows():
    empty = pa.table({"id": pa.array([], pa.int64()), "x": pa.array([], pa.string())})

    assert len(content_digest(sort_by_row_id(empty, ["id"], "test"))) == 64
    assert len(row_contents(empty, ["id", "x"])) == 0
