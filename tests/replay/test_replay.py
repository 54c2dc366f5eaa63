"""Real lockfiles, real environments: what loads, what differs, who did it."""

import errno
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from baseline_pipeline.adapters.environments import room, uv
from baseline_pipeline.environment.installable import installable

PAIR = ("--lock", "old.lock", "--lock", "new.lock")
TRAIN = """\
import sys; sys.path.insert(0, sys.argv[1])
import joblib, numpy as np, credit_model
rng = np.random.default_rng(2); x = rng.normal(size=(3000, 4)); y = (x[:, 1] > x[:, 0]).astype(int)
joblib.dump(credit_model.boosted(x, y), sys.argv[1] + "/boosted.joblib")
joblib.dump(credit_model.forest(x, y), sys.argv[1] + "/forest.joblib")
"""


@pytest.fixture(scope="module")
def replayed(credit):
    """The first replay, which builds both environments and trains under both."""
    done = credit.typed("replay", "credit", *PAIR, "--json")
    assert done.stdout, done.stderr
    old = environment(credit, "1.5.2")
    subprocess.run([old / "bin" / "python", "-c", TRAIN, credit.root], check=True)
    return json.loads(done.stdout), done


def environment(credit, version):
    return next(
        marker.parent
        for marker in credit.environments.glob("*/environment.json")
        if json.loads(marker.read_text())["packages"].get("scikit-learn") == version
    )


def test_what_is_trained_anew_is_compared_row_by_row(replayed, credit):
    found, done = replayed
    how = {trial["how"]: trial for trial in found["trials"]}

    assert done.returncode == 0, done.stderr
    assert how["artifact"]["ending"] == "accept"
    assert how["artifact"]["why"] == "6000 rows bit-identical"
    anew = how["retrained"]
    assert anew["noise"]["rows_changed"] == 0
    assert anew["ending"] == "accept_noted"
    assert f"{anew['contrast']['changes']['decisions_changed']} decisions changed" in anew["why"]
    assert anew["contrast"]["changes"]["decisions_changed"] > 0
    assert how["way_back"]["ending"] == "accept"
    assert "from version 1.9.1 when using version 1.5.2" in how["way_back"]["new"]["warnings"][0]
    assert found["moved"][0] == "narwhals 2.9.0: new"
    assert anew["old"]["pinned"]["OMP_NUM_THREADS"] == "1"


def test_a_model_that_does_not_load_is_an_outcome_of_its_own_and_the_package_is_named(replayed, credit):
    done = credit.typed("replay", "credit", *PAIR, "--artifact", "boosted.joblib", "--no-retrain", "--bisect", "--json")

    assert done.returncode == 1
    found = json.loads(done.stdout)
    (trial,) = found["trials"]
    assert (trial["new"]["failure"], trial["tier"]) == ("load", "severe")
    assert "does not load in new.lock: ModuleNotFoundError: No module named '_loss'" in found["why"]
    (guilty,) = found["bisection"]["guilty"]
    assert found["bisection"]["asked"] >= 4  # all at once, the suspect, and versions in between
    assert (guilty["package"], guilty["last_same"][:3], guilty["first_different"]) == ("scikit-learn", "1.5", "1.6.0")


def test_trees_are_the_same_to_the_last_bit_and_nothing_is_built_twice(replayed, credit):
    done = credit.typed("replay", "credit", *PAIR, "--artifact", "forest.joblib", "--no-retrain")

    assert done.returncode == 0, done.stdout
    assert done.stdout.startswith("ACCEPT  credit version")
    assert "6000 rows bit-identical" in done.stdout
    assert "warns now: InconsistentVersionWarning" in done.stdout
    assert "building" not in done.stderr


def test_a_lockfile_that_cannot_be_built_names_the_package_and_leaves_nothing(credit):
    before = set(credit.environments.iterdir()) if credit.environments.exists() else set()
    (credit.root / "wrong.lock").write_text("numpy==2.1.3\nscikit-learn==99.1\n")

    done = credit.typed("replay", "credit", "--lock", "wrong.lock", "--lock", "new.lock")

    assert done.returncode == 3
    assert "scikit-learn==99.1" in done.stderr
    assert f"all that uv said: {credit.environments}" in done.stderr
    after = {one for one in credit.environments.iterdir() if one.suffix not in {".lock", ".log"}}
    assert after <= before | {environment(credit, "1.9.1")}
    assert credit.typed("replay", "credit", "--lock", "absent.lock", "--lock", "new.lock").returncode == 3
    assert credit.typed("replay", "credit", "--lock", "new.lock").returncode == 2


BUILD = """\
import sys
from pathlib import Path
from baseline_pipeline.adapters.environments.uv import build
from baseline_pipeline.environment.installable import installable
built = build(installable("tiny.lock", "six==1.16.0\\n"), Path(sys.argv[1]), name="tiny.lock", progress=lambda one: print(one, flush=True))
print("there", built.packages["six"], flush=True)
"""


def start(root):
    return subprocess.Popen([sys.executable, "-c", BUILD, root], stdout=subprocess.PIPE, text=True)


def test_a_build_that_was_killed_is_begun_anew_and_two_at_once_share_one(tmp_path):
    first = start(tmp_path)
    assert "building" in first.stdout.readline()
    first.send_signal(signal.SIGKILL)
    first.wait()
    assert not list(tmp_path.glob("*/environment.json"))

    both = [start(tmp_path) for _ in range(2)]
    said = "".join(one.communicate(timeout=120)[0] for one in both)

    assert said.count("there 1.16.0") == 2
    assert said.count("building the environment of tiny.lock: 1 package") == 1
    assert len(list(tmp_path.glob("*/environment.json"))) == 1
    assert len([one for one in tmp_path.iterdir() if one.suffix != ".lock"]) == 1


def test_who_waits_for_the_build_of_another_process_is_told_so(tmp_path, monkeypatch):
    wanted, told = installable("tiny.lock", "six==1.16.0\n"), []
    monkeypatch.setattr(uv, "PATIENCE", 0.1)
    monkeypatch.setattr(uv, "make_room", lambda *_, **__: build_again())

    def build_again():
        uv.build(wanted, tmp_path, name="tiny.lock", progress=told.append)

    with pytest.raises(uv.NotBuilt, match="another process has been building the environment of tiny"):
        build_again()

    assert told == ["another process is building the environment of tiny.lock: waiting"]


def test_old_environments_make_room(tmp_path):
    process = start(tmp_path)
    process.communicate(timeout=120)
    (marker,) = tmp_path.glob("*/environment.json")
    long_ago = time.time() - 90 * 86_400
    os.utime(marker, (long_ago, long_ago))
    for killed in ("0123456789abcdef01234567-77", "fedcba9876543210fedcba98", "mine"):
        (tmp_path / killed / "lib").mkdir(parents=True)
    (tmp_path / "0123456789abcdef01234567-77.txt").touch()
    code = BUILD.replace("1.16.0", "1.17.0")

    subprocess.run([sys.executable, "-c", code, tmp_path], check=True, capture_output=True)

    assert not marker.exists()
    assert not Path(marker.parent).exists()
    assert len(list(tmp_path.glob("*/environment.json"))) == 1
    assert len([one for one in tmp_path.iterdir() if one.suffix != ".lock"]) == 2, (
        "one environment, and what is not ours"
    )


def test_what_an_environment_takes_is_counted_once(tmp_path, monkeypatch):
    uv.build(installable("tiny.lock", "six==1.16.0\n"), tmp_path, name="tiny.lock")
    (marker,) = tmp_path.glob("*/environment.json")
    noted = json.loads(marker.read_text())["bytes"]
    monkeypatch.setattr(room, "size_of", lambda folder: pytest.fail(f"{folder} was counted again"))

    room.make_room(tmp_path, keep=tmp_path / "none")

    assert 10_000 < noted < 10_000_000


def test_a_full_disk_is_said_and_leaves_nothing(tmp_path, monkeypatch):
    def full(*_args, **_more):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "rename", full)
    with pytest.raises(uv.NotBuilt, match="No space left on device"):
        uv.build(installable("tiny.lock", "six==1.16.0\n"), tmp_path, name="tiny.lock")

    assert [one.suffix for one in tmp_path.iterdir()] == [".lock"]


def test_a_replay_that_was_killed_goes_on_where_it_stopped(replayed, credit):
    command = [Path(sys.executable).with_name("baseline"), "replay", "credit", "--no-retrain"]
    options = ["--lock", "new.lock", "--lock", "old.lock"]
    first = subprocess.Popen([*command, *options], cwd=credit.root, stderr=subprocess.PIPE, text=True)
    for line in first.stderr:
        if "once more" in line:
            break
    first.kill()
    first.wait()

    done = credit.typed(*command[1:], *options)

    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("ACCEPT  credit version")
    assert [line.split("  ")[-1] for line in done.stderr.splitlines() if "scoring" in line] == [
        "scoring 6000 rows with new.lock once more"
    ]
    assert "building" not in done.stderr
