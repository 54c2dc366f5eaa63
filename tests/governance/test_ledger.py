"""The ledger on SQLite and PostgreSQL."""

import subprocess
import sys

import pytest
import sqlalchemy as sa

from baseline_pipeline.adapters.ledgers.sql import LedgerConflict, SqlLedger
from baseline_pipeline.errors import BaselineError, EvidenceUnavailable, NotInitialised
from baseline_pipeline.governance.chain import LedgerTampered
from baseline_pipeline.governance.events import Event


def event(key="k", **changes):
    return Event(kind="decision", model="m", actor="a", reason="r", key=key * 64, content={"n": 1}, **changes)


def test_a_copy_has_every_link_and_the_ledger_nothing_more(ledger, tmp_path):
    ledger.append(event(), event("l"))
    url = f"sqlite:///{tmp_path / 'copy.db'}"
    copy = ledger.copied(url)
    copy.append(event("m"))

    assert [one.hash for one in copy.entries()][:2] == [one.hash for one in ledger.entries()]
    assert (copy.verify().size, ledger.verify().size) == (3, 2)
    with pytest.raises(EvidenceUnavailable, match="holds records already"):
        ledger.copied(url)
    copy.close()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger SET body = 'x'",
        "DELETE FROM ledger",
        "INSERT INTO ledger SELECT 9, hash, 'h', 'x', kind, model, '{}' FROM ledger WHERE seq = 2",
        "INSERT INTO ledger SELECT 3, 'p', 'h', 'x', kind, model, '{}' FROM ledger WHERE seq = 2",
        "swap",
    ],
)
def test_what_is_written_cannot_be_changed_and_nothing_put_between(ledger, url, statement):
    replacing = "INSERT OR REPLACE INTO ledger SELECT seq, prev, 'h', 'x', kind, model, '{}' FROM ledger WHERE seq = 1"
    if statement == "swap":
        statement = replacing if url.startswith("sqlite") else "TRUNCATE ledger"
    ledger.append(event(), event("l"))

    with pytest.raises(sa.exc.DBAPIError, match="append-only"), sa.create_engine(url).begin() as connection:
        connection.exec_driver_sql(statement)
    assert len(ledger.events("m")) == 2
    ledger.verify()


def test_a_retry_returns_what_was_written_first(ledger):
    first = ledger.append(event())
    again = ledger.append(event())
    both = ledger.append(event(), event("l"))

    assert first == again == both[:1]
    assert [one.seq for one in ledger.events()] == [1, 2]
    assert first[0].at.endswith("Z")


def test_a_key_with_other_content_is_a_conflict_and_nothing_is_written(ledger):
    ledger.append(event())
    other = event().model_copy(update={"content": {"n": 2}})

    with pytest.raises(LedgerConflict):
        ledger.append(event("x"), other)
    assert [one.key for one in ledger.events()] == ["k" * 64]


def test_an_absent_or_foreign_ledger_is_refused(tmp_path):
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    SqlLedger.create(url, "store").close()

    with pytest.raises(NotInitialised, match="no such file"):
        SqlLedger(f"sqlite:///{tmp_path / 'typo.db'}", "store")
    with pytest.raises(NotInitialised, match="belongs to store store"):
        SqlLedger(url, "another")
    assert not (tmp_path / "typo.db").exists()


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("garbage hunter2", "is none that SQLAlchemy reads"),
        ("postgresql+psycopg2://ana:hunter2@host:hunter2/db", "is none that SQLAlchemy reads"),
        ("mysql://ana:hunter2@host/db", "names mysql"),
        ("nosuch+driver://ana:hunter2@host/db", "names nosuch"),
        ("sqlite+nosuch:///x.db", "is none that SQLAlchemy reads"),
        (
            "postgresql+psycopg2://ana@127.0.0.1:1/db?password=hunter2",
            "ledger postgresql+psycopg2://ana@127.0.0.1:1/db:",
        ),
    ],
)
def test_a_url_that_is_no_ledgers_is_refused_without_its_password(url, words):
    with pytest.raises(BaselineError) as refused:
        SqlLedger(url, "a-store")

    assert words in str(refused.value)
    assert "hunter2" not in str(refused.value)


def test_a_ledger_from_before_the_chain_is_left_as_it_is(tmp_path):
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    with sa.create_engine(url).begin() as connection:
        connection.exec_driver_sql("CREATE TABLE ledger (seq INTEGER PRIMARY KEY, content TEXT)")

    with pytest.raises(NotInitialised, match="before records were chained"):
        SqlLedger.create(url, "store")


def test_processes_that_write_at_once_make_one_chain(ledger, url):
    code = (
        "import sys; from baseline_pipeline.adapters.ledgers.sql import SqlLedger; "
        "from baseline_pipeline.governance.events import Event; "
        "l = SqlLedger(sys.argv[1], 'store'); "
        "[l.append(Event(kind='decision', model='m', actor=sys.argv[2], reason='r', "
        "key=f'{sys.argv[2]}-{i}'.rjust(64, '0'), content={})) for i in range(25)]"
    )
    writers = [subprocess.Popen([sys.executable, "-c", code, url, str(number)]) for number in range(4)]

    assert [writer.wait(120) for writer in writers] == [0] * 4
    assert [one.seq for one in ledger.events("m")] == list(range(1, 101))
    assert ledger.verify().size == 100


def test_a_database_that_was_changed_below_the_triggers_is_found(ledger, url):
    ledger.append(event("a"), event("b"), event("c"))
    before = ledger.verify()
    drop = {
        "sqlite": ["DROP TRIGGER ledger_keeps_rows_UPDATE", "DROP TRIGGER ledger_keeps_rows_DELETE"],
        "postgresql": ["DROP TRIGGER ledger_keeps_rows ON ledger"],
    }[url.partition("+")[0].partition(":")[0]]
    with sa.create_engine(url).begin() as connection:
        for statement in drop:
            connection.exec_driver_sql(statement)
        connection.exec_driver_sql("DELETE FROM ledger WHERE seq = 3")

    assert ledger.verify().size == 2  # a cut tail leaves no trace by itself
    with pytest.raises(LedgerTampered, match="the tail was cut: 2 records are there, a checkpoint knows of 3"):
        ledger.verify([before])
    with sa.create_engine(url).begin() as connection:
        connection.exec_driver_sql("UPDATE ledger SET model = 'n' WHERE seq = 1")
    with pytest.raises(LedgerTampered, match="record 1: its columns are not those of its content"):
        ledger.verify()


@pytest.mark.parametrize("body", ["'{'", "'[1]'", "'7'", "x'00ff'", "''"])
def test_a_record_that_holds_no_event_is_told_as_such(tmp_path, body):
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    ledger = SqlLedger.create(url, "store")
    ledger.append(event("a"), event("b"))
    with sa.create_engine(url).begin() as connection:
        connection.exec_driver_sql("DROP TRIGGER ledger_keeps_rows_UPDATE")
        connection.exec_driver_sql(f"UPDATE ledger SET body = {body} WHERE seq = 2")

    with pytest.raises(LedgerTampered, match="ledger record 2: its content is no event"):
        ledger.events()
    with pytest.raises(LedgerTampered, match="ledger record 2: its content is not what its hash says"):
        ledger.verify()


def test_one_holder_at_a_time(ledger, url, monkeypatch):
    from baseline_pipeline.adapters.ledgers import exclusion

    monkeypatch.setattr(exclusion, "PATIENCE", 0.2)
    other = SqlLedger(url, "store")
    with ledger.exclusive("m"), pytest.raises(EvidenceUnavailable, match="at m for"), other.exclusive("m"):
        pass
    with other.exclusive("m"):
        pass
    other.close()
