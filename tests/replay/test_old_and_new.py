"""Which lockfiles a replay stands between, where none is named."""

import sys

import pytest

from baseline_pipeline.errors import EvidenceUnavailable, UsageError
from baseline_pipeline.workbench.replays.locked import old_and_new

WHOLE = f"numpy==2.1.3 --hash=sha256:{'a' * 64}\n"


PRESENT = f"{sys.version_info[0]}.{sys.version_info[1]}"


def found(project, *names, pythons=()):
    bench = project.bench()
    return old_and_new(bench, bench.contract("small"), names, pythons)


def test_the_baselines_and_the_contracts_stand_for_both(project):
    project.lock(WHOLE)
    with pytest.raises(UsageError, match="0 lockfiles were given"):
        found(project)
    project.lock()
    project.run()
    project.establish()

    with pytest.raises(EvidenceUnavailable, match="not kept with all there is to install"):
        found(project)


def test_one_that_is_named_is_the_new_one(project):
    (project.root / "new.lock").write_text(WHOLE)

    old, new = found(project, "new.lock")

    assert (old.name, new.name) == ("requirements.lock", "new.lock")


def test_one_lockfile_stands_between_two_pythons(project):
    old, new = found(project, *["requirements.lock"] * 2, pythons=[sys.executable, PRESENT])

    assert (old.python, new.python) == (sys.executable, PRESENT)
    assert new.name == f"requirements.lock with Python {PRESENT}"
    assert old.wanted == new.wanted


def test_one_python_is_for_both(project):
    old, new = found(project, *["requirements.lock"] * 2, pythons=[PRESENT])

    assert (old.name, new.name) == ("requirements.lock", "requirements.lock")
    assert old.python == new.python == PRESENT


def test_three_pythons_are_refused_and_so_is_one_for_a_lockfile_that_was_kept(project):
    with pytest.raises(UsageError, match="3 interpreters were given"):
        found(project, "requirements.lock", pythons=[PRESENT] * 3)
    project.lock()
    project.run()
    project.establish()

    with pytest.raises(UsageError, match="kept as the present Python reads it"):
        found(project, pythons=[PRESENT])
