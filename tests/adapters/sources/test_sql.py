import datetime as dt
import sqlite3

import pytest
import sqlalchemy as sa

from baseline_pipeline.adapters.sources.database_url import database_url, hidden
from baseline_pipeline.adapters.sources.one_select import one_select
from baseline_pipeline.adapters.sources.sql import SqlSource, sql_source
from baseline_pipeline.contract.data import SqlQuery
from baseline_pipeline.errors import ContractError, DataNotThereYet, DataUnreadable
from baseline_pipeline.ports import SourceState

QUERY = "SELECT id, temp, carrier FROM flights"


@pytest.fixture
def database(tmp_path):
    with sqlite3.connect(tmp_path / "data.db") as connection:
        connection.execute("CREATE TABLE flights (id INTEGER, temp REAL, carrier TEXT)")
        connection.execute("INSERT INTO flights VALUES (1, 0.5, 'AA'), (9007199254740993, NULL, '10:30 a%')")
    connection.close()
    return tmp_path


def change(folder, statement):
    with sqlite3.connect(folder / "data.db") as connection:
        connection.execute(statement)
    connection.close()


def source(root, query=QUERY, version_query=None, url="sqlite:///data.db"):
    return sql_source(SqlQuery(url=url, query=query, version_query=version_query), root)


def test_rows_come_with_their_types(database):
    table = source(database).read().table

    assert table.to_pydict() == {"id": [1, 2**53 + 1], "temp": [0.5, None], "carrier": ["AA", "10:30 a%"]}


def test_colons_and_percent_signs_in_a_query_mean_themselves(database):
    table = source(database, "SELECT id FROM flights WHERE carrier = '10:30 a%' OR carrier LIKE 'A%'").read().table

    assert table.num_rows == 2


def test_the_state_moves_with_the_rows_and_not_with_their_order(database):
    first = source(database).state()
    turned = source(database, f"{QUERY} ORDER BY id DESC").state()
    change(database, "UPDATE flights SET temp = 0.25 WHERE id = 1")
    after = source(database).state()

    assert first.status == "ready"
    assert turned.digest == first.digest
    assert after.digest != first.digest


def test_with_a_version_query_only_its_result_and_the_query_count(database):
    version = "SELECT count(*) FROM flights"
    first = source(database, version_query=version).state()
    change(database, "UPDATE flights SET temp = 0.25 WHERE id = 1")
    same = source(database, version_query=version).state()
    narrower = source(database, f"{QUERY} WHERE id > 1", version_query=version).state()
    change(database, "DELETE FROM flights WHERE id = 1")
    fewer = source(database, version_query=version).state()

    assert same.digest == first.digest
    assert len({first.digest, narrower.digest, fewer.digest}) == 3


def test_an_absent_file_is_missing_and_is_not_made(tmp_path):
    state = source(tmp_path).state()

    assert state.status == "missing"
    assert "there is no such SQLite file" in state.detail
    assert list(tmp_path.iterdir()) == []


def test_an_absent_table_is_named(database):
    absent = source(database, "SELECT * FROM boats")

    assert absent.state().status == "missing"
    with pytest.raises(DataUnreadable, match="no such table: boats"):
        absent.read()


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("DELETE FROM flights", "'DELETE' stood at the start"),
        ("", "'' stood at the start"),
        ("SELECT 1; DROP TABLE flights", "';' stood between two statements"),
        ("WITH gone AS (DELETE FROM flights RETURNING *) SELECT * FROM gone", "'DELETE' stood there"),
        ("SELECT * INTO copied FROM flights", "'INTO' stood there"),
        ("/* SELECT */ UPDATE flights SET id = 1", "'UPDATE' stood at the start"),
        ("PRAGMA writable_schema = 1", "'PRAGMA' stood at the start"),
    ],
)
def test_what_is_not_one_reading_select_is_refused_when_the_source_is_opened(tmp_path, query, words):
    with pytest.raises(ContractError, match=words):
        sql_source(SqlQuery.model_construct(url="sqlite:///data.db", query=query), tmp_path)


@pytest.mark.parametrize(
    "query",
    [
        "select 1",
        "SELECT 'a;b', \"delete\" FROM t -- ; drop\n;",
        "WITH a AS (SELECT 1) SELECT * FROM a",
        "(SELECT 1) UNION (SELECT 2)",
        "SELECT updated_at, last_insert FROM t",
        "-- every flight\nSELECT id FROM flights",
    ],
)
def test_one_select_is_accepted_however_it_is_written(query):
    one_select("query", query)


def test_even_a_statement_that_slips_through_cannot_write(database):
    unchecked = SqlSource("sqlite:///data.db", "DELETE FROM flights", None, database)

    with pytest.raises(DataUnreadable, match="readonly"):
        unchecked.read()
    assert source(database).read().table.num_rows == 2


def test_a_password_is_in_no_origin_state_or_error(tmp_path, monkeypatch):
    monkeypatch.setenv("PW", "s3cret@/:word")
    remote = source(tmp_path, url="postgresql+psycopg2://me:${PW}@127.0.0.1:1/flights?connect_timeout=2&sslkey=s3cret")
    told = remote.state().detail
    with pytest.raises(DataNotThereYet) as raised:
        remote.read()

    assert "***@127.0.0.1:1/flights" in told
    assert "s3cret" not in f"{told} {raised.value} {raised.value.__cause__}"


def test_a_variable_that_is_not_set_is_named(tmp_path, monkeypatch):
    monkeypatch.delenv("PW", raising=False)
    state = source(tmp_path, url="postgresql://me:${PW}@host/db").state()

    assert state == SourceState("missing", None, "data.source.sql.url: environment variable PW is not set")


def test_a_variable_may_hold_the_whole_url_and_its_text_is_not_shown(tmp_path):
    url = database_url("${URL}", tmp_path, {"URL": "postgresql://me:pw@host/db"})

    assert hidden(url) == "postgresql://me:***@host/db"
    with pytest.raises(DataUnreadable) as raised:
        database_url("${URL}", tmp_path, {"URL": "pw without a scheme"})
    assert "pw without" not in str(raised.value)


def test_an_absent_driver_is_named(tmp_path):
    with pytest.raises(DataUnreadable, match="is not installed") as raised:
        source(tmp_path, url="mysql+pymysql://me:pw@host/db").read()

    assert "pymysql" in raised.value.message


def test_an_absent_dialect_is_named_with_a_way_out(tmp_path):
    with pytest.raises(DataUnreadable, match="no SQLAlchemy dialect for 'nosuchbase' is installed") as raised:
        source(tmp_path, url="nosuchbase:///rows.db").read()

    assert "data.source.callable" in str(raised.value.next_step)


def test_two_columns_of_one_name_are_refused(database):
    with pytest.raises(DataUnreadable, match="2 columns named 'id'"):
        source(database, "SELECT id, id FROM flights").read()


def test_a_column_of_mixed_types_is_named(database):
    change(database, "INSERT INTO flights VALUES ('x', 1, 'B')")

    with pytest.raises(DataUnreadable, match="column 'id' of the query mixes"):
        source(database).read()


def test_no_rows_are_no_error_of_the_source(database):
    assert source(database, f"{QUERY} WHERE id < 0").read().table.num_rows == 0


def test_exact_numerics_become_integers_or_doubles_and_dates_stay_dates(tmp_path):
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'typed.db'}")
    with engine.connect() as connection:
        from decimal import Decimal

        from baseline_pipeline.adapters.sources.result_columns import result_table

        kinds = sa.select(
            sa.literal(Decimal("2.50"), sa.Numeric(9, 2)).label("fare"),
            sa.literal(Decimal(3), sa.Numeric(9, 0)).label("seats"),
            sa.literal(dt.date(2013, 1, 31), sa.Date()).label("day"),
        )
        table = result_table(connection.execute(kinds))
    engine.dispose()

    assert table.to_pylist() == [{"fare": 2.5, "seats": 3, "day": dt.date(2013, 1, 31)}]
    assert str(table.schema.field("seats").type) == "int64"
