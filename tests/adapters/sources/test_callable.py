import sys

import pytest

from baseline_pipeline.adapters.sources.callable import CallableSource
from baseline_pipeline.errors import DataNotThereYet, DataUnreadable

MODULE = """
import duckdb
import pandas as pd
import pyarrow as pa
from baseline_pipeline.errors import DataNotThereYet

def frame():
    return pd.DataFrame({"id": [1, 2], "temp": [0.5, None]}, index=[7, 8])

def turned():
    return frame().iloc[::-1]

def table():
    return pa.Table.from_pandas(frame(), preserve_index=False)

def counted():
    rows = frame()
    with duckdb.connect() as connection:
        return connection.sql("SELECT * FROM rows").arrow()

def cut_short():
    def batches():
        yield table().to_batches()[0]
        raise OSError("connection lost")
    return pa.RecordBatchReader.from_batches(table().schema, batches())

def words():
    return "rows"

def mixed():
    return pd.DataFrame({"id": [1, "two", object()]})

def broken():
    return 1 / 0

def waits():
    raise DataNotThereYet("the feed is late")
"""


@pytest.fixture
def source(tmp_path, request):
    module = f"rows_of_{abs(hash(request.node.name))}"
    (tmp_path / f"{module}.py").write_text(MODULE)
    yield lambda name: CallableSource(f"{module}:{name}", tmp_path)
    sys.modules.pop(module, None)


@pytest.mark.parametrize("name", ["frame", "table", "counted"])
def test_a_frame_or_table_becomes_rows_without_its_index(source, name):
    assert source(name).read().table.to_pydict() == {"id": [1, 2], "temp": [0.5, None]}


def test_the_state_is_that_of_the_rows_in_any_order(source):
    assert source("frame").state().status == "ready"
    assert source("frame").state() == source("frame").state()
    assert source("frame").state().digest == source("turned").state().digest


def test_the_project_is_importable_only_while_the_function_runs(source, tmp_path):
    before = list(sys.path)
    source("frame").read()

    assert sys.path == before


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("words", "returned str; accepted: pandas or Polars DataFrame, Arrow table or reader"),
        ("mixed", "share no type"),
        ("broken", "failed: ZeroDivisionError: division by zero"),
        ("absent", "failed: AttributeError"),
    ],
)
def test_a_function_that_gives_no_rows_is_refused_in_words(source, name, words):
    with pytest.raises(DataUnreadable, match=words):
        source(name).read()

    assert source(name).state().status == "missing"


def test_a_function_may_say_itself_that_its_rows_are_not_there_yet(source):
    with pytest.raises(DataNotThereYet, match="the feed is late"):
        source("waits").read()


def test_a_stream_that_breaks_off_is_told_in_its_words(source):
    with pytest.raises(DataUnreadable, match=r"a RecordBatchReader that cannot be read: .*connection lost"):
        source("cut_short").read()
