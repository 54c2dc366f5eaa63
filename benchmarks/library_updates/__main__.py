"""What real library updates do to real models, as the command line tells it: loads, bits, decisions, who did it.

Twenty thousand rows to train on and as many to judge on. Models are made in a real environment of old wheels and
replayed with `baseline replay` in one of new wheels; decisions that changed are held against a count made without the
product. Then the same wheels twice, in two environments (one holds a package that nothing uses): nothing may alarm.
Every command that was done is kept below `--work` and not done again. Exits 1 where a line is broken.

    python -m benchmarks.library_updates --seed 7 --repeats 50
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from pathlib import Path

from benchmarks.library_updates import learners
from benchmarks.library_updates.environments import environments
from benchmarks.library_updates.findings import broken, lines
from benchmarks.library_updates.project import LOCKS, Project
from benchmarks.library_updates.replays import retrained, still, stored, twice


def main() -> None:
    """Do what is not done yet, print, and keep."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=7, help="of rows and models")
    parser.add_argument("--repeats", type=int, default=50, help="of the same wheels, for each of three models")
    parser.add_argument("--work", type=Path, default=Path("build/library_updates"))
    parser.add_argument("--out", type=Path, default=Path("build/library_updates/results.json"))
    given = parser.parse_args()
    project = Project(given.work, given.seed)
    found = {
        "seed": given.seed,
        "rows": learners.ROWS,
        "python": platform.python_version(),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "locks": LOCKS,
        "environments": environments(project),
        "retrained": retrained(project),
        "stored": stored(project),
        "still": still(project, given.repeats),
    }
    found["twice"] = twice(found)
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(json.dumps(found, indent=1) + "\n")
    print("\n".join(lines(found)))
    failed = broken(found)
    print("\n".join(f"BROKEN: {one}" for one in failed))
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
