import os
import py_compile
import shutil
import sys

from baseline_pipeline.adapters.environments.compiled import lend_compiled


def test_what_is_compiled_of_the_very_same_files_is_lent_and_nothing_else(tmp_path):
    ours = tmp_path / "ours"
    theirs = tmp_path / "environment" / "lib" / f"python3.{sys.version_info.minor}" / "site-packages"
    for folder in (ours / "library", theirs / "library"):
        folder.mkdir(parents=True)
    for name in ("same", "copied", "plain"):
        (ours / "library" / f"{name}.py").write_text(f"name = {name!r}\n")
    for name in ("same", "copied"):
        py_compile.compile(ours / "library" / f"{name}.py")
    for name, bring in (("same", os.link), ("copied", shutil.copy2), ("plain", os.link)):
        bring(ours / "library" / f"{name}.py", theirs / "library" / f"{name}.py")
    (theirs / "only_there.py").write_text("")

    assert lend_compiled(tmp_path / "environment", ours) == 1
    assert [one.name.partition(".")[0] for one in theirs.rglob("*.pyc")] == ["same"]
    assert lend_compiled(tmp_path / "environment", ours) == 0  # it is there
