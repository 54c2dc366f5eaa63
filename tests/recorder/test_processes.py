"""Forks, memory that stays bounded, and imports that stay light."""

import subprocess

import numpy as np
import pyarrow.parquet as pq

from baseline_pipeline.recorder import Recorder
from tests.recorder.reading import balanced, read, run_python

HEAVY = ("pandas", "scipy", "dagster", "mlflow", "pydantic", "pyarrow", "sklearn")


def test_a_forked_child_writes_files_of_its_own(tmp_path):
    program = """
        import os, sys
        from baseline_pipeline.recorder import Recorder
        recorder = Recorder(sys.argv[1], model="m")
        recorder.record("parent before")
        if sys.argv[2] == "flushed":
            recorder.flush()
        child = os.fork()
        recorder.record("child" if child == 0 else "parent after")
        facts = recorder.facts()
        if child == 0:
            sys.exit(facts.recorded != 1)
        assert os.waitpid(child, 0)[1] == 0
    """
    for when in ("flushed", "pending"):
        folder = tmp_path / when
        process = run_python(program, folder, when)

        assert process.wait(60) == 0
        by_process = {}
        for path in sorted(folder.iterdir()):
            names = pq.read_table(path).column("request_id").to_pylist()
            by_process.setdefault(path.name.split("-")[1], []).extend(names)
        assert sorted(by_process.values()) == [["child"], ["parent before", "parent after"]]


def test_forks_amid_recording_hang_nobody(tmp_path):
    program = """
        import os, sys, threading
        from baseline_pipeline.recorder import Recorder
        recorder = Recorder(sys.argv[1], model="m", rotate_seconds=0.02)
        stop = threading.Event()
        def work():
            while not stop.is_set():
                recorder.record("parent", features={"x": 1.0})
        threads = [threading.Thread(target=work, daemon=True) for _ in range(2)]
        for thread in threads:
            thread.start()
        for _ in range(10):
            child = os.fork()
            if child == 0:
                recorder.record("child")
                os._exit(not recorder.flush(30))
            assert os.waitpid(child, 0)[1] == 0
        stop.set()
        for thread in threads:
            thread.join()
    """
    assert run_python(program, tmp_path).wait(120) == 0

    names = [name for table in read(tmp_path) for name in table.column("request_id").to_pylist()]
    assert names.count("child") == 10


def test_rows_that_outgrow_the_memory_are_dropped_and_counted(tmp_path):
    (tmp_path / "taken").touch()
    recorder = Recorder(tmp_path / "taken", model="m", max_memory_mb=1)
    for k in range(5_000):
        recorder.record(k, extra={"text": f"{k}" * 1_000})
    recorder.record("large", extra={"embedding": np.zeros(10**6)})
    singles = recorder.facts()
    recorder.record_batch({"x": np.zeros(10**6)})
    facts = recorder.facts()
    recorder.close()

    assert 4_000 < singles.dropped_full < 5_001
    assert singles.pending * 1_000 < 2**20  # at least a thousand bytes a row
    assert facts.dropped_full - singles.dropped_full > 900_000
    assert balanced(facts)


def test_the_memory_stays_bounded_whatever_is_recorded(tmp_path):
    program = """
        import sys
        from pathlib import Path
        import numpy as np
        import pyarrow.parquet
        from baseline_pipeline.recorder import Recorder
        def memory():
            return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1e6
        with Recorder(sys.argv[1], model="m", max_memory_mb=20, reservoir=100_000 if sys.argv[2] == "yes" else None) as recorder:
            before = most = memory()
            for k in range(40_000):
                recorder.record(f"request-{k}", features={f"key {k % 3000}": k}, extra={"e": [k * 0.1] * 100, "t": f"{k}" * 50})
                if k % 100 == 0:
                    most = max(most, memory())
        print(most - before)
    """
    for sampled in ("no", "yes"):
        child = run_python(program, tmp_path / sampled, sampled, stdout=subprocess.PIPE, text=True)
        said, _ = child.communicate(timeout=120)

        assert float(said) < 60


def test_importing_the_recorder_loads_nothing_heavy():
    program = f"""
        import sys
        import baseline_pipeline.recorder
        print([name for name in {HEAVY} if name in sys.modules])
    """
    child = run_python(program, stdout=subprocess.PIPE, text=True)
    said, _ = child.communicate(timeout=60)

    assert said.strip() == "[]"


def test_writing_loads_no_pandas(tmp_path):
    program = """
        import sys
        from baseline_pipeline.recorder import Recorder
        with Recorder(sys.argv[1], model="m") as recorder:
            recorder.record("a", features={"x": 1.0, "y": "b", "z": 1}, score=0.5, extra={"e": [0.1, 0.2]})
            recorder.record("b", features={"x": None}, error=ValueError("no"))
        print(recorder.facts().written, "pyarrow" in sys.modules, "pandas" in sys.modules)
    """
    child = run_python(program, tmp_path, stdout=subprocess.PIPE, text=True)
    said, _ = child.communicate(timeout=60)

    assert said.split() == ["2", "True", "False"]
