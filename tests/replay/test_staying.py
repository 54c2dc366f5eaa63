"""A worker that stays: no silence is waited for without end, and what a model prints is none of its answers."""

import json
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from baseline_pipeline.adapters.environments import staying
from baseline_pipeline.adapters.environments.built import Built
from baseline_pipeline.adapters.environments.job_files import facts_in, write_rows
from baseline_pipeline.adapters.environments.knobs import Knobs
from baseline_pipeline.adapters.environments.remote import RemoteModel
from baseline_pipeline.adapters.environments.serving import serving
from baseline_pipeline.adapters.environments.staying import StayingWorker
from baseline_pipeline.errors import EvidenceUnavailable, ModelFailed

HERE = Built("0" * 64, Path(sys.prefix), {}, (), ())
MODEL = """\
import os, sys, time
print("weights are read")
os.write(1, b"a library in C says so, too\\n")

def fine(rows):
    print("asked")
    return rows["x"].to_numpy() * 2

def stuck(rows):
    time.sleep(60)

def leaving(rows):
    os._exit(3)
"""


@pytest.fixture
def job(tmp_path):
    """The job of a function of this project, by its reference."""
    (tmp_path / "talker.py").write_text(MODEL)
    (tmp_path / "sleeper.py").write_text("import time\ntime.sleep(60)\ndef fine(rows): return rows['x']\n")
    write_rows(pa.table({"x": np.linspace(-1, 1, 10)}), tmp_path / "rows")

    def named(reference):
        artifact = {"loader": "function", "function": reference}
        told = {"columns": ["x"], "wants": "scores", "project": str(tmp_path), "artifact": artifact}
        return {**told, "rows": str(tmp_path / "rows")}

    return named


def test_what_a_model_prints_is_no_answer(job, tmp_path):
    with serving(HERE, job("talker:fine"), Knobs(), tmp_path) as server:
        assert 0 < server.seconds(0, 5) < 5
    model = RemoteModel(HERE, job("talker:fine"), Knobs(), tmp_path)
    assert model.predict(pd.DataFrame({"x": [1.0, 2.0]})).tolist() == [2.0, 4.0]


def test_a_model_that_is_never_ready_or_never_answers_ends_in_words_and_in_time(job, tmp_path):
    short, asked = Knobs(seconds=3), time.monotonic()
    words = r"said nothing for 3 s \(environment.job_time\)"
    with pytest.raises(EvidenceUnavailable, match=words), serving(HERE, job("sleeper:fine"), short, tmp_path):
        pass
    with pytest.raises(EvidenceUnavailable, match=words) as late:
        RemoteModel(HERE, job("sleeper:fine"), short, tmp_path)
    assert not isinstance(late.value, ModelFailed)  # nothing is known of the model
    with pytest.raises(EvidenceUnavailable, match=words), serving(HERE, job("talker:stuck"), short, tmp_path) as server:
        server.seconds(0, 5)
    assert time.monotonic() - asked < 40
    assert not list(tmp_path.glob("job-*"))


def test_a_model_that_ends_the_process_is_told(job, tmp_path):
    with serving(HERE, job("talker:leaving"), Knobs(), tmp_path) as server:
        for _ in range(2):
            with pytest.raises(EvidenceUnavailable, match="ended before it said a time"):
                server.seconds(0, 5)


LATE = """
import os, sys, time
os.close(1)
time.sleep(0.5)
open("facts.json", "w").write(sys.argv[1])
"""


def test_a_worker_that_fails_has_left_its_reason_when_it_is_heard_to_have_ended(tmp_path, monkeypatch):
    failed = json.dumps({"failure": "no such column"})
    monkeypatch.setattr(staying, "written", lambda *_: [sys.executable, "-c", LATE, failed])
    worker = StayingWorker(HERE, {}, Knobs(), tmp_path)
    try:
        assert worker.heard() == ""
        assert facts_in(tmp_path) == {"failure": "no such column"}
    finally:
        worker.end()
