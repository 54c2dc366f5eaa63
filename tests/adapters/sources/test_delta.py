import sys

import pyarrow as pa
import pytest

from baseline_pipeline.adapters.sources.delta import DeltaSource
from baseline_pipeline.errors import DataNotThereYet, DataUnreadable

deltalake = pytest.importorskip("deltalake")
ROWS = pa.table({"id": [1, 2], "temp": [0.5, None], "carrier": ["AA", "EV"]})


def test_rows_are_read_and_the_version_is_named(tmp_path):
    deltalake.write_deltalake(str(tmp_path / "flights"), ROWS)
    reading = DeltaSource("flights", tmp_path).read()

    assert sorted(reading.table.to_pylist(), key=lambda row: row["id"]) == ROWS.to_pylist()
    assert reading.origin["version"] == 0
    assert reading.origin["digest"] == DeltaSource("flights", tmp_path).state().digest


def test_the_state_moves_with_every_version(tmp_path):
    source = DeltaSource("flights", tmp_path)
    deltalake.write_deltalake(str(tmp_path / "flights"), ROWS)
    first, again = source.state(), source.state()
    deltalake.write_deltalake(str(tmp_path / "flights"), ROWS, mode="append")
    second = source.state()

    assert first == again
    assert first.status == second.status == "ready"
    assert first.digest != second.digest


def test_what_is_no_delta_table_is_missing(tmp_path):
    (tmp_path / "flights").mkdir()
    source = DeltaSource("flights", tmp_path)

    assert source.state().status == "missing"
    with pytest.raises(DataNotThereYet, match="cannot be opened as a Delta table"):
        source.read()


def test_without_the_package_the_error_names_the_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "deltalake", None)

    with pytest.raises(DataUnreadable) as raised:
        DeltaSource("flights", tmp_path).read()
    assert raised.value.next_step == "pip install 'baseline-pipeline[delta]'"
