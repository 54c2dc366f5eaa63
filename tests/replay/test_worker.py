"""The worker in this very environment: every kind of failure has its own code, and knobs reach the model."""

import datetime as dt
import sys
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from baseline_pipeline.adapters.environments import worker_loading
from baseline_pipeline.adapters.environments.built import Built
from baseline_pipeline.adapters.environments.job_files import write_rows
from baseline_pipeline.adapters.environments.knobs import Knobs
from baseline_pipeline.adapters.environments.running import FAILURES, run_job, run_jobs
from baseline_pipeline.adapters.environments.serving import serving
from baseline_pipeline.errors import EvidenceUnavailable

MODELS = """\
import os, sys, time
import numpy as np

def fine(rows):
    return rows["x"].to_numpy() * 2

def texts(rows):
    return [f"class {one}" for one in rows["g"]]

def broken(rows):
    raise ValueError("no such thing")

def infinite(rows):
    return np.where(rows["x"] > 0, np.inf, 0.0)

def short(rows):
    return [1.0]

def slow(rows):
    time.sleep(60)

def greedy(rows):
    return np.ones((20_000, 20_000)).sum() + rows["x"].to_numpy()

def dated(rows):
    import datetime, time
    stamp = [time.time(), time.time_ns() / 1e9, datetime.datetime.now().timestamp(), datetime.datetime.today().timestamp()]
    stamp += [time.mktime(time.localtime()), datetime.datetime.now(datetime.timezone.utc).timestamp()]
    dates = [time.strftime("%Y%m%d"), datetime.datetime.utcnow().strftime("%Y%m%d"), f"{datetime.date.today():%Y%m%d}"]
    stamp += [time.mktime(time.strptime(one, "%Y%m%d")) for one in dates]
    import pandas as pd
    old = pd.Timestamp("2020-02-02").to_pydatetime()
    assert isinstance(old, datetime.datetime) and issubclass(pd.Timestamp, datetime.datetime)
    assert not isinstance(datetime.date(2020, 2, 2), datetime.datetime)
    return np.tile(np.array(stamp) - os.stat("job.json").st_mtime, (len(rows), 1))

def full(rows):
    raise OSError(28, "No space left on device")

def gone(rows):
    os._exit(41)

def gone_quietly(rows):
    os._exit(0)

def leaving(rows):
    sys.exit(0)

def stages_leaving(model, rows):
    sys.exit(0)

def knobs(rows):
    said = [float(os.environ["OMP_NUM_THREADS"]), float(len(os.sched_getaffinity(0))), rows["x"].dtype.itemsize]
    said += [float(any(name.startswith(("BASELINE", "MLFLOW")) or "TOKEN" in name for name in os.environ))]
    return np.tile(said, (len(rows), 1))
"""

LACKING = """\
raise OSError("libgomp.so.1: cannot open shared object file: No such file or directory")
"""


@pytest.fixture
def here(tmp_path):
    """`ran(function)` scores ten rows in this environment."""
    (tmp_path / "things.py").write_text(MODELS)
    frame = pd.DataFrame({"x": np.linspace(-1, 1, 10), "g": list("aabbccddee"), "n": [None, *range(9)]})
    write_rows(pa.Table.from_pandas(frame), tmp_path / "rows")
    built = Built("0" * 64, Path(sys.prefix), {}, (), ())
    job = {"rows": str(tmp_path / "rows"), "columns": ["x", "g"], "wants": "scores", "project": str(tmp_path)}

    def ran(function, **knobs):
        artifact = function if isinstance(function, dict) else {"loader": "function", "function": f"things:{function}"}
        return run_job(built, {**job, "artifact": artifact}, Knobs(**knobs), tmp_path / "scratch")

    ran.built, ran.job, ran.folder = built, job, tmp_path
    return ran


def test_outputs_come_back_to_the_last_bit(here):
    found = here("fine", batch_rows=3)

    assert found.failure is None
    assert found.outputs.tolist() == (np.linspace(-1, 1, 10) * 2).tolist()
    assert len(found.facts["batch_ns"]) == 4
    assert "packages" not in found.facts  # to list them takes a fifth of a second, and nobody asks
    assert 20 < found.facts["peak_memory_mb"] < 400
    assert here("texts").outputs.tolist()[:3] == ["class a", "class a", "class b"]
    assert list((here.folder / "scratch").iterdir()) == []


@pytest.mark.parametrize("package", [False, True])
def test_a_module_in_src_is_found_unless_src_is_a_package_itself(here, package):
    (here.folder / "src").mkdir()
    (here.folder / "src" / "further.py").write_text("def half(rows):\n    return rows['x'].to_numpy() / 2\n")
    if package:
        (here.folder / "src" / "__init__.py").touch()
    found = here({"loader": "function", "function": "further:half"})

    assert found.failure == ("load" if package else None)
    assert package or found.outputs.tolist() == (np.linspace(-1, 1, 10) / 2).tolist()


def test_several_jobs_of_one_process_give_what_each_gives_alone_and_nothing_for_those_that_fail(here):
    names = ["fine", "broken", "texts", "gone", "fine"]
    jobs = [{**here.job, "artifact": {"loader": "function", "function": f"things:{name}"}} for name in names]
    folders = [here.folder / str(number) for number in range(len(jobs))]
    found = run_jobs(here.built, jobs, Knobs(), here.folder / "scratch", folders)

    assert [one if one is None else one.outputs.tolist() for one in found] == [
        here("fine").outputs.tolist(),
        None,
        here("texts").outputs.tolist(),
        None,
        None,  # never begun: the process was gone
    ]
    assert list((here.folder / "scratch").iterdir()) == []


@pytest.mark.parametrize(
    ("function", "kind", "words"),
    [
        ("absent", "load", "AttributeError: module 'things' has no attribute 'absent'"),
        ("broken", "predict", "ValueError: no such thing (in broken of things.py)"),
        ("infinite", "non_finite", "inf for row 5 (5 such rows)"),
        ("short", "predict", "1 outputs for 10 rows"),
        ("gone", "ended", "the process ended with exit code 41"),
        ("gone_quietly", "ended", "the process ended with exit code 0"),
        ("leaving", "predict", "SystemExit: 0 (in leaving of things.py)"),
        ({"loader": "pickle", "path": "/nowhere.pkl"}, "load", "FileNotFoundError"),
    ],
)
def test_each_failure_is_named(here, function, kind, words):
    found = here(function)

    assert found.failure == kind
    assert words in found.words


def test_scores_stand_where_the_function_of_stages_ends_the_process(here):
    here.job["stages"] = "things:stages_leaving"
    found = here("fine")

    assert found.failure is None
    assert "SystemExit: 0" in found.facts["stages_failure"]


def test_a_library_that_the_machine_lacks_is_named_with_the_package_that_brings_it(here):
    package = here.folder / "site-packages" / "lightgbm"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(LACKING)
    here.job["project"] = str(package.parent)

    found = here({"loader": "lightgbm", "path": str(here.folder / "model.txt")})

    assert found.failure == "load"
    assert found.facts["lacking"] == "libgomp.so.1"  # so that it is tried again
    assert found.words.startswith("LightGBM needs libgomp (apt install libgomp1): OSError: libgomp.so.1: cannot open")


XGBOOST = """\
import numpy as np

class DMatrix:
    def __init__(self, rows):
        self.rows = rows

class Booster:
    def predict(self, matrix):
        return matrix.rows["x"].to_numpy() + 1

Booster.__module__ = "xgboost.core"

def fit():
    return Booster()
"""


def test_a_booster_that_was_trained_is_given_its_own_kind_of_matrix(here):
    (here.folder / "xgboost.py").write_text(XGBOOST)
    rows = here.job["rows"]
    here.job |= {"train": {"entry": "xgboost:fit", "rows": rows, "label": "n"}}

    found = here("fine")

    assert found.outputs.tolist() == (np.linspace(-1, 1, 10) + 1).tolist()


def test_a_training_entry_may_name_files_relative_to_its_project(here):
    (here.folder / "scale.txt").write_text("3")
    lines = [
        "import numpy as np",
        "def fit(x, y):",
        "    by = float(open('scale.txt').read())",
        "    return lambda rows: rows['x'] * by",
    ]
    (here.folder / "relative.py").write_text("\n".join(lines))
    here.job |= {"train": {"entry": "relative:fit", "rows": here.job["rows"], "label": "n"}}

    found = here("fine")

    assert found.failure is None, found.words
    assert found.outputs.tolist() == (np.linspace(-1, 1, 10) * 3).tolist()


def test_a_training_entry_that_returns_nothing_is_named(here):
    (here.folder / "fruitless.py").write_text("def fit(x, y): x.sum()")
    here.job |= {"train": {"entry": "fruitless:fit", "rows": here.job["rows"], "label": "n"}}

    found = here("fine")

    assert found.failure == "train"
    assert found.words.startswith("fruitless:fit gave no model: NoneType has neither predict_proba nor predict")


def test_skops_types_are_trusted_only_where_someone_vouches_for_them(here):
    import skops.io
    from sklearn.ensemble import HistGradientBoostingClassifier

    from baseline_pipeline.adapters.models.artifact import file_artifact

    model = HistGradientBoostingClassifier(max_iter=2).fit(np.arange(40.0)[:, None], np.arange(40) > 20)
    file = here.folder / "model.skops"
    skops.io.dump(model, file)
    here.job["columns"] = ["x"]

    refused = here(file_artifact(file, allow_pickle=False))
    taken = here(file_artifact(file, allow_pickle=True))

    assert refused.failure == "load"
    assert "UntrustedTypesFoundException" in refused.words
    assert taken.failure is None


def test_a_column_that_is_not_there_is_a_matter_of_the_schema(here):
    here.job["columns"] = ["x", "absent"]

    assert here("fine").failure == "schema"


@pytest.mark.parametrize(
    ("missing", "columns", "words"),
    [
        (("pyarrow.parquet", "pandas", "numpy"), ["x"], "this environment has no numpy, which the worker"),
        (("pyarrow.parquet", "pandas"), ["x", "g"], "has no pandas, .*; other columns: g$"),
    ],
)
def test_a_package_that_rows_cannot_be_handed_over_without_is_named(missing, columns, words, here, monkeypatch):
    for name in missing:
        monkeypatch.setitem(sys.modules, name, None)

    with pytest.raises(worker_loading.Failed, match=words) as failed:
        worker_loading.read_rows(here.job["rows"], columns)

    assert FAILURES[failed.value.code] == "packages"


def test_a_model_that_fails_on_rows_without_names_is_told_with_the_package_that_names_them(here, monkeypatch):
    for name in ("pyarrow.parquet", "pandas"):
        monkeypatch.setitem(sys.modules, name, None)
    rows = worker_loading.read_rows(here.job["rows"], ["x"])

    assert rows.shape == (10, 1)
    assert worker_loading.given(rows) == "; rows were given as an array: this environment has no pandas"


def test_time_and_memory_are_bounded(here):
    assert here("slow", seconds=6).failure == "time"
    assert here("greedy", memory_mb=3000).failure == "memory"


def test_what_could_move_a_bit_is_pinned_and_secrets_stay_outside(here, monkeypatch):
    monkeypatch.setenv("BASELINE_HOME", "/somewhere")
    monkeypatch.setenv("CLOUD_TOKEN", "secret")

    found = here("knobs", threads=1, cores=(0,), float32=True)

    assert found.outputs[0].tolist() == [1.0, 1.0, 4.0, 0.0]
    assert found.facts["pinned"]["PYTHONHASHSEED"] == "0"


def test_a_clock_that_is_ahead_is_ahead_wherever_python_asks(here):
    found = here("dated", clock_s=400 * 86_400.0)

    assert found.failure is None, found.words
    assert found.outputs[0] == pytest.approx(np.full(9, 400 * 86_400.0), abs=2 * 86_400)


def test_every_file_of_the_worker_travels_with_it():
    from baseline_pipeline.adapters.environments import worker

    assert {one.name for one in Path(worker.__file__).parent.glob("worker*.py")} == set(worker.SCRIPTS)


def test_rows_without_pyarrow_and_pandas(here, monkeypatch):
    rows = str(here.folder / "rows")
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    frame = worker_loading.read_rows(rows, ["x", "g", "n"])
    assert frame["g"].tolist() == list("aabbccddee")
    assert frame["n"].isna().tolist() == [True] + [False] * 9
    monkeypatch.setitem(sys.modules, "pandas", None)
    assert worker_loading.read_rows(rows, ["x", "n"]).shape == (10, 2)
    with pytest.raises(worker_loading.Failed, match="other columns: g"):
        worker_loading.read_rows(rows, ["x", "g"])


def test_every_kind_of_column_is_the_same_without_pyarrow(tmp_path, monkeypatch):
    from baseline_pipeline.adapters.environments import worker_loading

    moments = [1_577_836_800_000, None, 1_609_459_200_000]
    table = pa.table(
        {
            "number": pa.array([1, None, 3]),
            "truth": pa.array([True, None, False]),
            "text": pa.array(["a", None, "c"]),
            "kind": pa.array(["x", None, "y"]).dictionary_encode(),
            "day": pa.array([dt.date(2020, 1, 2), None, dt.date(1969, 5, 1)]),
            "moment": pa.array(moments, pa.timestamp("ms")),
            "zoned": pa.array(moments, pa.timestamp("ms", "Europe/Berlin")),
            "single": pa.array([1.5, None, 2], pa.float32()),
        }
    )
    write_rows(table.append_column("price", pa.array([Decimal("1.1")] * 3)), tmp_path)
    before = worker_loading.read_rows(str(tmp_path), table.column_names)
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    after = worker_loading.read_rows(str(tmp_path), table.column_names)

    pd.testing.assert_frame_equal(before, after)
    with pytest.raises(worker_loading.Failed, match="only for environments with pyarrow: price"):
        worker_loading.read_rows(str(tmp_path), ["text", "price"])


def test_a_full_disk_says_nothing_of_an_environment(here):
    job = {**here.job, "artifact": {"loader": "function", "function": "things:full"}}
    with pytest.raises(EvidenceUnavailable, match=r"found no room: OSError: .*No space left"):
        run_job(here.built, job, Knobs(), here.folder / "scratch")


def test_a_server_answers_blocks_until_it_is_left(here):
    job = {**here.job, "artifact": {"loader": "function", "function": "things:fine"}}
    with serving(here.built, job, Knobs(), here.folder / "scratch") as server:
        assert 0 < server.seconds(0, 5) < 1
        assert 0 < server.seconds(5, 5) < 1


def test_what_a_killed_process_left_is_tidied_away(here):
    import os
    import time

    scratch = here.folder / "scratch"
    for name, age in (("job-old", 2), ("model-old", 2), ("job-young", 0)):
        (scratch / name).mkdir(parents=True)
        when = time.time() - age * 86_400
        os.utime(scratch / name, (when, when))
    (scratch / "job-old.npy").touch()
    os.utime(scratch / "job-old.npy", (0, 0))

    here("fine")

    assert [one.name for one in scratch.iterdir()] == ["job-young"]
