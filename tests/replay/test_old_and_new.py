"""Which lockfiles a replay stands between, where none is named."""

import pytest

from baseline_pipeline.errors import EvidenceUnavailable, UsageError
from baseline_pipeline.workbench.replays.locked import old_and_new

WHOLE = f"numpy==2.1.3 --hash=sha256:{'a' * 64}\n"


def found(project, *names):
    bench = project.bench()
    return old_and_new(bench, bench.contract("small"), names)


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
