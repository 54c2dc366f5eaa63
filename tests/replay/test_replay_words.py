"""What to do after a replay: a search is proposed where it would say more."""

from types import SimpleNamespace

import numpy as np
import pytest

from baseline_pipeline.environment.installable import Installable
from baseline_pipeline.environment.lock import Lock
from baseline_pipeline.replay.numeric_difference import numeric_difference
from baseline_pipeline.replay.outcome import Trial, ended
from baseline_pipeline.report.replay_text import trial_lines
from baseline_pipeline.workbench.replays import bisecting
from baseline_pipeline.workbench.replays.bisecting import Bisection, Guilty, bisect
from baseline_pipeline.workbench.replays.dependency_replay import EnvironmentSeen, Replay
from baseline_pipeline.workbench.replays.locked import Locked
from baseline_pipeline.workbench.replays.replayed import replay_lines


def seen(python):
    return EnvironmentSeen(lock="a.lock", key="0" * 64, packages=3, left_out=(), beyond=(), python=python)


def replayed(trial, moved, pythons=("3.11", "3.11")):
    return Replay(
        model="small",
        version="3",
        snapshot="0" * 64,
        rows=100,
        old=seen(pythons[0]),
        new=seen(pythons[1]),
        moved=moved,
        trials=(trial,),
        ending=trial.ending,
        why=trial.why,
    )


@pytest.mark.parametrize(
    ("moved", "pythons", "searching", "words"),
    [
        (("a 1 -> 2", "b 1 -> 2"), ("3.11", "3.11"), False, "lockfile, or name the guilty package: the same with"),
        (("a 1 -> 2", "b 1: gone"), ("3.11", "3.11"), False, "lockfile, or name the guilty version: the same with"),
        (("a 1 -> 2", "b 1 -> 2"), ("3.11", "3.11"), True, "lockfile"),
        (("b 1: gone",), ("3.11", "3.11"), False, "lockfile"),
        (("Python 3.11 -> 3.12",), ("3.11", "3.12"), False, "Python"),
        (
            ("Python 3.11 -> 3.12", "a 1 -> 2"),
            ("3.11", "3.12"),
            False,
            "lockfile, or name the guilty version: the same",
        ),
    ],
)
def test_a_search_is_proposed_where_it_would_say_more(project, run_with, moved, pythons, searching, words):
    runs = run_with("old"), run_with("new", "load", "no module named _loss")
    trial = ended(project.bench().contract("small"), "artifact", *runs, None, None, None)

    found = replay_lines(replayed(trial, moved, pythons), searching=searching)[-1].strip()

    assert found.startswith(f"keep the old {words}")
    assert ("--bisect" in found) is ("the same" in words)


def restless(run_with, how="retrained"):
    """Trained anew in each environment, and no two trainings the same."""
    noise, difference = (numeric_difference(np.zeros(9), np.full(9, size)) for size in (0.4, 0.3))
    runs = (run_with(name).model_copy(update={"seconds": {"load": 9.0, "predict": 0.1}}) for name in ("old", "new"))
    old, new = runs
    return Trial(
        how=how,
        old=old,
        new=new,
        noise=noise,
        difference=difference,
        contrast=None,
        ending="accept",
        tier=None,
        why="no more than two runs in one environment",
    )


def test_what_moves_from_run_to_run_is_not_said_to_stand_still(run_with):
    lines = replay_lines(replayed(restless(run_with), ("a 1 -> 2",)))

    assert lines[-1].strip() == "take the update: the model moves no more than from run to run"


def test_training_is_not_called_loading(run_with):
    anew, back = (trial_lines(restless(run_with, how)) for how in ("retrained", "way_back"))

    assert "  train 9.00 -> 9.00 s; predict 0.10 -> 0.10 s" in anew
    assert not [one for one in back if "9.00" in one]


def test_a_training_that_fails_is_told_in_plain_words(project, run_with):
    runs = run_with("old.lock"), run_with("new.lock", "train", "TypeError: no such argument")
    trial = ended(project.bench().contract("small"), "retrained", *runs, None, None, None)

    assert (trial.ending, trial.tier) == ("reject", "severe")
    assert trial.why == "training fails in new.lock: TypeError: no such argument"


def test_an_environment_that_lacks_a_package_is_no_rejection(project, run_with):
    runs = run_with("old.lock"), run_with("new.lock", "packages", "this environment has no numpy")
    trial = ended(project.bench().contract("small"), "artifact", *runs, None, None, None)

    assert (trial.ending, trial.tier) == ("evidence_missing", None)
    assert "could not be evaluated with new.lock: this environment has no numpy; with it in the" in trial.why


def test_nobody_is_blamed_for_what_moves_from_run_to_run(run_with):
    nothing = Locked("old", Installable(lines=("a==1",), hashed=False, whole=True), Lock(packages=()))
    scores = SimpleNamespace(outcomes=SimpleNamespace(prediction=None))
    jobs = SimpleNamespace(outputs=lambda _run: None, scores=lambda _run: scores)
    work = SimpleNamespace(environment=lambda _locked: SimpleNamespace(version="3.11"), jobs=jobs)

    (words,) = bisect(work, nothing, nothing, replayed(restless(run_with), ("a 1 -> 2",))).lines()

    assert words.startswith("Guilty: not known: two runs with old differ by up to 0.4 already")


def test_nobody_is_cleared_by_what_could_not_be_evaluated(project, run_with):
    runs = run_with("old"), run_with("new", "time", "not done after 4 s")
    trial = ended(project.bench().contract("small"), "artifact", *runs, None, None, None)

    found = bisect(None, None, None, replayed(trial, ("a 1 -> 2",)))

    assert found.lines()[0].startswith("Guilty: not known: the stored model could not be evaluated with new: not done")


def test_a_search_tells_each_combination_once_and_what_is_being_built(project, run_with, monkeypatch, tmp_path):
    runs = run_with("old"), run_with("new", "load", "no module named _loss")
    trial = ended(project.bench().contract("small"), "artifact", *runs, None, None, None)
    told = []
    bench = SimpleNamespace(progress=told.append, settings=SimpleNamespace(home=tmp_path))
    work = SimpleNamespace(
        bench=bench,
        environment=lambda _locked: SimpleNamespace(version="3.11"),
        once=lambda _how, _locked, built: run_with("x", "load" if built >= ("a==3",) else None, "it fails"),
    )

    def built(wanted, _root, *, name, python, progress):
        progress(f"building the environment of {name}")
        return wanted.lines[:1]

    monkeypatch.setattr(bisecting, "build", built)
    monkeypatch.setattr(bisecting, "versions_between", lambda *_: ["2", "3"])
    old, new = (
        Locked("x", Installable(lines=lines, hashed=False, whole=True), Lock(packages=()))
        for lines in (("a==1", "b==1"), ("a==4", "b==2"))
    )

    found = bisect(work, old, new, replayed(trial, ("a 1 -> 4", "b 1 -> 2")))

    assert (found.guilty[0].last_same, found.guilty[0].first_different, found.guilty[0].failure) == (
        "2",
        "3",
        "it fails",
    )
    asked = [one for one in told if one.startswith("combination")]
    assert len(asked) == len(set(asked)) == found.asked
    assert sum(one.startswith("building the environment of the old lockfile with") for one in told) >= found.asked


def test_the_failure_that_a_search_ends_at_is_told():
    guilty = Guilty(
        package="a", old="1", new="3", last_same="1", first_different="2", failure="ModuleNotFoundError: _losses"
    )
    found = Bisection(how="artifact", sought="s", moved=1, asked=2, unresolvable=0, guilty=(guilty,), cut_short=1)

    assert found.lines() == [
        "Guilty: a 1 -> 3: begins between 1 and 2",
        (
            "  sought: s; 2 combinations of 1 moved packages were asked, 0 cannot be installed together, and 1 met a "
            "limit of time or memory"
        ),
        "  with a 2: ModuleNotFoundError: _losses",
    ]
