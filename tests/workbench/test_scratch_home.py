"""A scratch copy of a home in which others work at the same time."""

import sqlite3
import threading
from contextlib import closing

from baseline_pipeline.workbench.over_time.scratch_home import scratch_home


def write(home, enough):
    """Transactions of two rows each, and files that are gone at once."""
    with closing(sqlite3.connect(home / "busy.db", isolation_level=None)) as database:
        number = 0
        while not enough.is_set():
            number += 1
            database.execute("BEGIN")
            database.executemany("INSERT INTO pairs VALUES (?)", [(number,), (number,)])
            (home / "records" / f"{number}.tmp").write_bytes(bytes(10_000))
            database.execute("COMMIT")
            (home / "records" / f"{number}.tmp").unlink()


def test_a_scratch_home_is_whole_while_others_write_into_the_real_one(project, tmp_path):
    bench = project.bench()
    home = bench.settings.home
    (home / "records").mkdir(exist_ok=True)
    with closing(sqlite3.connect(home / "busy.db")) as database:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("CREATE TABLE pairs (number INTEGER)")
    enough = threading.Event()
    writer = threading.Thread(target=write, args=(home, enough))
    writer.start()
    found = []
    try:
        for attempt in range(20):
            with (
                scratch_home(bench, tmp_path / f"home-{attempt}") as scratch,
                closing(sqlite3.connect(scratch.settings.home / "busy.db")) as database,
            ):
                found.append(database.execute("PRAGMA integrity_check").fetchone()[0])
                singles = "SELECT count(*) FROM (SELECT number FROM pairs GROUP BY number HAVING count(*) <> 2)"
                found.append(database.execute(singles).fetchone()[0])
    finally:
        enough.set()
        writer.join()

    assert set(found) == {"ok", 0}
