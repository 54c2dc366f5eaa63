"""Disks that are full, slow or gone, and processes that are killed: whole files or none."""

import errno
import os
import random
import signal
import subprocess
import threading
import time

import pytest

from baseline_pipeline.recorder import Recorder
from tests.recorder.reading import one_file, read, run_python


def test_a_folder_that_cannot_be_written_is_a_fact_not_an_exception(tmp_path):
    (tmp_path / "taken").write_text("a file where the folder should be")
    recorder = Recorder(tmp_path / "taken", model="m")
    recorder.record("a")
    flushed = recorder.flush()
    before = recorder.facts()
    recorder.close()
    after = recorder.facts()

    assert not flushed
    assert (before.written, before.pending, before.failed) == (0, 1, 0)
    assert (after.written, after.pending, after.failed) == (0, 0, 1)
    assert "taken" in after.last_error


@pytest.mark.parametrize("reservoir", [None, 10])
def test_rows_wait_while_the_disk_is_full_and_are_written_when_it_is_not(tmp_path, monkeypatch, reservoir):
    from baseline_pipeline.recorder import files

    def full(_descriptor):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    recorder = Recorder(tmp_path, model="m", reservoir=reservoir)
    with monkeypatch.context() as patched:
        patched.setattr(files.os, "fsync", full)
        recorder.record("a")
        flushed = recorder.flush()
        left = list(tmp_path.iterdir())
    recorder.record("b")
    recorder.close()
    names = [name for table in read(tmp_path) for name in table.column("request_id").to_pylist()]

    assert not flushed
    assert left == []
    assert "No space left" in recorder.facts().last_error
    assert names == ["a", "b"]
    assert recorder.facts().failed == 0


def test_on_a_disk_too_small_the_service_goes_on(tmp_path):
    program = """
        import resource, sys
        from baseline_pipeline.recorder import Recorder
        import pyarrow.parquet
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
        with Recorder(sys.argv[1], model="m", max_memory_mb=2) as recorder:
            for k in range(20_000):
                recorder.record(f"request-{k}", features={"x": k * 0.1})
        facts = recorder.facts()
        print(facts.written, facts.pending, facts.failed > 0, facts.dropped_full > 0, "File too large" in facts.last_error)
    """
    child = run_python(program, tmp_path, stdout=subprocess.PIPE, text=True)
    said, _ = child.communicate(timeout=60)

    assert said.split() == ["0", "0", "True", "True", "True"]
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_removed_comes_back(tmp_path):
    folder = tmp_path / "requests"
    with Recorder(folder, model="m") as recorder:
        recorder.record("a")
        recorder.flush()
        for path in folder.iterdir():
            path.unlink()
        folder.rmdir()
        recorder.record("b")

    assert one_file(folder).column("request_id").to_pylist() == ["b"]


def test_leftovers_of_dead_processes_are_removed_and_of_living_ones_kept(tmp_path):
    gone = run_python("pass")
    gone.wait()
    dead = tmp_path / f".20260101T000000.000000Z-{gone.pid}-000001.parquet.partial"
    former = tmp_path / f".20260101T000000.000000Z-{os.getpid()}-000001.parquet.partial"
    alive = tmp_path / f".20260101T000000.000000Z-{os.getppid()}-000001.parquet.partial"
    other = tmp_path / "notes.txt"
    for path in (dead, former, alive, other):
        path.touch()
    with Recorder(tmp_path, model="m") as recorder:
        recorder.record("a")

    assert [path.exists() for path in (dead, former, alive, other)] == [False, False, True, True]


def test_a_process_killed_at_any_time_leaves_only_whole_files(tmp_path):
    program = """
        import sys
        from baseline_pipeline.recorder import Recorder
        recorder = Recorder(sys.argv[1], model="m", rotate_seconds=0.02)
        recorder.record("first")
        recorder.flush()
        print("going", flush=True)
        k = 0
        while True:
            recorder.record(f"request-{k}", features={"x": k * 0.1, "y": "text"}, extra={"e": [0.1] * 50})
            k += 1
    """
    moments = random.Random(5)
    rows = 0
    for _ in range(10):
        child = run_python(program, tmp_path, stdout=subprocess.PIPE, text=True)
        child.stdout.readline()
        time.sleep(moments.uniform(0.0, 0.3))
        child.send_signal(signal.SIGKILL)
        child.wait()
        child.stdout.close()
        tables = read(tmp_path)
        now = sum(table.num_rows for table in tables)

        assert now > rows
        rows = now
    with Recorder(tmp_path, model="m") as recorder:
        recorder.record("last")

    assert not list(tmp_path.glob(".*"))


def test_what_waits_is_written_as_the_process_exits(tmp_path):
    program = """
        import sys
        from baseline_pipeline.recorder import Recorder
        recorder = Recorder(sys.argv[1], model="m")
        recorder.record("a")
    """

    assert run_python(program, tmp_path).wait(60) == 0
    assert one_file(tmp_path).column("request_id").to_pylist() == ["a"]


def test_closing_ends_within_its_time_though_the_disk_hangs(tmp_path, monkeypatch):
    from baseline_pipeline.recorder import files

    released = threading.Event()
    monkeypatch.setattr(files.os, "fsync", lambda _descriptor: released.wait(30))
    recorder = Recorder(tmp_path, model="m")
    recorder.record("a")
    started = time.monotonic()
    recorder.close(0.2)
    took = time.monotonic() - started
    pending = recorder.facts().pending
    released.set()

    assert took < 20
    assert pending == 1
