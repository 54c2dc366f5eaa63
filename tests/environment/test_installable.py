"""Every kind of lockfile as lines for an installer."""

import pytest

from baseline_pipeline.environment.installable import installable, mixed
from baseline_pipeline.environment.interpreter import differences

UV = """\
version = 1
requires-python = ">=3.11"

[[package]]
name = "mine"
version = "0.1"
source = { virtual = "." }
dependencies = [
    { name = "numpy" },
    { name = "colorama", marker = "sys_platform == 'win32'" },
    { name = "httpx", extra = ["http2"] },
]
[package.dev-dependencies]
dev = [{ name = "pytest" }]

[[package]]
name = "numpy"
version = "2.1.3"
source = { registry = "https://example.org/simple" }
wheels = [{ url = "https://example.org/a.whl", hash = "sha256:aa" }, { url = "https://example.org/b.whl", hash = "sha256:bb" }]

[[package]]
name = "colorama"
version = "0.4.6"

[[package]]
name = "httpx"
version = "0.28.0"
sdist = { url = "https://example.org/h.tgz", hash = "sha256:cc" }
[package.optional-dependencies]
http2 = [{ name = "h2" }]

[[package]]
name = "h2"
version = "4.1.0"
sdist = { url = "https://example.org/h2.tgz", hash = "sha256:dd" }

[[package]]
name = "pytest"
version = "8.0"
"""
POETRY = """\
[[package]]
name = "numpy"
version = "2.1.3"
optional = false
groups = ["main"]
files = [{ file = "numpy.whl", hash = "sha256:aa" }]

[[package]]
name = "pytest"
version = "8.0"
groups = ["dev"]

[[package]]
name = "pywin32"
version = "306"
groups = ["main"]
markers = "sys_platform == 'win32'"
"""
PYLOCK = """\
lock-version = "1.0"

[[packages]]
name = "numpy"
version = "2.1.3"
wheels = [{ url = "https://example.org/n.whl", hashes = { sha256 = "aa" } }]

[[packages]]
name = "mine"
directory = { path = "." }
"""
CONDA = """\
package:
- {name: python, version: 3.11.9, manager: conda, platform: linux-64}
- {name: openblas, version: 0.3.27, manager: conda, platform: linux-64}
- {name: lightgbm, version: 4.3.0, manager: pip, platform: linux-64, hash: {sha256: aa}}
- {name: lightgbm, version: 4.3.0, manager: pip, platform: osx-arm64, hash: {sha256: bb}}
"""


def test_uv_locks_are_walked_from_the_project():
    found = installable("uv.lock", UV, {"sys_platform": "linux", "extra": ""})

    assert [line.split(" --hash")[0] for line in found.lines] == ["h2==4.1.0", "httpx==0.28.0", "numpy==2.1.3"]
    assert found.lines[2].endswith("--hash=sha256:aa --hash=sha256:bb")
    assert (found.hashed, found.whole) == (True, True)


FORKED = """\
version = 1
requires-python = ">=3.9"

[[package]]
name = "zoo"
version = "1.0"
source = { editable = "." }
dependencies = [
    { name = "alpha" },
    { name = "numpy", version = "2.0.2", marker = "python_full_version < '3.10'" },
    { name = "numpy", version = "2.4.6", marker = "python_full_version >= '3.10'" },
]
[package.dev-dependencies]
dev = [{ name = "pytest" }]

[[package]]
name = "alpha"
version = "0.2"
source = { editable = "libs/alpha" }
dependencies = [{ name = "click" }]

[[package]]
name = "click"
version = "8.1.8"
dependencies = [{ name = "colorama", marker = "sys_platform == 'win32'" }]

[[package]]
name = "colorama"
version = "0.4.6"

[[package]]
name = "numpy"
version = "2.0.2"
resolution-markers = ["python_full_version < '3.10'"]

[[package]]
name = "numpy"
version = "2.4.6"
resolution-markers = ["python_full_version >= '3.12'", "python_full_version >= '3.10' and python_full_version < '3.12'"]

[[package]]
name = "pytest"
version = "8.0"

[[package]]
name = "fork"
version = "0.3"
source = { git = "https://ada:secret@example.org/fork.git?rev=1#1" }
"""


@pytest.mark.parametrize(("python", "numpy"), [("3.9.18", "2.0.2"), ("3.11.7", "2.4.6"), ("3.12.1", "2.4.6")])
def test_of_a_forked_uv_lock_one_version_is_taken_and_members_of_the_workspace_never_come_from_an_index(python, numpy):
    found = installable("uv.lock", FORKED, {"python_full_version": python, "sys_platform": "linux"})

    assert found.lines == ("click==8.1.8", f"numpy=={numpy}")
    assert found.left_out == ("alpha (editable libs/alpha)",)


def test_only_what_a_lockfile_installs_here_is_expected():
    wanted = installable("uv.lock", FORKED, {"python_full_version": "3.11.7", "sys_platform": "linux"})

    assert differences(wanted, {"click": "8.1.8", "numpy": "2.4.6"}) == ()
    assert [one.package for one in differences(wanted, {"numpy": "2.0.2"})] == ["click", "numpy"]


def test_what_is_locked_to_a_commit_is_expected_and_shown_without_its_secrets():
    needed = FORKED.replace('{ name = "alpha" },', '{ name = "fork" },')
    wanted = installable("uv.lock", needed, {"python_full_version": "3.11.7"})

    assert wanted.left_out == ("fork 0.3 (git https://***@example.org/fork.git?rev=1#1)",)
    assert [one.package for one in differences(wanted, {"numpy": "2.4.6"})] == ["fork"]


def test_an_editable_folder_is_left_out_and_the_rest_stands_alone():
    found = installable(
        "requirements.txt", "-e .\na==1 --hash=sha256:aa\nb==1 ; python_version < '3' --hash=sha256:bb\n"
    )

    assert (found.lines, found.left_out, found.whole) == (("a==1 --hash=sha256:aa",), ("-e .",), True)


def test_of_a_universal_lock_the_line_that_holds_here_is_taken():
    text = 'a==1 ; python_version < "3.12"\na==2 ; python_version >= "3.12"\n'
    old, new = (installable("r.txt", text, {"python_version": one}) for one in ("3.11", "3.12"))

    assert (old.lines, new.lines) == (('a==1 ; python_version < "3.12"',), ('a==2 ; python_version >= "3.12"',))


def test_what_pylock_keeps_for_other_groups_is_not_installed():
    text = PYLOCK + '[[packages]]\nname = "pytest"\nversion = "8.0"\nmarker = "\'dev\' in dependency_groups"\n'

    assert installable("pylock.toml", text).lines == ("numpy==2.1.3 --hash=sha256:aa",)


def test_groups_that_pylock_installs_by_default_are_installed():
    text = PYLOCK.replace("[[packages]]", 'default-groups = ["default"]\n[[packages]]', 1)
    text += '[[packages]]\nname = "six"\nversion = "1.17.0"\nmarker = "\'default\' in dependency_groups"\n'
    text += '[[packages]]\nname = "pytest"\nversion = "8.0"\nmarker = "\'dev\' in dependency_groups"\n'

    assert installable("pylock.toml", text).lines == ("numpy==2.1.3 --hash=sha256:aa", "six==1.17.0")


def test_what_older_poetry_and_conda_lock_keep_for_development_is_not_installed():
    dev = '[[package]]\nname = "{}"\nversion = "1"\ncategory = "{}"\noptional = false\n'
    poetry = installable("poetry.lock", dev.format("six", "main") + dev.format("pytest", "dev"))
    more = "\n".join(
        f"- {{name: {name}, version: 1, manager: {manager}, category: {category}, optional: {optional}}}"
        for name, manager, category, optional in (
            ("six", "pip", "main", "false"),
            ("pytest", "pip", "dev", "true"),
            ("gdb", "conda", "dev", "true"),
        )
    )
    conda = installable("conda-lock.yml", f"package:\n{more}")

    assert (poetry.lines, conda.lines, conda.left_out) == (("six==1",), ("six==1",), ())


def test_poetry_locks_take_what_an_index_of_ones_own_has():
    text = POETRY.replace(
        "files = [{",
        '[package.source]\ntype = "legacy"\nurl = "https://example.org/simple"\n[[package]]\nname="x"\nversion="1"\nfiles = [{',
    )

    assert [one.split(" ")[0] for one in installable("poetry.lock", text, {"sys_platform": "linux"}).lines] == [
        "numpy==2.1.3",
        "x==1",
    ]


def test_poetry_locks_keep_the_main_group_where_markers_hold():
    assert installable("poetry.lock", POETRY, {"sys_platform": "linux"}).lines == ("numpy==2.1.3 --hash=sha256:aa",)


def test_pylock_and_what_cannot_be_brought():
    found = installable("pylock.toml", PYLOCK)

    assert found.lines == ("numpy==2.1.3 --hash=sha256:aa",)
    assert found.left_out == ("mine (directory path .)",)


@pytest.mark.parametrize(
    ("place", "told"),
    [
        ('vcs = {type = "git", url = "https://a.example/b.git"}', "vcs type git url https://a.example/b.git"),
        ('archive = {url = "https://a.example/b.zip"}', "archive url https://a.example/b.zip"),
    ],
)
def test_what_pylock_takes_from_a_place_is_never_taken_from_an_index(place, told):
    text = f'[[packages]]\nname = "six"\nversion = "1.17.0"\n[[packages]]\nname = "mine"\nversion = "1.0"\n{place}\n'

    found = installable("pylock.toml", text)

    assert (found.lines, found.left_out) == (("six==1.17.0",), (f"mine 1.0 ({told})",))


def test_of_a_conda_lock_the_pip_part_is_installed_and_the_rest_is_named(monkeypatch):
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    found = installable("conda-lock.yml", CONDA)

    assert found.lines == ("lightgbm==4.3.0 --hash=sha256:aa",)
    assert (found.python, found.left_out) == ("3.11", ("openblas 0.3.27 (conda)",))
    assert differences(found, {"lightgbm": "4.3.0"}) == ()
    assert [one.package for one in differences(found, {"lightgbm": "4.3.0", "openblas": "0.3.1"})] == ["openblas"]


@pytest.mark.parametrize(
    ("text", "hashed"), [("a==1\nb==2\n", False), ("a==1 --hash=sha256:aa\nb==2 \\\n  --hash=sha256:bb\n", True)]
)
def test_requirements_stand_alone_only_where_all_have_hashes(text, hashed):
    found = installable("requirements.lock", text)

    assert (found.hashed, found.whole) == (hashed, hashed)
    assert found.digest == installable("other.txt", "# comment\n" + text).digest
    assert found.digest != installable("other.txt", text.replace("a==1", "a==2")).digest


def test_two_locks_mixed():
    old = installable("old.lock", "a==1\nb==1\ngone==1\n")
    new = installable("new.lock", "a==2\nb==2\nfresh==1\n")

    assert mixed(old, new, {}).lines == ("a==1", "b==1")
    assert mixed(old, new, {"b": None}).lines == ("a==1", "b==2")
    assert mixed(old, new, {"a": "1.5"}).lines == ("a==1.5", "b==1")
    assert mixed(old, new, {}).constraints == ("fresh==1", "gone==1")
