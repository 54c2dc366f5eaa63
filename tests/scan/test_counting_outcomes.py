"""What is counted in this process is what SQL counts, row for row."""

import subprocess
import sys
from queue import SimpleQueue
from threading import Event

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from baseline_pipeline.adapters.engines import parquet_counting
from baseline_pipeline.adapters.engines.duckdb import DuckDbEngine
from baseline_pipeline.adapters.engines.parquet_counting import _batches, _counted, columns_of, outcomes_of
from baseline_pipeline.summaries.counting_outcomes import MOST_LEAVES, TooManyLeaves
from baseline_pipeline.summaries.engine import column_summaries
from baseline_pipeline.summaries.grid import Grid
from baseline_pipeline.summaries.outcome import summarise_outcomes
from baseline_pipeline.summaries.outcome_plan import Cut, OutcomePlan


class BySql(DuckDbEngine):
    """DuckDB, asked for everything by SQL."""

    def counted(self, rows, grids):
        return {}

    def counted_outcomes(self, rows, plan):
        return None


COUNTING, ASKING = DuckDbEngine(2), BySql(2)
PLAN = OutcomePlan(
    task="binary_classification",
    label="y",
    score="p",
    positive="1",
    threshold=0.4,
    values=("word", "flag", "whole"),
    cuts=(Cut(column="x", parts=3, edges=(-0.5, 0.5)),),
)
odd = st.one_of(st.none(), st.floats(allow_nan=True, allow_infinity=True, width=32))
rows = st.lists(
    st.tuples(
        st.sampled_from([None, 0, 1, 2]),
        st.one_of(odd, st.floats(0, 1)),
        st.sampled_from([None, "a", "", "ü'\"", "None"]),
        st.sampled_from([None, True, False]),
        st.sampled_from([None, -1, 0, 7]),
        st.one_of(odd, st.sampled_from([-0.5, 0.5, 0.0])),
    ),
    max_size=60,
)
TYPES = {
    "y": pa.int64(),
    "p": pa.float64(),
    "word": pa.string(),
    "flag": pa.bool_(),
    "whole": pa.int32(),
    "x": pa.float32(),
}


def table_of(given_rows):
    columns = list(zip(*given_rows, strict=True)) or [()] * len(TYPES)
    return pa.table({name: pa.array(one, kind) for (name, kind), one in zip(TYPES.items(), columns, strict=True)})


def summed(engine, source, plan):
    with engine.named(source) as relation:
        return summarise_outcomes(engine, source, relation, plan)


def same(one, other):
    assert one.unlabelled == other.unlabelled
    assert one.cells.num_rows == other.cells.num_rows
    for name in one.cells.column_names:
        mine, others = one.cells[name].to_pylist(), other.cells[name].to_pylist()
        assert mine == (pytest.approx(others, rel=1e-12) if isinstance((mine or [0])[0], float) else others), name


@settings(deadline=None, max_examples=150)
@given(rows)
def test_outcomes_are_those_of_the_sql_whatever_the_values(given_rows):
    table = table_of(given_rows)

    same(summed(COUNTING, table, PLAN), summed(ASKING, table, PLAN))


@pytest.mark.parametrize("threshold", [0.0, 0.3337, 0.5, 1.0])
def test_decisions_are_those_of_the_sql_wherever_in_a_bin_the_threshold_lies(threshold):
    near = np.nextafter(threshold, [0.0, threshold, 1.0])
    score = [*near, 0.0, 1.0, 0.3336, 0.3338, -0.1, 1.1, float("nan"), float("inf"), None]
    table = table_of([(label, p, "a", True, 3, 0.1) for p in score for label in (0, 1)])
    plan = PLAN.model_copy(update={"threshold": threshold})

    same(summed(COUNTING, table, plan), summed(ASKING, table, plan))


@pytest.mark.parametrize("label", ["numbers", "truth values", "texts"])
def test_files_of_many_row_groups_are_counted_as_by_sql(tmp_path, label):
    rng = np.random.default_rng(4)
    for part in range(3):
        number = rng.integers(0, 2, 20_000)
        made = {"numbers": number, "truth values": number == 1, "texts": np.where(number == 1, "yes", "no")}
        table = pa.table(
            {
                "y": pa.array(made[label], mask=rng.random(20_000) < 0.01),
                "p": rng.random(20_000).round(3),
                "word": pa.array(rng.choice(["b", "a", "c"][: part + 1], 20_000)).dictionary_encode(),
                "flag": rng.random(20_000) < 0.5,
                "whole": rng.integers(0, 4, 20_000),
                "x": pa.array(rng.normal(0, 1, 20_000), mask=rng.random(20_000) < 0.1),
            }
        )
        pq.write_table(table, tmp_path / f"{part}.parquet", row_group_size=3_000)
    positive = {"numbers": "1", "truth values": "true", "texts": "yes"}[label]
    plan = PLAN.model_copy(update={"positive": positive})
    found = summed(COUNTING, str(tmp_path), plan)
    grids = {"word": None, "flag": None, "whole": None, "y": None}
    with ASKING.named(str(tmp_path)) as relation:
        asked = column_summaries(ASKING, str(tmp_path), relation, grids)

    assert outcomes_of(str(tmp_path), plan, 2) is not None
    same(found, summed(ASKING, str(tmp_path), plan))
    assert columns_of(str(tmp_path), grids, 2) == asked


def test_more_leaves_than_a_dense_table_is_good_for_are_left_to_sql():
    count = 4 * MOST_LEAVES
    table = table_of([(number % 2, 0.3, f"w{number}", True, 1, 0.0) for number in range(count)])

    assert outcomes_of(table, PLAN, 1) is None
    assert summed(COUNTING, table, PLAN).cells.num_rows == count


def test_dictionaries_too_large_to_number_their_combinations_are_left_to_sql():
    names = [f"n{number}" for number in range(70_000)]
    place = {"w": np.arange(20) % 10 + 69_990, "v": np.full(20, 69_999), "u": np.full(20, 69_999)}
    texts = {name: pa.DictionaryArray.from_arrays(pa.array(one, pa.int32()), names) for name, one in place.items()}
    table = pa.table({"y": [0, 1] * 10, "p": [0.3] * 20, **texts, "t": texts["u"]})
    plan = OutcomePlan(task=PLAN.task, label="y", score="p", positive="1", values=("w", "v", "u", "t"))

    same(summed(COUNTING, table, plan), summed(ASKING, table, plan))


def test_a_label_that_its_dictionary_says_is_missing_is_no_label():
    label = pa.DictionaryArray.from_arrays(pa.array([0, 1, 2, None], pa.int32()), pa.array(["1", None, "0"]))
    table = table_of([(1, 0.5, "a", True, 3, 0.1)] * 4).set_column(0, "y", label)

    assert summed(COUNTING, table, PLAN).unlabelled == 2
    same(summed(COUNTING, table, PLAN), summed(ASKING, table, PLAN))


def test_files_that_differ_in_a_type_are_left_to_sql(tmp_path):
    for part, kind in enumerate((pa.int32(), pa.float64())):
        table = table_of([(1, 0.5, "a", True, 3, 0.1)] * 5)
        pq.write_table(table.set_column(4, "whole", table["whole"].cast(kind)), tmp_path / f"{part}.parquet")

    assert outcomes_of(str(tmp_path), PLAN, 2) is None
    assert columns_of(str(tmp_path), {"whole": None, "word": None}, 2).keys() == {"word"}
    assert summed(COUNTING, str(tmp_path), PLAN).rows == 10


def test_a_column_of_many_categories_is_left_to_sql():
    table = pa.table({"name": [f"n{number}" for number in range(20_000)], "few": ["a", None] * 10_000})
    counted = columns_of(table, {"name": None, "few": None}, 1)

    assert counted.keys() == {"few"}
    assert (counted["few"].counts, counted["few"].nulls) == ({"a": 10_000}, 10_000)


def test_no_thread_reads_on_once_another_has_given_up(tmp_path):
    path = tmp_path / "rows.parquet"
    pq.write_table(pa.table({"x": range(100)}), path, row_group_size=10)
    waiting, failed = SimpleQueue(), Event()
    for group in range(10):
        waiting.put(([(str(path), [group])], ["x"]))
    reading = _batches(waiting, ["x"], failed)
    first = next(reading)
    failed.set()

    assert first.num_rows == 10
    assert list(reading) == []


def test_small_row_groups_and_files_are_counted_together(tmp_path, monkeypatch):
    """Each by itself, they would cost several times as much."""
    for part in range(7):
        words = [f"w{part}-{one % 5}" for one in range(100)]
        x = pa.array(range(100 * part, 100 * part + 100), pa.int32() if part == 6 else pa.int64())
        pq.write_table(pa.table({"x": x, "word": words}), tmp_path / f"{part}.parquet", row_group_size=9)

    def batches():
        return _counted(str(tmp_path), [["x", "word"]], 1, list)[0]

    rows = pa.Table.from_batches([one.cast(pa.schema([("x", "int64"), ("word", "string")])) for one in batches()])

    assert rows.column("x").to_pylist() == list(range(700))
    assert rows.column("word").to_pylist()[98:102] == ["w0-3", "w0-4", "w1-0", "w1-1"]
    assert [one.num_rows for one in batches()] == [600, 100]  # types of the last one are others
    monkeypatch.setattr(parquet_counting, "MOST_FILES", 2)
    assert [one.num_rows for one in batches()] == [200, 200, 200, 100]
    monkeypatch.setattr(parquet_counting, "BATCH", 50)
    assert [one.num_rows for one in batches()][:3] == [45, 45, 46]
    monkeypatch.setattr(parquet_counting, "MOST_BYTES", 1)
    assert [one.num_rows for one in batches()][:3] == [9, 9, 9]


def test_what_one_thread_fails_by_is_what_all_of_them_end_with(tmp_path):
    path = tmp_path / "rows.parquet"
    pq.write_table(pa.table({"x": range(100)}), path, row_group_size=10)

    def count(batches):
        for _ in batches:
            raise TooManyLeaves
        return 0

    with pytest.raises(TooManyLeaves):
        _counted(str(path), [["x"]], 2, count)


def test_threads_share_the_columns_of_a_file_with_one_row_group(tmp_path):
    path = tmp_path / "rows.parquet"
    pq.write_table(pa.table({"x": [1.0, 2.0], "word": ["a", "b"]}), path)
    batches = _counted(str(path), [["x"], ["word"]], 1, list)[0]

    assert [one.schema.names for one in batches] == [["x"], ["word"]]


def test_whole_numbers_are_told_apart_however_far_they_lie_apart(tmp_path):
    path = tmp_path / "rows.parquet"
    wide = {"near": [5, 3, 5], "far": [-(2**63), 0, 2**63 - 1], "gap": [7, None, 7]}
    table = pa.table(wide).append_column("huge", pa.array([2**64 - 1, 2**64 - 1, 0], pa.uint64()))
    pq.write_table(table, path, row_group_size=2)
    counted = columns_of(str(path), dict.fromkeys(table.column_names), 2)

    assert counted["near"].counts == {"5": 2, "3": 1}
    assert counted["far"].counts == {str(-(2**63)): 1, "0": 1, str(2**63 - 1): 1}
    assert (counted["gap"].counts, counted["gap"].nulls) == ({"7": 2}, 1)
    assert counted["huge"].counts == {str(2**64 - 1): 2, "0": 1}


def test_numbers_are_counted_as_by_sql_whether_batches_hold_close_whole_ones_or_not(tmp_path):
    path = tmp_path / "rows.parquet"
    near, far = [5, 3, 5, 7], [-(2**62), 0, 2**53 + 1, 9]
    table = pa.table({"mixed": near + far, "holes": [*near, None, None, 4, None], "x": [0.5, None, 7.0, 7.0] * 2})
    pq.write_table(table, path, row_group_size=4)
    grids = {
        "mixed": Grid(location=5.0, scale=1.0, whole=True),
        "holes": Grid(location=4.5, scale=2.0, atoms=(5.0, 9.0)),
        "x": Grid(location=1.0, scale=1.0, atoms=(7.0,)),
    }
    counted = columns_of(str(path), grids, 2)
    with ASKING.named(str(path)) as relation:
        asked = column_summaries(ASKING, str(path), relation, grids)

    for name, one in asked.items():
        assert (counted[name].counts == one.counts).all()
        assert (counted[name].atoms == one.atoms).all()
        assert (counted[name].nulls, counted[name].low, counted[name].high) == (one.nulls, one.low, one.high)
        assert counted[name].total == pytest.approx(one.total, rel=1e-12)


def test_counting_does_not_wait_for_pandas(tmp_path):
    path = tmp_path / "rows.parquet"
    pq.write_table(pa.table({"whole": [1, 2], "word": ["a", None], "x": [0.5, None]}), path)
    program = (
        "import sys; from baseline_pipeline.adapters.engines.parquet_counting import columns_of; "
        "from baseline_pipeline.summaries.grid import Grid; "
        "columns_of(sys.argv[1], {'whole': None, 'word': None, 'x': Grid(location=0.0, scale=1.0)}, 2); "
        "sys.exit('pandas' in sys.modules)"
    )

    assert subprocess.run([sys.executable, "-c", program, str(path)], check=False).returncode == 0
