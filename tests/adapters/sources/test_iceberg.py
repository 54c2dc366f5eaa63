import sys

import pyarrow as pa
import pytest

from baseline_pipeline.adapters.sources.iceberg import IcebergSource
from baseline_pipeline.errors import DataNotThereYet, DataUnreadable

catalogues = pytest.importorskip("pyiceberg.catalog.sql")
ROWS = pa.table({"id": [1, 2], "temp": [0.5, None], "carrier": ["AA", "EV"]})


@pytest.fixture
def table(tmp_path):
    catalogue = catalogues.SqlCatalog("t", uri=f"sqlite:///{tmp_path / 'c.db'}", warehouse=f"file://{tmp_path}")
    catalogue.create_namespace("air")
    yield catalogue.create_table("air.flights", schema=ROWS.schema)
    catalogue.engine.dispose()


def location(table):
    return table.metadata_location.removeprefix("file://")


def test_rows_are_read_and_the_snapshot_is_named(table, tmp_path):
    table.append(ROWS)
    reading = IcebergSource(location(table), tmp_path).read()

    assert reading.table.to_pylist() == ROWS.to_pylist()
    assert reading.origin["snapshot"] == str(table.current_snapshot().snapshot_id)


def test_the_state_moves_with_every_snapshot(table, tmp_path):
    table.append(ROWS)
    first = IcebergSource(location(table), tmp_path).state()
    table.append(ROWS)
    second = IcebergSource(location(table), tmp_path).state()

    assert first.status == second.status == "ready"
    assert first.digest != second.digest


def test_a_table_nothing_was_written_to_is_missing(table, tmp_path):
    source = IcebergSource(location(table), tmp_path)

    assert source.state().status == "missing"
    with pytest.raises(DataNotThereYet, match="no snapshot"):
        source.read()


def test_absent_metadata_is_missing(tmp_path):
    source = IcebergSource("flights/v1.metadata.json", tmp_path)

    assert source.state().status == "missing"
    with pytest.raises(DataNotThereYet, match="cannot be opened as Iceberg metadata"):
        source.read()


def test_without_the_package_the_error_names_the_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyiceberg.table", None)

    with pytest.raises(DataUnreadable) as raised:
        IcebergSource("x.metadata.json", tmp_path).read()
    assert raised.value.next_step == "pip install 'baseline-pipeline[iceberg]'"
