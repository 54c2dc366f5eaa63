"""What is recorded is what the files hold."""

import math
import time
from datetime import UTC, datetime
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest

from baseline_pipeline.recorder import Recorder
from tests.recorder.reading import one_file, read


def test_what_was_recorded_is_what_the_file_holds(tmp_path):
    before = datetime.now(UTC)
    with Recorder(tmp_path, model="flights") as recorder:
        recorder.record(
            "a",
            features={"distance": 541.0, "carrier": "LH"},
            score=0.3,
            prediction=1,
            version="7",
            stages={"features": 1.2e-3, "predict": 3e-3},
            latency=0.004,
            extra={"embedding": [0.5, 1.5]},
            importances={"distance": 0.7},
        )
    table = one_file(tmp_path)
    [row] = table.to_pylist()
    moment = row.pop("time")

    assert before.replace(microsecond=0) <= moment <= datetime.now(UTC)
    assert table.schema.field("time").type == pa.timestamp("us", "UTC")
    assert row == {
        "request_id": "a",
        "score": 0.3,
        "prediction": 1,
        "version": "7",
        "latency_seconds": 0.004,
        "error": None,
        "distance": 541.0,
        "carrier": "LH",
        "stage.features": 1.2e-3,
        "stage.predict": 3e-3,
        "extra.embedding": [0.5, 1.5],
        "importance.distance": 0.7,
        "sampling_weight": 1.0,
    }


def test_the_metadata_name_the_model_and_how_many_were_seen(tmp_path):
    with Recorder(tmp_path, model="flights") as recorder:
        recorder.record("a")
    metadata = one_file(tmp_path).schema.metadata

    assert (metadata[b"model"], metadata[b"seen"], metadata[b"kept"]) == (b"flights", b"1", b"1")


def test_rows_of_different_keys_share_a_file_with_nulls(tmp_path):
    with Recorder(tmp_path, model="m") as recorder:
        recorder.record("a", features={"x": 1.0})
        recorder.record("b", features={"y": "z"})
        recorder.flush()
        recorder.record("c", features={"y": "z", "x": 2.0})
        recorder.record("d", features={"x": 3.0}, extra={"e": [1, 2]})
    first, second = read(tmp_path)

    assert first.select(["request_id", "x", "y"]).to_pylist() == [
        {"request_id": "a", "x": 1.0, "y": None},
        {"request_id": "b", "x": None, "y": "z"},
    ]
    assert second.column("extra.e").to_pylist() == [None, [1, 2]]


def test_nan_stays_nan_and_none_is_null(tmp_path):
    with Recorder(tmp_path, model="m") as recorder:
        for value in (math.nan, None, 1.0):
            recorder.record("a", features={"x": value})
        recorder.record_batch({"x": np.array([math.nan, 2.0])})
    values = one_file(tmp_path).column("x").to_pylist()

    assert math.isnan(values[0])
    assert math.isnan(values[3])
    assert [values[1], values[2], values[4]] == [None, 1.0, 2.0]


def test_a_feature_does_not_take_the_place_of_a_column_of_the_recorder(tmp_path):
    features = {"score": 5, "stage.predict": 6, "feature.score": 7, "sampling_weight": 8, "time": 9}
    with Recorder(tmp_path, model="m") as recorder:
        recorder.record("a", features=features, score=0.5, stages={"predict": 0.1})
    [row] = one_file(tmp_path).to_pylist()

    assert (row["score"], row["stage.predict"], row["sampling_weight"]) == (0.5, 0.1, 1.0)
    assert {name: row[name] for name in row if name.startswith("feature.")} == {
        "feature.score": 5,
        "feature.stage.predict": 6,
        "feature.feature.score": 7,
        "feature.sampling_weight": 8,
        "feature.time": 9,
    }


@pytest.mark.parametrize("flushed", [False, True], ids=["at once", "between"])
def test_integers_beside_floats_become_floats(tmp_path, flushed):
    with Recorder(tmp_path, model="m", rotate_rows=3) as recorder:
        for value in (1, 2.5, 3):
            recorder.record("a", features={"x": value})
            if flushed:  # columns made apart
                time.sleep(0.05)
    facts = recorder.facts()

    assert one_file(tmp_path).column("x").to_pylist() == [1.0, 2.5, 3.0]
    assert facts.failed_casts == 0


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        ([1.5, "a", None], ["1.5", "a", None]),
        ([True, 2], ["True", "2"]),
        (["a", b"b"], ["a", "b"]),
        ([2**70, 1], [str(2**70), "1"]),
        ([[1.0], "a"], ["[1.0]", "a"]),
        ([10**5000], [hex(10**5000)]),
    ],
    ids=["number and text", "boolean and number", "text and bytes", "beyond 64 bits", "list and text", "endless"],
)
@pytest.mark.parametrize("together", [True, False])
def test_a_column_of_conflicting_types_becomes_text_and_loses_no_row(tmp_path, values, texts, together):
    from baseline_pipeline.recorder.columns import columns_of, one_table
    from baseline_pipeline.recorder.rows import Rows

    rows = [
        Rows(10**6).row(
            ("a", None, None, None, None, None), features={"x": value}, stages=None, extra=None, importances=None
        )
        for value in values
    ]
    parts = [rows] if together else [[row] for row in rows]
    merged = one_table([columns for part in parts for columns in columns_of(part)], weight=1.0)

    assert merged.table.column("x").to_pylist() == texts
    assert merged.conflicts == {"x"}


def test_a_conflict_counts_once_per_column_and_file(tmp_path):
    with Recorder(tmp_path, model="m") as recorder:
        for value in (1, "a", 2.0, "b"):
            recorder.record("a", features={"x": value, "y": 1})

    assert recorder.facts().failed_casts == 1
    assert recorder.facts().written == 4


def test_lists_and_arrays_are_copied_when_recorded(tmp_path):
    numbers, array = [1.0, 2.0], np.array([3.0, 4.0])
    with Recorder(tmp_path, model="m") as recorder:
        recorder.record("a", extra={"list": numbers, "array": array})
        numbers[0] = array[0] = -1.0
    [row] = one_file(tmp_path).to_pylist()

    assert (row["extra.list"], row["extra.array"]) == ([1.0, 2.0], [3.0, 4.0])


def test_values_of_other_kinds_keep_what_they_say(tmp_path):
    moment = datetime(2026, 1, 2, tzinfo=UTC)
    given_ = {
        "moment": moment,
        "amount": Decimal("1.50"),
        "float32": np.float32(0.5),
        "nested": [[1, 2], [3]],
        "set": {1},
        "texts": ["a", None],
        "surrogate": "\ud800",
    }
    with Recorder(tmp_path, model="m") as recorder:
        recorder.record(17, features=given_, version=7, error=TimeoutError("late"), score=[0.25, 0.75])
    [row] = one_file(tmp_path).to_pylist()

    assert {name: row[name] for name in given_} == given_ | {"set": "{1}", "float32": 0.5, "surrogate": "\\ud800"}
    assert (row["request_id"], row["version"], row["error"]) == ("17", "7", "TimeoutError: late")
    assert row["score"] == [0.25, 0.75]


def test_a_batch_is_recorded_under_the_names_it_gives(tmp_path):
    with Recorder(tmp_path, model="m") as recorder:
        recorder.record_batch(
            {
                "request_id": np.arange(3),
                "score": np.array([0.1, 0.2, 0.3], dtype=np.float32),
                "version": "7",
                "time": [0.0, 1.5, datetime(1970, 1, 1, 0, 0, 2, tzinfo=UTC)],
                "stage.predict": [1, 2, 3],
                "extra.embedding": np.arange(6.0).reshape(3, 2),
                "late": np.array([True, False, True]),
                "carrier": np.array(["LH", "UA", "LH"]),
            }
        )
    table = one_file(tmp_path)

    assert table.column("request_id").to_pylist() == ["0", "1", "2"]
    assert table.column("version").to_pylist() == ["7"] * 3
    assert [moment.timestamp() for moment in table.column("time").to_pylist()] == [0.0, 1.5, 2.0]
    assert table.column("stage.predict").to_pylist() == [1.0, 2.0, 3.0]
    assert table.column("extra.embedding").to_pylist() == [[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]]
    assert table.column("late").to_pylist() == [True, False, True]
    assert table.column("carrier").to_pylist() == ["LH", "UA", "LH"]


def test_columns_of_different_lengths_count_as_failed(tmp_path):
    with Recorder(tmp_path, model="m") as recorder:
        recorder.record_batch({"score": np.zeros(3), "x": np.zeros(2)})
    facts = recorder.facts()

    assert (facts.recorded, facts.failed) == (3, 3)
    assert "has 2 rows" in facts.last_error


def test_files_hold_at_most_the_rows_given(tmp_path):
    with Recorder(tmp_path, model="m", rotate_rows=40) as recorder:
        for k in range(100):
            recorder.record(k)
        recorder.record_batch({"request_id": np.arange(100, 150)})
    tables = read(tmp_path)

    assert max(table.num_rows for table in tables) <= 40
    ids = [int(name) for table in tables for name in table.column("request_id").to_pylist()]
    assert sorted(ids) == list(range(150))


def test_a_file_is_written_when_its_time_has_come(tmp_path):
    with Recorder(tmp_path, model="m", rotate_seconds=0.1) as recorder:
        recorder.record("a")
        end = time.monotonic() + 20
        while recorder.facts().files == 0 and time.monotonic() < end:
            time.sleep(0.02)

        assert recorder.facts().written == 1


def test_settings_out_of_their_range_are_refused_at_once(tmp_path):
    for wrong in ({"sample": 0}, {"sample": 2}, {"reservoir": 0}, {"rotate_rows": 0}, {"rotate_seconds": 0}):
        with pytest.raises(ValueError, match="accepted"):
            Recorder(tmp_path, model="m", **wrong)
    with pytest.raises(ValueError, match="one of them"):
        Recorder(tmp_path, model="m", sample=0.5, reservoir=10)


def test_rows_of_a_thousand_shapes_arrive_in_one_piece(tmp_path):
    with Recorder(tmp_path, model="m") as recorder:
        for k in range(2_000):
            recorder.record(k, features={f"key {k % 1_000}": float(k)})
    found = [row for table in read(tmp_path) for row in table.to_pylist()]

    assert len(found) == 2_000
    assert all(row[f"key {int(row['request_id']) % 1_000}"] == float(row["request_id"]) for row in found)
    assert all(sum(value is not None for value in row.values()) == 4 for row in found)
