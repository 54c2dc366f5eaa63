import datetime as dt
import os

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from baseline_pipeline.adapters.sources import SOURCES, open_source
from baseline_pipeline.adapters.stores.filesystem import FilesystemStore
from baseline_pipeline.content import content_digest
from baseline_pipeline.contract import Contract, Source
from baseline_pipeline.errors import DataNotThereYet, DataUnreadable, EvidenceUnavailable, StoreCorrupt
from baseline_pipeline.evaluating import days_of
from baseline_pipeline.ports import Reading, SourceState
from baseline_pipeline.snapshot import Snapshot, read, take
from baseline_pipeline.workbench.over_time.clocks import instants

NOW = "2013-02-01T00:00:00Z"
ROWS = pa.table(
    {
        "id": [3, 1, 2],
        "temp": [0.5, None, float("nan")],
        "carrier": ["AA", "EV", None],
        "late": [0, 1, 0],
        "at": pa.array([dt.datetime(2013, 1, day, 10, tzinfo=dt.UTC) for day in (3, 1, 2)], pa.timestamp("us", "UTC")),
        "day": [dt.date(2013, 1, day) for day in (3, 1, 2)],
    }
)


def contract(source=None, **data):
    return Contract.model_validate(
        {
            "name": "delays",
            "task": "binary_classification",
            "data": {
                "source": source or {"parquet": "data/*.parquet"},
                "row_id": ["id"],
                "label": "late",
                "features": [{"name": "temp"}, {"name": "carrier"}],
                **data,
            },
            "model": {"function": "rows:predict", "positive_class": 1},
            "slices": [{"by": ["carrier"]}],
            "metrics": [{"metric": "accuracy", "margin": {"absolute": 0.01}}],
        }
    )


@pytest.fixture
def project(tmp_path):
    (tmp_path / "data").mkdir()
    return tmp_path


@pytest.fixture
def store(project):
    return FilesystemStore(project / "home" / "store")


def write(rows, project):
    path = project / "data" / "rows.parquet"
    pq.write_table(rows, path)
    os.utime(path, (1e9, 1e9))  # old enough to be looked at without a pause


def freeze(project, store, rows=None, declared=None, now=NOW):
    if rows is not None:
        write(rows, project)
    declared = declared or contract()
    return take(declared, open_source(declared, project), store, now=now, scratch=project / "home" / "scratch")


def test_a_snapshot_holds_the_rows_sorted_by_row_id(project, store):
    snapshot, new, _ = freeze(project, store, ROWS)
    table = read(snapshot, store)

    assert new
    assert table.column("id").to_pylist() == [1, 2, 3]
    assert content_digest(table) == content_digest(ROWS.sort_by("id"))
    assert snapshot.rows == 3


def test_a_snapshot_says_what_it_is_and_where_it_came_from(project, store):
    snapshot, _, state = freeze(project, store, ROWS, contract(time="at"))

    assert snapshot.time_range == ("2013-01-01T10:00:00Z", "2013-01-03T10:00:00Z")
    assert {column.name: column.type for column in snapshot.columns}["at"] == "timestamp[us, tz=UTC]"
    assert snapshot.provenance.source == "parquet"
    assert snapshot.provenance.source_digest == state
    assert snapshot.provenance.taken_at == NOW
    assert Snapshot.model_validate(snapshot.body()) == snapshot


def test_the_same_content_is_found_again_whatever_its_order_or_file(project, store):
    first, _, state = freeze(project, store, ROWS)
    turned = ROWS.take([2, 0, 1]).select(list(reversed(ROWS.column_names)))
    second, new, moved = freeze(project, store, turned, now="2099-01-01T00:00:00Z")

    assert not new
    assert second == first
    assert moved != state


def test_the_same_content_is_the_same_file_in_another_store(project, store):
    first, _, _ = freeze(project, store, ROWS)
    elsewhere, _, _ = freeze(project, FilesystemStore(project / "other"), ROWS.take([1, 2, 0]))

    assert elsewhere.file == first.file


def test_one_changed_cell_is_another_snapshot(project, store):
    first, _, _ = freeze(project, store, ROWS)
    second, new, _ = freeze(project, store, ROWS.set_column(3, "late", pa.array([1, 1, 0])))

    assert new
    assert second.digest != first.digest


def test_the_same_rows_with_another_row_id_are_another_snapshot(project, store):
    first, _, _ = freeze(project, store, ROWS)
    second, new, _ = freeze(project, store, ROWS, contract(row_id=["id", "day"]))

    assert new
    assert second.row_id == ("id", "day")
    assert second.digest != first.digest


def test_null_and_nan_survive_and_stay_apart(project, store):
    snapshot, _, _ = freeze(project, store, ROWS)
    temp = read(snapshot, store, ["temp"]).column("temp")

    assert temp.null_count == 1
    assert str(temp[1].as_py()) == "nan"


def test_nothing_unfinished_is_left_behind(project, store):
    freeze(project, store, ROWS)

    assert list((project / "home" / "scratch").iterdir()) == []


def test_columns_come_in_the_order_they_are_asked_for(project, store):
    snapshot, _, _ = freeze(project, store, ROWS)

    assert read(snapshot, store, ["temp", "id"]).column_names == ["temp", "id"]


def test_a_column_that_a_snapshot_lacks_is_named_with_the_nearest(project, store):
    snapshot, _, _ = freeze(project, store, ROWS)

    with pytest.raises(DataUnreadable, match=r"column 'tmp' \(asked for\), nearest: 'temp'"):
        read(snapshot, store, ["tmp"])


def test_a_damaged_file_is_never_read(project, store):
    snapshot, _, _ = freeze(project, store, ROWS)
    path = store.file(snapshot.file)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.chmod(0o644)
    path.write_bytes(content)

    with pytest.raises(StoreCorrupt, match="is damaged"):
        read(snapshot, store)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"label": "lat"}, "column 'lat' (data.label), nearest: 'late'"),
        ({"row_id": ["di"]}, "column 'di' (data.row_id)"),
        ({"time": "att"}, "column 'att' (data.time), nearest: 'at'"),
        ({"cluster": "dday"}, "column 'dday' (data.cluster), nearest: 'day'"),
        ({"features": [{"name": "tempp"}]}, "column 'tempp' (data.features), nearest: 'temp'"),
    ],
)
def test_a_missing_column_is_named_with_its_place_and_the_nearest_one(project, store, data, words):
    with pytest.raises(DataUnreadable) as raised:
        freeze(project, store, ROWS, contract(**data))

    assert words in raised.value.message
    assert "parquet data/*.parquet" in raised.value.message


def test_a_missing_slice_column_is_named_as_such(project, store):
    with pytest.raises(DataUnreadable, match=r"column 'carrier' \(slices\)"):
        freeze(project, store, ROWS.drop_columns(["carrier"]), contract(features=[{"name": "temp"}]))


def test_no_rows_are_no_snapshot(project, store):
    with pytest.raises(DataUnreadable, match="no rows"):
        freeze(project, store, ROWS.slice(0, 0))


def test_repeated_row_ids_are_refused(project, store):
    with pytest.raises(DataUnreadable, match="1 of 4 rows repeat the row id"):
        freeze(project, store, pa.concat_tables([ROWS, ROWS.slice(0, 1)]))


def test_an_absent_source_is_not_there_yet(project, store):
    with pytest.raises(DataNotThereYet, match="no file matches"):
        freeze(project, store)


@pytest.mark.parametrize(
    ("cells", "span"),
    [
        (pa.array([dt.date(2013, 1, 3), None, dt.date(2013, 1, 1)]), ("2013-01-01", "2013-01-03")),
        (pa.array(["2013-01-03 10:00", "2013-01-01", None]), ("2013-01-01T00:00:00Z", "2013-01-03T10:00:00Z")),
        (pa.array(["2013-01-01T10:00:00+02:00"] * 3), ("2013-01-01T08:00:00Z", "2013-01-01T08:00:00Z")),
        (
            pa.array(["2013-01-01T10:00:00+09:00", "2013-01-01T02:00:00", "2013-01-02 00:30:00.123456789Z"]),
            ("2013-01-01T01:00:00Z", "2013-01-02T00:30:00.123456Z"),
        ),
        (pa.nulls(3, pa.date32()), None),
    ],
)
def test_the_time_range_is_in_utc_and_leaves_nulls_out(project, store, cells, span):
    snapshot, _, _ = freeze(project, store, ROWS.set_column(4, "at", cells), contract(time="at"))

    assert snapshot.time_range == span


@pytest.mark.parametrize("cells", [["soon", "later", "never"], [1, 2, 3]])
def test_a_time_column_that_holds_no_times_is_refused(project, store, cells):
    with pytest.raises(DataUnreadable, match="not all of it reads as times") as raised:
        freeze(project, store, ROWS.set_column(4, "at", pa.array(cells)), contract(time="at"))

    assert "ISO 8601" in raised.value.next_step


class Restless:
    """A source that is in another state at every look, or was read in one that neither look saw."""

    def __init__(self, states, read_in=None):
        self.states, self.read_in = iter(states), read_in

    def state(self):
        return SourceState("ready", next(self.states), "a look")

    def read(self):
        return Reading(ROWS, {"digest": self.read_in} if self.read_in else {})


@pytest.mark.parametrize("source", [Restless(["a", "b"]), Restless(["a", "a"], read_in="b")])
def test_a_source_that_changes_while_it_is_read_is_refused(project, store, source):
    with pytest.raises(DataNotThereYet, match="changed while it was read"):
        take(contract(), source, store, now=NOW, scratch=project)

    assert not store.root.exists()


def test_every_kind_of_source_that_a_contract_may_name_is_in_the_table():
    assert set(SOURCES) == set(Source.model_fields)


def test_rows_are_the_same_snapshot_whichever_source_they_come_through(project, store):
    plain = ROWS.select(["id", "temp", "carrier", "late"]).set_column(1, "temp", pa.array([0.5, None, 2.0]))
    write(plain, project)
    (project / "data" / "rows.csv").write_text("late,id,temp,carrier\n0,3,0.5,AA\n0,2,2.0,\n1,1,,EV\n")
    (project / "rows_as_function.py").write_text(
        "import pyarrow.parquet as pq\nfrom pathlib import Path\n"
        "def rows():\n    return pq.read_table(Path(__file__).parent / 'data' / 'rows.parquet').to_pandas()\n"
    )
    sources = [{"parquet": "data/*.parquet"}, {"csv": "data/*.csv"}, {"callable": "rows_as_function:rows"}]
    digests = {freeze(project, store, declared=contract(source))[0].digest for source in sources}

    assert len(digests) == 1


def test_days_are_those_of_utc_whatever_zones_texts_name():
    cells = pa.array(["2026-03-01T08:00:00+09:00", "2026-03-01T08:00:00", "2026-03-01"])

    assert days_of(pa.table({"at": cells}), "at").astype(str).tolist() == ["2026-02-28", "2026-03-01", "2026-03-01"]


@pytest.mark.parametrize(
    ("cells", "named"), [(["soon"], "'soon'"), (["03/01/2026"], "'03/01/2026'"), ([1767600000], "int64")]
)
def test_what_is_no_time_is_quoted(cells, named):
    with pytest.raises(EvidenceUnavailable, match=named) as raised:
        instants(pa.table({"at": cells}), "at", "UTC")

    assert "ISO 8601" in raised.value.next_step
