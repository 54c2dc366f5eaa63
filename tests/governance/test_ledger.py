import subprocess
import sys

import pytest
import sqlalchemy as sa

from baseline_pipeline.adapters.ledgers.sql import LedgerConflict, SqlLedger
from baseline_pipeline.errors import NotInitialised
from baseline_pipeline.governance.events import Event


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path / 'ledger.db'}"


@pytest.fixture
def ledger(url):
    found = SqlLedger.create(url, "store")
    yield found
    found.close()


def event(key="k", **changes):
    return Event(kind="decision", model="m", actor="a", reason="r", key=key * 64, content={"n": 1}, **changes)


@pytest.mark.parametrize("statement", ["UPDATE ledger SET reason = 'x'", "DELETE FROM ledger"])
def test_what_is_written_cannot_be_changed(ledger, url, statement):
    ledger.append(event())

    with pytest.raises(sa.exc.IntegrityError, match="append-only"), sa.create_engine(url).begin() as connection:
        connection.execute(sa.text(statement))
    assert len(ledger.events("m")) == 1


def test_a_retry_returns_what_was_written_first(ledger):
    first = ledger.append(event())
    again = ledger.append(event())

    assert first == again
    assert len(ledger.events()) == 1
    assert first[0].at.endswith("Z")


def test_a_key_with_other_content_is_a_conflict_and_nothing_is_written(ledger):
    ledger.append(event())
    other = event().model_copy(update={"content": {"n": 2}})

    with pytest.raises(LedgerConflict):
        ledger.append(event("x"), other)
    assert [one.key for one in ledger.events()] == ["k" * 64]


def test_an_absent_or_foreign_ledger_is_refused(ledger, url, tmp_path):
    with pytest.raises(NotInitialised, match="no such file"):
        SqlLedger(f"sqlite:///{tmp_path / 'typo.db'}", "store")
    with pytest.raises(NotInitialised, match="belongs to store store"):
        SqlLedger(url, "another")
    assert not (tmp_path / "typo.db").exists()


def test_processes_that_write_at_once_lose_nothing(ledger, url):
    code = (
        "import sys; from baseline_pipeline.adapters.ledgers.sql import SqlLedger; "
        "from baseline_pipeline.governance.events import Event; "
        "l = SqlLedger(sys.argv[1], 'store'); "
        "[l.append(Event(kind='decision', model='m', actor=sys.argv[2], reason='r', "
        "key=f'{sys.argv[2]}-{i}'.rjust(64, '0'), content={})) for i in range(25)]"
    )
    writers = [subprocess.Popen([sys.executable, "-c", code, url, str(number)]) for number in range(4)]

    assert [writer.wait(120) for writer in writers] == [0] * 4
    assert len(ledger.events("m")) == 100
    assert [one.seq for one in ledger.events("m")] == list(range(1, 101))
