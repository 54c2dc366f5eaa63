"""Causes of a change as the command line says them, and what it says of machines and releases to come."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

MODEL = """\
import numpy as np

W = np.array([1.2, -0.8, 0.5])


def predict(x, w=W):
    return 1 / (1 + np.exp(-(x[["a", "b", "c"]].to_numpy() @ w)))


class Fitted:
    def __init__(self, w):
        self.w = w

    def predict(self, x):
        return predict(x, self.w)


def fit(x, y, shrink=0.02):
    w = np.linalg.lstsq(x.to_numpy(), y.to_numpy() - 0.5, rcond=None)[0]
    return Fitted(w * shrink)


def stages(x, model):
    weights = model.__defaults__[0] if model.__defaults__ else W * np.array([1, 0.2, 1])
    return {"weighted": x * weights, "logit": x.to_numpy() @ weights}


def worse(x):
    return predict(x, W * np.array([1, 0.2, 1]))


def backwards(x):
    return predict(x, -W)
"""
CONTRACT = """\
type: baseline_pipeline.orchestration.MonitoredModel
attributes:
  name: loans
  task: binary_classification
  data:
    source: {parquet: data/rows.parquet}
    row_id: [id]
    label: y
    features: [{name: a}, {name: b}, {name: c}]
  model:
    function: "loans_model:predict"
    positive_class: 1
    stages: "loans_model:stages"
    training: {entry: "loans_model:fit", window: [2020-01-01, 2020-12-31], variants: [{shrink: 5}, {depth: 4}]}
  slices: [{by: [region], min_rows: 200}]
  profiles: [float32_input]
  metrics:
    - {metric: brier, margin: {absolute: 0.005}}
    - {metric: accuracy, role: guardrail, margin: {absolute: 0.02}}
"""


@pytest.fixture(scope="module")
def loans(tmp_path_factory):
    """A baseline; then a feed that breaks one feature, new rows, and a worse candidate, all at once."""
    from baseline_pipeline.orchestration.instance import make_dagster_home
    from baseline_pipeline.settings import load_settings
    from baseline_pipeline.workbench.iteration.deciding import establish
    from baseline_pipeline.workbench.iteration.pipeline import run
    from baseline_pipeline.workbench.promotions.gating import Asked, gate
    from baseline_pipeline.workbench.setup import make_home
    from baseline_pipeline.workbench.workbench import Workbench

    root = tmp_path_factory.mktemp("loans")
    (root / "assets" / "loans").mkdir(parents=True)
    (root / "assets" / "__init__.py").touch()
    (root / "assets" / "loans" / "defs.yaml").write_text(CONTRACT)
    (root / "loans_model.py").write_text(MODEL)
    (root / "data").mkdir()
    rng = np.random.default_rng(4)
    frame = pd.DataFrame(rng.normal(size=(9000, 3)), columns=["a", "b", "c"])
    frame["y"] = (rng.random(9000) < 1 / (1 + np.exp(-frame.to_numpy() @ np.array([1.2, -0.8, 0.5])))).astype(int)
    frame["id"], frame["region"] = np.arange(9000), rng.choice(["N", "S"], 9000)

    def typed(*words):
        command = [Path(sys.executable).with_name("baseline"), *words]
        return subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=200, check=False)

    frame[:7000].to_parquet(root / "data" / "rows.parquet", index=False)
    config = load_settings(root, environ={})
    make_home(config, [make_dagster_home])
    bench = Workbench(config)
    run(bench, "loans")
    establish(bench, bench.contract("loans"), actor="Ada", reason="measured as agreed")
    frame.loc[:3500, "a"] *= 0.2
    frame.to_parquet(root / "data" / "rows.parquet", index=False)
    assert gate(bench, bench.contract("loans"), Asked("loans_model:worse")).exit.code == 1
    sys.modules.pop("loans_model", None)
    return root, typed


def test_the_command_names_causes_features_and_what_to_do(loans):
    root, typed = loans

    done = typed("attribute", "loans", "--json", "--report", "why.html", "--profile", "float32_input")

    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert set(found["factors"]) == {"data_values", "population", "model", "infrastructure"}
    worst = found["shared"][0]
    assert worst["slice"] == "all"
    told = {one["factor"] for one in worst["contributions"] if one["found"] and one["harm"] > 0}
    assert told == {"data_values", "model"}
    assert sum(one["harm"] for one in worst["contributions"]) == pytest.approx(worst["harm"])
    assert [(one["feature"], one["rows"]) for one in found["features"]] == [("a", 3501)]
    assert "come from the" in found["sentence"]
    seen = {one["factor"]: one["rows"] for one in found["decided"] if (one["metric"], one["slice"]) == ("brier", "all")}
    assert seen == {"data_values": 3501, "population": 2000}
    assert "; figures are of all 9000 rows; the decision saw harm " in found["sentence"]
    assert " on the 2000 new rows alone" in found["sentence"]
    assert found["advice"].startswith(("repair the feed: a first", "keep the model that stood"))
    shrunk, wrong = found["variants"]["variants"]
    assert "unexpected keyword argument 'depth'" in wrong["failure"]
    assert shrunk["over_default"]["interval"][0] > 0
    assert shrunk["over_champion"]["interval"][0] > 0
    assert "; adjust: shrink 5 is better by" in found["advice"]
    stages = {factor: one["stages"] for factor, one in found["stages"].items()}
    assert set(stages) == {"model", "infrastructure"}
    assert [(one["stage"], one["difference"]["rows_changed"]) for one in stages["model"]] == [
        ("weighted", 9000),
        ("logit", 9000),
    ]
    assert [one["column"] for one in stages["model"][0]["columns"]] == ["b"]
    page = (root / "why.html").read_text()
    assert "first stage that differs (1 of 2): weighted: 9000 of 9000 rows differ" in page
    assert found["advice"] in page.replace("&#39;", "'")
    assert page.count("<svg") >= 4
    said = typed("attribute", "loans", found["decision"][:10], "--quiet").stdout
    assert "* model" in said
    assert typed("attribute", "loans", "ffff").returncode == 2
    assert typed("attribute", "loans", "--profile", "moon").returncode == 2


KILLED = """\
import os, signal, sys
from pathlib import Path
from baseline_pipeline.settings import load_settings
from baseline_pipeline.workbench.replays.attributing import attribute
from baseline_pipeline.workbench.replays.simulating import knobs_pair
from baseline_pipeline.workbench.workbench import Workbench

left, fsync = int(sys.argv[2]), os.fsync

def counted(descriptor):
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)  # what is to be kept is written, and not yet named
    fsync(descriptor)

os.fsync = counted
bench = Workbench(load_settings(Path(sys.argv[1]), environ={}), progress=lambda words: print(words, flush=True))
contract = bench.contract("loans")
attribute(bench, contract, knobs=knobs_pair(contract, "float32_input"))
"""


def test_an_attribution_that_is_killed_leaves_nothing_half_made_and_goes_on(loans, tmp_path):
    import shutil

    from baseline_pipeline.settings import load_settings
    from baseline_pipeline.workbench.replays.attributing import attribute
    from baseline_pipeline.workbench.replays.attributions import attribution_of
    from baseline_pipeline.workbench.replays.simulating import knobs_pair
    from baseline_pipeline.workbench.workbench import Workbench

    root, _ = loans
    copy = tmp_path / "loans"
    shutil.copytree(root, copy)
    for kind in ("worker_runs", "attributions", "attribution_of"):
        shutil.rmtree(copy / ".baseline" / "store" / "loans" / kind, ignore_errors=True)
    bench = Workbench(load_settings(copy, environ={}))
    decision = bench.events("loans")[-1].content["decision"]
    jobs = [0]

    for point in (1, 12, 10**6):
        done = subprocess.run(
            [sys.executable, "-c", KILLED, copy, str(point)], capture_output=True, text=True, timeout=200, check=False
        )
        kept = [body for body in bench.store.records("worker_runs", "loans") if body["trained"] is None]
        jobs.append(len(kept))  # every one is read and checked
        asked = sum(
            line.strip().startswith("scoring ") for line in done.stdout.splitlines()
        )  # one variant cannot train
        finished = done.returncode == 0
        assert finished or done.returncode == -signal.SIGKILL, done.stderr
        assert asked - (jobs[-1] - jobs[-2]) in ({0} if finished else {0, 1})  # what was finished is not done again
        assert (attribution_of(bench, "loans", decision) is not None) is finished

    assert finished
    assert jobs[1:] == sorted(set(jobs[1:])), jobs
    whole = Workbench(load_settings(root, environ={}))
    contract = whole.contract("loans")
    uninterrupted = attribute(whole, contract, knobs=knobs_pair(contract, "float32_input"))
    assert attribution_of(bench, "loans", decision) == uninterrupted


def test_simulated_machines_say_what_would_fire(loans):
    _, typed = loans

    done = typed("simulate", "loans", "--json")

    assert done.returncode == 0, done.stderr
    (found,) = json.loads(done.stdout)["profiles"]
    assert found["profile"] == "float32_input"
    assert found["difference"]["rows_changed"] > 6000
    assert 0 < found["difference"]["largest_absolute"] < 1e-5
    assert found["contrast"]["moved"] == "infrastructure"
    assert found["fires"] == []
    assert found["bottleneck"] in found["seconds"]
    words = typed("simulate", "loans", "--profile", "one_core", "--quiet").stdout
    assert "ACCEPT  7000 rows bit-identical" in words
    assert "no guardrail would fire" in words


def test_a_worse_candidate_is_stopped_on_its_way(loans):
    _, typed = loans

    done = typed("simulate", "loans", "--rollout", "loans_model:backwards", "--json")

    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["losses"] == ["brier", "accuracy"]
    rollout = found["rollout"]
    assert rollout["requests"] == 7000
    assert rollout["stopped"] == 1.0
    assert rollout["harmed"] < rollout["harmed_in_full"] / 10
    same = typed("simulate", "loans", "--rollout", "loans_model:predict", "--quiet").stdout
    assert "worse answers, had it gone through unlooked at: 0" in same
    assert "at 100% of the requests: 0 of 200 rollouts stop" in same
