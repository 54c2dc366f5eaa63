import dataclasses
import errno
import math
import os
import random
import signal
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare

from baseline_pipeline.recorder import Recorder
from baseline_pipeline.recorder.buffer import LEFT_OUT, Reservoir
from baseline_pipeline.recorder.tally import Tally

HEAVY = ("pandas", "scipy", "dagster", "mlflow", "pydantic", "pyarrow", "sklearn")


def read(folder):
    """Every visible file as a table, in the order they were written."""
    paths = sorted(Path(folder).glob("[!.]*.parquet"))
    return [pq.read_table(path, page_checksum_verification=True) for path in paths]


def one_file(folder):
    [table] = read(folder)
    return table


def balanced(facts):
    gone = facts.sampled_out + facts.dropped_full + facts.failed + facts.written + facts.pending
    return facts.recorded == gone


def run_python(program, *arguments, **options):
    return subprocess.Popen([sys.executable, "-c", textwrap.dedent(program), *map(str, arguments)], **options)


# what is recorded


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


# sampling


def test_a_share_is_kept_and_its_weights_add_up_to_what_was_seen(tmp_path):
    with Recorder(tmp_path, model="m", sample=0.1, seed=1) as recorder:
        for k in range(5_000):
            recorder.record(k)
        recorder.record_batch({"request_id": np.arange(5_000)})
    facts, table = recorder.facts(), one_file(tmp_path)

    assert 850 < facts.written < 1150
    assert facts.sampled_out == 10_000 - facts.written
    assert sum(table.column("sampling_weight").to_pylist()) == pytest.approx(10_000)


def test_a_reservoir_keeps_its_number_and_its_weights_add_up(tmp_path):
    with Recorder(tmp_path, model="m", reservoir=50, seed=1) as recorder:
        for k in range(1_000):
            recorder.record(k)
        recorder.flush()
        recorder.record_batch({"request_id": np.arange(3_000)})
    first, second = read(tmp_path)

    assert (first.num_rows, second.num_rows) == (50, 50)
    assert first.column("sampling_weight")[0].as_py() == 20.0
    assert second.column("sampling_weight")[0].as_py() == 60.0
    assert second.schema.metadata[b"seen"] == b"3000"
    assert balanced(recorder.facts())


@pytest.mark.parametrize("batched", [False, True])
def test_every_record_is_as_likely_to_stay_in_the_reservoir(batched):
    records, capacity, runs = 40, 8, 4_000
    stayed = np.zeros(records)
    reservoir = Reservoir(10**6, capacity, seed=2026, tally=Tally())
    for _ in range(runs):
        if batched:
            chosen, places = reservoir.places(records)
            offered = zip(places.tolist(), chosen.tolist(), strict=True)
        else:
            offered = ((reservoir.place(), k) for k in range(records))
        for place, k in offered:
            if place != LEFT_OUT:
                reservoir.put(place, (None, 10, k))
        stayed[[row[2] for row in reservoir.take().rows]] += 1

    assert stayed.sum() == runs * capacity
    # within a run records exclude each other: the statistic is scaled to its mean
    statistic = chisquare(stayed).statistic * (records - 1) / (records - capacity)
    assert 15 < statistic < 72  # 39 degrees of freedom: 0.1 % on either side


def test_a_reservoir_short_of_memory_shrinks_and_stays_uniform():
    stayed = np.zeros(40)
    tally = Tally()
    reservoir = Reservoir(100, 8, seed=7, tally=tally)
    for _ in range(4_000):
        for k in range(40):
            if (place := reservoir.place()) != LEFT_OUT:
                reservoir.put(place, (None, 20, k))
        rows = reservoir.take().rows
        stayed[[row[2] for row in rows]] += 1

        assert len(rows) == 5

    assert 15 < chisquare(stayed).statistic * 39 / 35 < 72
    assert tally.recorded == tally.sampled_out + tally.dropped_full + stayed.sum()


# nothing reaches the caller


class Hostile:
    """Raises whatever it is asked."""

    def __str__(self):
        raise RuntimeError

    __repr__ = __len__ = __iter__ = __hash__ = __eq__ = __array__ = __float__ = __bool__ = __str__


class HostileError(Exception):
    __str__ = Hostile.__str__


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(),
    st.text(alphabet=st.characters(categories=["Cs"])),
    st.binary(),
    st.datetimes(),
    st.datetimes(timezones=st.just(UTC)),
    st.dates(),
    st.times(),
    st.timedeltas(),
    st.decimals(),
    st.complex_numbers(),
    st.uuids(),
    st.builds(Hostile),
    st.builds(HostileError),
    st.sampled_from(
        [np.float16(1), np.longdouble(2), np.datetime64("NaT"), np.timedelta64(3, "D"), object(), open, 1j]
    ),
    st.builds(np.array, st.lists(st.floats(), max_size=3)),
    st.just(np.ma.masked),
    st.just(np.zeros((2, 2), dtype=[("a", "i4")])),
)
JUNK = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.tuples(inner, inner),
        st.dictionaries(st.one_of(st.text(), st.integers(), st.none(), st.tuples(st.text())), inner, max_size=3),
        st.sets(st.integers(), max_size=2),
    ),
    max_leaves=6,
)
NAMED = st.one_of(JUNK, st.dictionaries(st.one_of(st.text(), st.integers()), JUNK, max_size=3))


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(
        st.fixed_dictionaries({"id": JUNK, "own": JUNK, "parts": st.tuples(NAMED, NAMED, NAMED, NAMED)}), max_size=8
    ),
    st.lists(NAMED, max_size=3),
    st.booleans(),
)
def test_nothing_that_is_passed_raises(records, batches, sampled):
    with tempfile.TemporaryDirectory() as folder:
        with Recorder(folder, model="m", reservoir=5 if sampled else None, max_memory_mb=1) as recorder:
            for record in records:
                own, (features, stages, extra, importances) = record["own"], record["parts"]
                recorder.record(
                    record["id"],
                    features=features,
                    score=own,
                    prediction=own,
                    version=own,
                    stages=stages,
                    latency=own,
                    error=own,
                    extra=extra,
                    importances=importances,
                )
            recorder.record("fine")
            for batch in batches:
                recorder.record_batch(batch)
        facts = recorder.facts()

        assert balanced(facts)
        assert facts.pending == 0
        assert sum(table.num_rows for table in read(folder)) == facts.written
        assert sampled or any("fine" in table.column("request_id").to_pylist() for table in read(folder))


def test_what_cannot_be_taken_is_counted_with_its_reason(tmp_path):
    with Recorder(tmp_path, model="m") as recorder:
        recorder.record("a", features={"x": Hostile()})
        recorder.record("b", error=HostileError())
        recorder.record("c", features=17)
        recorder.record_batch(None)
        endless = []
        endless.append(endless)
        recorder.record("d", extra={"endless": endless})
    facts = recorder.facts()

    assert (facts.recorded, facts.failed, facts.written) == (5, 3, 2)
    assert facts.last_error is not None
    assert one_file(tmp_path).column("error").to_pylist() == ["HostileError", None]


def test_after_closing_records_count_as_failed_and_closing_again_does_nothing(tmp_path):
    recorder = Recorder(tmp_path, model="m")
    recorder.record("a")
    recorder.close()
    recorder.close()
    recorder.record("b")
    recorder.record_batch({"request_id": ["c", "d"]})
    facts = recorder.facts()

    assert (facts.written, facts.failed, facts.pending, facts.files) == (1, 3, 0, 1)
    assert facts.last_error == "RuntimeError: the recorder is closed"
    assert recorder.flush(1)


def test_a_recorder_that_records_nothing_writes_nothing(tmp_path):
    with Recorder(tmp_path / "requests", model="m") as recorder:
        pass

    assert not (tmp_path / "requests").exists()
    assert set(dataclasses.asdict(recorder.facts()).values()) == {0, None}


def test_counts_are_exact_with_several_threads(tmp_path):
    def work():
        for k in range(2_000):
            recorder.record(k, features={"x": float(k)})

    with Recorder(tmp_path, model="m") as recorder:
        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert recorder.facts().written == 8_000
    assert sum(table.num_rows for table in read(tmp_path)) == 8_000


# the disk


def test_a_folder_that_cannot_be_written_is_a_fact_not_an_exception(tmp_path):
    (tmp_path / "taken").write_text("a file where the folder should be")
    recorder = Recorder(tmp_path / "taken", model="m")
    recorder.record("a")
    flushed = recorder.flush()
    before = recorder.facts()
    recorder.close()
    after = recorder.facts()

    assert not flushed
    assert (before.written, before.pending, before.failed) == (0, 1, 0)
    assert (after.written, after.pending, after.failed) == (0, 0, 1)
    assert "taken" in after.last_error


@pytest.mark.parametrize("reservoir", [None, 10])
def test_rows_wait_while_the_disk_is_full_and_are_written_when_it_is_not(tmp_path, monkeypatch, reservoir):
    from baseline_pipeline.recorder import files

    def full(_descriptor):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    recorder = Recorder(tmp_path, model="m", reservoir=reservoir)
    with monkeypatch.context() as patched:
        patched.setattr(files.os, "fsync", full)
        recorder.record("a")
        flushed = recorder.flush()
        left = list(tmp_path.iterdir())
    recorder.record("b")
    recorder.close()
    names = [name for table in read(tmp_path) for name in table.column("request_id").to_pylist()]

    assert not flushed
    assert left == []
    assert "No space left" in recorder.facts().last_error
    assert names == ["a", "b"]
    assert recorder.facts().failed == 0


def test_on_a_disk_too_small_the_service_goes_on(tmp_path):
    program = """
        import resource, sys
        from baseline_pipeline.recorder import Recorder
        import pyarrow.parquet
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
        with Recorder(sys.argv[1], model="m", max_memory_mb=2) as recorder:
            for k in range(20_000):
                recorder.record(f"request-{k}", features={"x": k * 0.1})
        facts = recorder.facts()
        print(facts.written, facts.pending, facts.failed > 0, facts.dropped_full > 0, "File too large" in facts.last_error)
    """
    child = run_python(program, tmp_path, stdout=subprocess.PIPE, text=True)
    said, _ = child.communicate(timeout=60)

    assert said.split() == ["0", "0", "True", "True", "True"]
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_removed_comes_back(tmp_path):
    folder = tmp_path / "requests"
    with Recorder(folder, model="m") as recorder:
        recorder.record("a")
        recorder.flush()
        for path in folder.iterdir():
            path.unlink()
        folder.rmdir()
        recorder.record("b")

    assert one_file(folder).column("request_id").to_pylist() == ["b"]


def test_leftovers_of_dead_processes_are_removed_and_of_living_ones_kept(tmp_path):
    gone = run_python("pass")
    gone.wait()
    dead = tmp_path / f".20260101T000000.000000Z-{gone.pid}-000001.parquet.partial"
    former = tmp_path / f".20260101T000000.000000Z-{os.getpid()}-000001.parquet.partial"
    alive = tmp_path / f".20260101T000000.000000Z-{os.getppid()}-000001.parquet.partial"
    other = tmp_path / "notes.txt"
    for path in (dead, former, alive, other):
        path.touch()
    with Recorder(tmp_path, model="m") as recorder:
        recorder.record("a")

    assert [path.exists() for path in (dead, former, alive, other)] == [False, False, True, True]


def test_a_process_killed_at_any_time_leaves_only_whole_files(tmp_path):
    program = """
        import sys
        from baseline_pipeline.recorder import Recorder
        recorder = Recorder(sys.argv[1], model="m", rotate_seconds=0.02)
        recorder.record("first")
        recorder.flush()
        print("going", flush=True)
        k = 0
        while True:
            recorder.record(f"request-{k}", features={"x": k * 0.1, "y": "text"}, extra={"e": [0.1] * 50})
            k += 1
    """
    moments = random.Random(5)
    rows = 0
    for _ in range(10):
        child = run_python(program, tmp_path, stdout=subprocess.PIPE, text=True)
        child.stdout.readline()
        time.sleep(moments.uniform(0.0, 0.3))
        child.send_signal(signal.SIGKILL)
        child.wait()
        child.stdout.close()
        tables = read(tmp_path)
        now = sum(table.num_rows for table in tables)

        assert now > rows
        rows = now
    with Recorder(tmp_path, model="m") as recorder:
        recorder.record("last")

    assert not list(tmp_path.glob(".*"))


def test_what_waits_is_written_as_the_process_exits(tmp_path):
    program = """
        import sys
        from baseline_pipeline.recorder import Recorder
        recorder = Recorder(sys.argv[1], model="m")
        recorder.record("a")
    """

    assert run_python(program, tmp_path).wait(60) == 0
    assert one_file(tmp_path).column("request_id").to_pylist() == ["a"]


def test_closing_ends_within_its_time_though_the_disk_hangs(tmp_path, monkeypatch):
    from baseline_pipeline.recorder import files

    released = threading.Event()
    monkeypatch.setattr(files.os, "fsync", lambda _descriptor: released.wait(30))
    recorder = Recorder(tmp_path, model="m")
    recorder.record("a")
    started = time.monotonic()
    recorder.close(0.2)
    took = time.monotonic() - started
    pending = recorder.facts().pending
    released.set()

    assert took < 20
    assert pending == 1


# processes and memory


def test_a_forked_child_writes_files_of_its_own(tmp_path):
    program = """
        import os, sys
        from baseline_pipeline.recorder import Recorder
        recorder = Recorder(sys.argv[1], model="m")
        recorder.record("parent before")
        if sys.argv[2] == "flushed":
            recorder.flush()
        child = os.fork()
        recorder.record("child" if child == 0 else "parent after")
        facts = recorder.facts()
        if child == 0:
            sys.exit(facts.recorded != 1)
        assert os.waitpid(child, 0)[1] == 0
    """
    for when in ("flushed", "pending"):
        folder = tmp_path / when
        process = run_python(program, folder, when)

        assert process.wait(60) == 0
        by_process = {}
        for path in sorted(folder.iterdir()):
            names = pq.read_table(path).column("request_id").to_pylist()
            by_process.setdefault(path.name.split("-")[1], []).extend(names)
        assert sorted(by_process.values()) == [["child"], ["parent before", "parent after"]]


def test_forks_amid_recording_hang_nobody(tmp_path):
    program = """
        import os, sys, threading
        from baseline_pipeline.recorder import Recorder
        recorder = Recorder(sys.argv[1], model="m", rotate_seconds=0.02)
        stop = threading.Event()
        def work():
            while not stop.is_set():
                recorder.record("parent", features={"x": 1.0})
        threads = [threading.Thread(target=work, daemon=True) for _ in range(2)]
        for thread in threads:
            thread.start()
        for _ in range(10):
            child = os.fork()
            if child == 0:
                recorder.record("child")
                os._exit(not recorder.flush(30))
            assert os.waitpid(child, 0)[1] == 0
        stop.set()
        for thread in threads:
            thread.join()
    """
    assert run_python(program, tmp_path).wait(120) == 0

    names = [name for table in read(tmp_path) for name in table.column("request_id").to_pylist()]
    assert names.count("child") == 10


def test_rows_that_outgrow_the_memory_are_dropped_and_counted(tmp_path):
    (tmp_path / "taken").touch()
    recorder = Recorder(tmp_path / "taken", model="m", max_memory_mb=1)
    for k in range(5_000):
        recorder.record(k, extra={"text": f"{k}" * 1_000})
    recorder.record("large", extra={"embedding": np.zeros(10**6)})
    singles = recorder.facts()
    recorder.record_batch({"x": np.zeros(10**6)})
    facts = recorder.facts()
    recorder.close()

    assert 4_000 < singles.dropped_full < 5_001
    assert singles.pending * 1_000 < 2**20  # at least a thousand bytes a row
    assert facts.dropped_full - singles.dropped_full > 900_000
    assert balanced(facts)


def test_the_memory_stays_bounded_whatever_is_recorded(tmp_path):
    program = """
        import sys
        from pathlib import Path
        import numpy as np
        import pyarrow.parquet
        from baseline_pipeline.recorder import Recorder
        def memory():
            return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1e6
        with Recorder(sys.argv[1], model="m", max_memory_mb=20, reservoir=100_000 if sys.argv[2] == "yes" else None) as recorder:
            before = most = memory()
            for k in range(40_000):
                recorder.record(f"request-{k}", features={f"key {k % 3000}": k}, extra={"e": [k * 0.1] * 100, "t": f"{k}" * 50})
                if k % 100 == 0:
                    most = max(most, memory())
        print(most - before)
    """
    for sampled in ("no", "yes"):
        child = run_python(program, tmp_path / sampled, sampled, stdout=subprocess.PIPE, text=True)
        said, _ = child.communicate(timeout=120)

        assert float(said) < 60


def test_importing_the_recorder_loads_nothing_heavy():
    program = f"""
        import sys
        import baseline_pipeline.recorder
        print([name for name in {HEAVY} if name in sys.modules])
    """
    child = run_python(program, stdout=subprocess.PIPE, text=True)
    said, _ = child.communicate(timeout=60)

    assert said.strip() == "[]"


def test_writing_loads_no_pandas(tmp_path):
    program = """
        import sys
        from baseline_pipeline.recorder import Recorder
        with Recorder(sys.argv[1], model="m") as recorder:
            recorder.record("a", features={"x": 1.0, "y": "b", "z": 1}, score=0.5, extra={"e": [0.1, 0.2]})
            recorder.record("b", features={"x": None}, error=ValueError("no"))
        print(recorder.facts().written, "pyarrow" in sys.modules, "pandas" in sys.modules)
    """
    child = run_python(program, tmp_path, stdout=subprocess.PIPE, text=True)
    said, _ = child.communicate(timeout=60)

    assert said.split() == ["2", "True", "False"]
