"""What to do after a replay: a search is proposed where it would say more."""

import pytest

from baseline_pipeline.replay.outcome import ended
from baseline_pipeline.workbench.replays.dependency_replay import EnvironmentSeen, Replay
from baseline_pipeline.workbench.replays.replayed import replay_lines


def seen(python):
    return EnvironmentSeen(lock="a.lock", key="0" * 64, packages=3, left_out=(), beyond=(), python=python)


def advice(project, run_with, moved, pythons=("3.11", "3.11"), *, searching=False):
    runs = run_with("old"), run_with("new", "load", "no module named _loss")
    trial = ended(project.bench().contract("small"), "artifact", *runs, None, None, None)
    found = Replay(
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
    return replay_lines(found, searching=searching)[-1].strip()


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
    found = advice(project, run_with, moved, pythons, searching=searching)

    assert found.startswith(f"keep the old {words}")
    assert ("--bisect" in found) is ("the same" in words)
