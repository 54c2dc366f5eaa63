import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from baseline_pipeline.adapters.sources.parquet import parquet_source
from baseline_pipeline.errors import DataNotThereYet, DataUnreadable

ROWS = pa.table({"id": [1, 2], "temp": [0.5, None], "carrier": ["AA", "EV"]})


def test_rows_of_all_files_are_read(tmp_path):
    pq.write_table(ROWS, tmp_path / "a.parquet")
    pq.write_table(ROWS.select(["carrier", "id", "temp"]), tmp_path / "b.parquet")
    reading = parquet_source("*.parquet", tmp_path).read()

    assert reading.table.select(ROWS.column_names).to_pylist() == ROWS.to_pylist() * 2


def test_a_category_and_a_text_are_the_same_schema(tmp_path):
    pq.write_table(ROWS, tmp_path / "a.parquet")
    coded = ROWS.set_column(2, "carrier", ROWS.column("carrier").dictionary_encode())
    pq.write_table(coded, tmp_path / "b.parquet")

    assert parquet_source("*.parquet", tmp_path).read().table.num_rows == 4


def test_files_of_different_schemas_are_named_column_by_column(tmp_path):
    pq.write_table(ROWS, tmp_path / "a.parquet")
    pq.write_table(pa.table({"id": [1], "temp": ["cold"], "gust": [1]}), tmp_path / "b.parquet")

    with pytest.raises(DataUnreadable) as raised:
        parquet_source("*.parquet", tmp_path).read()
    assert "a.parquet and b.parquet" in raised.value.message
    assert "column carrier: gone; column temp: double -> string; column gust: new (int64)" in raised.value.message


@pytest.mark.parametrize("kept", [0, 3, 4, 11, 100, -1])
def test_a_file_without_its_footer_is_being_written(tmp_path, kept):
    path = tmp_path / "a.parquet"
    pq.write_table(ROWS, path)
    path.write_bytes(path.read_bytes()[:kept])
    source = parquet_source("*.parquet", tmp_path)

    assert source.state().status == "being_written"
    assert "footer" in source.state().detail
    with pytest.raises(DataNotThereYet):
        source.read()


def test_a_damaged_page_is_refused_with_the_files_name(tmp_path):
    path = tmp_path / "a.parquet"
    pq.write_table(ROWS, path, write_page_checksum=True, compression="none", use_dictionary=False)
    content = bytearray(path.read_bytes())
    place = content.index(b"\x02\x00\x00\x00AA") + 4
    content[place] ^= 1
    path.write_bytes(content)

    with pytest.raises(DataUnreadable, match=r"a\.parquet is not readable as Parquet"):
        parquet_source("*.parquet", tmp_path).read()
