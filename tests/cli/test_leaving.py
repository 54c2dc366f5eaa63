"""How a process of the command line ends: what others asked for is done, and nothing is taken apart."""

import subprocess
import sys
from pathlib import Path

ENDING = """
import atexit, pathlib, sys, threading
from concurrent.futures import ThreadPoolExecutor

from baseline_pipeline.cli import console

place, gate = pathlib.Path(sys.argv[1]), threading.Event()
atexit.register(lambda: (place / "registered").write_text("done"))
ThreadPoolExecutor(1).submit(lambda: gate.wait(30) and (place / "thread").write_text("done"))
atexit.register(lambda: print("last words"))
threading.Timer(0.2, gate.set).start()
sys.argv = ["baseline", "--version"]
console()
"""


def test_the_end_waits_for_threads_and_runs_what_was_registered(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", ENDING, str(tmp_path)], capture_output=True, text=True, timeout=60, check=False
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("last words\n")
    assert (tmp_path / "registered").read_text() == (tmp_path / "thread").read_text() == "done"


def test_an_answer_that_finds_no_room_is_no_verdict():
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "baseline_pipeline", "--version"], stdout=full, stderr=subprocess.PIPE, check=False
        )

    assert done.returncode == 3


def test_the_package_can_be_run_as_a_module(tmp_path):
    command = [sys.executable, "-m", "baseline_pipeline", "show", "nothing"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert done.returncode == 3
    assert done.stderr.startswith("error: no folder `assets`")
