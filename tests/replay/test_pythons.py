"""Environments of other Pythons: which are found, and a worker in each."""

import platform
import re
import sys
from pathlib import Path

import pandas as pd
import pytest

from baseline_pipeline.adapters.environments.built import NotBuilt
from baseline_pipeline.adapters.environments.knobs import Knobs
from baseline_pipeline.adapters.environments.remote import RemoteModel
from baseline_pipeline.adapters.environments.uv import build
from baseline_pipeline.environment.installable import Installable, installable
from baseline_pipeline.errors import ModelFailed
from baseline_pipeline.workbench.replays.locked import Locked

NOTHING = Installable(lines=(), hashed=False, whole=True)
"""A lockfile of nothing."""
FORKED = """\
lock-version = "1.0"
[[packages]]
name = "six"
version = "1.16.0"
marker = "python_full_version < '3.11'"
[[packages]]
name = "six"
version = "1.17.0"
marker = "python_full_version >= '3.12'"
"""


def test_a_python_that_is_not_there_is_said_with_those_that_are(tmp_path):
    with pytest.raises(NotBuilt, match=r"no Python 3\.77 is found on this machine; there is .*3\.1\d\.\d+") as told:
        build(installable("a.lock", "six==1.16.0\n"), tmp_path, name="a.lock", python="3.77")

    assert "--python /path/to" in told.value.next_step


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("uv.lock", 'version = 1\nrequires-python = "{}"\n[[package]]\nname = "six"\nversion = "1.16.0"\n'),
        ("pylock.toml", 'requires-python = "{}"\n[[packages]]\nname = "six"\nversion = "1.16.0"\n'),
        ("poetry.lock", '[[package]]\nname = "six"\nversion = "1.16.0"\n[metadata]\npython-versions = "{}"\n'),
    ],
)
def test_a_lockfile_for_other_pythons_is_refused_before_anything_is_built(name, said, tmp_path):
    told = []
    with pytest.raises(NotBuilt, match=rf"{name} is for Python >=3\.77, and this is Python 3\.\d+") as refused:
        build(installable(name, said.format(">=3.77")), tmp_path / "built", name=name, progress=told.append)

    assert "--python VERSION; there is none of them" in refused.value.next_step
    assert not told
    assert not (tmp_path / "built").exists()
    assert installable(name, said.format(">=3.8")).python_range == ">=3.8"


@pytest.mark.parametrize("named", ["--help", "3.12; true", "/nowhere/bin/python"])
def test_what_is_no_python_is_no_option_of_the_tool_that_looks_for_it(named, tmp_path):
    with pytest.raises(NotBuilt, match=rf"no Python {re.escape(named)} is found on this machine"):
        build(NOTHING, tmp_path, name="a.lock", python=named)


def test_pyenvs_interpreters_are_found_although_its_shims_fail(tmp_path, monkeypatch):
    version = platform.python_version()
    minor = version.rpartition(".")[0]
    kept = tmp_path / "pyenv" / "versions" / version / "bin"
    shims = tmp_path / "pyenv" / "shims"
    for place in (kept, shims):
        place.mkdir(parents=True)
    (kept / f"python{minor}").symlink_to(Path(sys.executable).resolve())
    (shims / f"python{minor}").write_text("#!/bin/sh\nexit 127\n")
    (shims / f"python{minor}").chmod(0o755)
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
    monkeypatch.setenv("PATH", str(shims))

    built = build(NOTHING, tmp_path, name="none.lock", python=minor)

    assert built.version == version


@pytest.mark.parametrize("version", ["3.8", "3.9", "3.10", "3.12", "3.13", "3.14"])
def test_a_worker_holds_a_model_in_other_pythons(version, tmp_path):
    try:
        built = build(NOTHING, tmp_path, name="none.lock", python=version)
    except NotBuilt as absent:
        if "is found on this machine" not in str(absent):
            raise
        pytest.skip(f"no Python {version} here")
    library = next(built.folder.glob("lib/python*/site-packages"))
    (library / "installed.py").write_text("import sys\nVERSION = sys.version_info[:2]\n")
    (tmp_path / "held.py").write_text(
        f"import installed\nassert installed.VERSION == {tuple(map(int, version.split('.')))}\ndef fine(rows): return rows\n"
    )
    told = {"columns": ["x"], "wants": "scores", "project": str(tmp_path)}
    job = {**told, "artifact": {"loader": "function", "function": "held:fine"}}

    model = RemoteModel(built, job, Knobs(), tmp_path / "scratch")

    (tmp_path / "pylock.toml").write_text(FORKED)
    forked = Locked.read(tmp_path, "pylock.toml", python=version).wanted.lines
    assert forked == (("six==1.16.0",) if version in {"3.8", "3.9", "3.10"} else ("six==1.17.0",))
    assert built.version.startswith(f"{version}.")
    assert list(library.glob("__pycache__/installed.*"))
    assert not list(tmp_path.glob("__pycache__/held.*"))
    with pytest.raises(ModelFailed, match=r"numpy|the process ended"):
        model.predict(pd.DataFrame({"x": [1.0]}))
