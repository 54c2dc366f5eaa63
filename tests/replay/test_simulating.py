"""Other machines: what fails there is no pass, what cannot be simulated is neither, and the baseline knows both."""

import json
import platform
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from baseline_pipeline.adapters.environments import standing_in
from baseline_pipeline.adapters.environments.knobs import Knobs
from baseline_pipeline.adapters.environments.standing_in import lacks
from baseline_pipeline.replay.profiles import PROFILES, Profile
from baseline_pipeline.timing import PairedTimes
from baseline_pipeline.workbench.inspection.foreseen import foreseen
from baseline_pipeline.workbench.inspection.sensing import sensitivity
from baseline_pipeline.workbench.replays import simulating
from baseline_pipeline.workbench.replays.opening import open_replaying
from baseline_pipeline.workbench.replays.simulated import simulation_lines
from baseline_pipeline.workbench.replays.simulating import simulate

ODD = """\
import datetime

import numpy as np


def right(features):
    return (1 / (1 + np.exp(-features["x"]))).to_numpy()


def greedy(features):
    return right(features) + 0 * np.zeros(700_000_000)[0]


def dated(features):
    return right(features) if datetime.datetime.now().year < 2027 else 1 - right(features)


CALLS = []


def flaky(features):
    CALLS.append(1)
    if len(CALLS) > 3:
        raise ConnectionError("the feature store is gone")
    return right(features)


def restless(features):
    return np.clip(right(features) + 1e-4 * np.random.default_rng().normal(size=len(features)), 0, 1)
"""


@pytest.fixture
def odd(project):
    (project.root / "odd_model.py").write_text(ODD.replace("2027", "9999"))
    yield project
    sys.modules.pop("odd_model", None)


def typed(project, *words):
    quiet = [] if words[0] == "show" else ["--quiet"]
    command = [Path(sys.executable).with_name("baseline"), *words, *quiet]
    return subprocess.run(command, cwd=project.root, capture_output=True, text=True, timeout=300, check=False)


def simulated(project, profile, function="right", said=None):
    bench = project.bench()
    bench.progress = (lambda _: None) if said is None else said.append
    contract = bench.contract("small")
    (one,) = simulate(open_replaying(bench, contract, candidate=f"odd_model:{function}"), [profile]).profiles
    return one


def test_a_model_that_fails_on_a_machine_is_rejected_there(odd):
    done = typed(odd, "simulate", "small", "--candidate", "odd_model:greedy", "--profile", "little_memory")

    assert done.returncode == 1, done.stderr
    assert "REJECT (severe)  the stored model fails (memory) in little_memory" in done.stdout


def test_a_guardrail_that_would_fire_ends_with_one(odd):
    import datetime as dt

    (odd.root / "odd_model.py").write_text(ODD.replace("2027", str(dt.datetime.now(dt.UTC).year + 1)))

    done = typed(
        odd, "simulate", "small", "--candidate", "odd_model:dated", "--profile", "late_clock", "--profile", "one_core"
    )

    assert done.returncode == 1, done.stderr
    assert "would fire: brier, brier[group=a]" in done.stdout
    assert "DEGRADED brier" in done.stdout
    assert "ACCEPT  1500 rows bit-identical" in done.stdout


def test_what_this_machine_cannot_stand_for_is_neither_good_nor_bad(odd, monkeypatch):
    words = lacks(Profile(why="elsewhere", variables=(("LC_ALL", "xx_XX.UTF-8"),)))
    assert "this machine has no locale xx_XX.UTF-8" in words
    assert not lacks(Profile(why="here", variables=(("LC_ALL", "C"),)))
    monkeypatch.setattr(standing_in.platform, "machine", lambda: "aarch64")
    bench = odd.bench()
    contract = bench.contract("small")

    found = simulate(open_replaying(bench, contract), ["no_simd", "float32_input"])

    assert [one.ending for one in found.profiles] == ["evidence_missing", "accept_noted"]
    assert found.exit_code == 3
    assert "instructions of x86-64, and this machine is aarch64" in found.profiles[0].words


@pytest.mark.skipif(platform.machine().lower() not in {"x86_64", "amd64"}, reason="instructions of x86-64")
def test_numpy_takes_no_wide_instructions_where_a_profile_says_so(monkeypatch):
    """Numpy passes over names that it does not know, and scored as ever."""
    assert standing_in._still_wide() == ""
    assert "X86_V3" in Knobs(simd=False).body()["simd"]  # what was scored with others is not taken for it
    assert not lacks(PROFILES["no_simd"])
    monkeypatch.setattr(standing_in, "_still_wide", lambda: "X86_V5")

    assert "numpy takes X86_V5 all the same" in lacks(PROFILES["no_simd"])
    assert "numpy takes X86_V5 all the same" in lacks(PROFILES["old_processor"])


def test_what_nobody_named_and_cannot_be_run_is_told_and_decides_nothing(odd, monkeypatch):
    monkeypatch.setattr(standing_in.platform, "machine", lambda: "aarch64")
    monkeypatch.setattr(simulating, "PROFILES", {name: PROFILES[name] for name in ("no_simd", "float32_input")})
    bench = odd.bench()
    work = open_replaying(bench, bench.contract("small"))

    found = simulate(work)

    assert [(one.profile, one.run) for one in found.profiles] == [("no_simd", False), ("float32_input", True)]
    assert found.exit_code == 0
    assert "  NOT RUN  cannot be simulated here: these are instructions of x86-64" in "\n".join(simulation_lines(found))
    monkeypatch.setattr(simulating, "PROFILES", {"no_simd": PROFILES["no_simd"]})
    assert simulate(work).exit_code == 3  # nothing was run


def test_what_a_model_differs_by_from_itself_is_not_the_machines_doing(odd):
    found = simulated(odd, "one_core", "restless")

    assert found.contrast.replay_difference > 0
    assert found.ending in {"accept", "accept_noted"}


def test_a_model_that_cannot_be_timed_is_not_accepted(odd):
    defs = odd.root / "assets" / "small" / "defs.yaml"
    timed = "metrics:\n    - {metric: latency_p95, role: guardrail, margin: {relative: 0.5}}"
    defs.write_text(defs.read_text().replace("metrics:", timed))

    said = []
    found = simulated(odd, "remote_features", "flaky", said)

    assert "profile 1 of 1: remote_features (features fetched over a network: 5 ms, up to 5 ms more)" in said
    assert "timing the machine as it is and remote_features in turn, sitting 1 of 16 at the most" in said
    assert found.ending == "evidence_missing"
    assert "a worker that was timed ended" in found.words
    assert found.difference.identical


def test_a_remote_call_is_a_stage_of_its_own(odd, monkeypatch):
    slow = Profile(why="longer than any answer takes here", delay_ms=400)
    monkeypatch.setitem(PROFILES, "remote_features", slow)

    found = simulated(odd, "remote_features")

    before, after = found.seconds["remote call"]
    assert before == 0
    assert after >= 0.4
    assert found.bottleneck == "remote call"
    assert not {"read rows", "stages"} & set(found.seconds)


def test_what_single_requests_wait_for_is_most_of_an_answer_though_all_rows_at_once_hardly_wait():
    seconds, remote = {"load": 9.0, "predict": 0.04, "remote call": 0.008}, PROFILES["remote_features"]
    quick, slow = (PairedTimes(np.full(3, each), np.full(3, each + 0.0075)) for each in (0.002, 0.02))

    assert simulating.bottleneck(seconds, remote, quick) == "remote call"
    assert simulating.bottleneck(seconds, remote, slow) == "predict"
    assert simulating.bottleneck(seconds, PROFILES["one_core"], quick) == "predict"
    assert simulating.bottleneck(seconds, remote, None) == "predict"


def test_a_profile_that_moves_nothing_says_so(odd):
    found = simulated(odd, "slow_disk")

    assert found.ending == "accept"
    assert "none of its files is read" in found.note


def test_the_baseline_knows_what_it_would_not_see_and_where_it_would_fire(odd):
    odd.run()
    odd.establish()
    before = typed(odd, "show", "small@1")
    bench = odd.bench()
    contract = bench.contract("small")
    sensitivity(bench, contract, ["stale_feature", "label_delay", "text_typos"])
    simulate(open_replaying(bench, contract), ["float32_input"])

    found = json.loads(typed(odd, "show", "small", "--json").stdout)["foreseen"]
    words = typed(odd, "show", "small@1").stdout

    assert "which damage it would see is not known yet: `baseline power small --sensitivity`" in before.stdout
    assert {one["scenario"]: one["dose"] is None for one in found["scenarios"]} == {
        "stale_feature": False,
        "label_delay": True,
    }
    assert [one["profile"] for one in found["machines"]] == ["float32_input"]
    assert "damage it would not see: label_delay" in words
    assert "on float32_input: no guardrail would fire" in words
    defs = odd.root / "assets" / "small" / "defs.yaml"
    defs.write_text(defs.read_text().replace("absolute: 0.01", "absolute: 0.02"))
    bench = odd.bench()
    assert not foreseen(bench, bench.contract("small"), bench.baseline("small")).scenarios  # of another margin
