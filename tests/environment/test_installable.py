"""Every kind of lockfile as lines for an installer."""

import pytest

from baseline_pipeline.environment.installable import installable, mixed

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


def test_poetry_locks_keep_the_main_group_where_markers_hold():
    assert installable("poetry.lock", POETRY, {"sys_platform": "linux"}).lines == ("numpy==2.1.3 --hash=sha256:aa",)


def test_pylock_and_what_cannot_be_brought():
    found = installable("pylock.toml", PYLOCK)

    assert found.lines == ("numpy==2.1.3 --hash=sha256:aa",)
    assert found.left_out == ("mine ({'path': '.'})",)


def test_of_a_conda_lock_the_pip_part_is_installed_and_the_rest_is_named(monkeypatch):
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    found = installable("conda-lock.yml", CONDA)

    assert found.lines == ("lightgbm==4.3.0 --hash=sha256:aa",)
    assert (found.python, found.left_out) == ("3.11", ("openblas 0.3.27 (conda)",))


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
