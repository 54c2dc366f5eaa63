"""Lockfiles count by content, whatever they look like."""

import pytest

from baseline_pipeline.environment.installable import installable
from baseline_pipeline.environment.interpreter import differences
from baseline_pipeline.environment.lockfile import content_digest, moved, read_lockfile
from baseline_pipeline.errors import ContractError

HASHED = """\
numpy==2.1.0 \\
    --hash=sha256:aaaa \\
    --hash=sha256:bbbb
scikit-learn==1.6.1 ; python_version >= "3.9" \\
    --hash=sha256:cccc
"""
UV = """\
version = 1
requires-python = ">=3.11"

[[package]]
name = "numpy"
version = "2.1.0"
source = { registry = "somewhere" }
sdist = { url = "u", hash = "sha256:aaaa", size = 1 }
wheels = [{ url = "w", hash = "sha256:bbbb", size = 2 }]

[[package]]
name = "my-project"
version = "0.1.0"
source = { editable = "." }
"""
POETRY = """\
[[package]]
name = "NumPy"
version = "2.1.0"
description = "arrays"
optional = false
files = [{file = "a.whl", hash = "sha256:aaaa"}]

[metadata]
lock-version = "2.1"
"""
PYLOCK = """\
lock-version = "1.0"
created-by = "pip"

[[packages]]
name = "numpy"
version = "2.1.0"
wheels = [{ name = "numpy.whl", hashes = { sha256 = "aaaa" } }]
"""
CONDA = """\
version: 1
package:
  - {name: numpy, version: 2.1.0, manager: conda, platform: linux-64, hash: {md5: aaaa}}
"""
FREEZE = "numpy==2.1.0\nmine @ file:///somewhere/mine\n-e git+https://example.com/x.git@abc#egg=edited\n"
FORMATS = {
    "requirements.txt": HASHED,
    "uv.lock": UV,
    "poetry.lock": POETRY,
    "pylock.toml": PYLOCK,
    "conda-lock.yml": CONDA,
    "freeze.txt": FREEZE,
}


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_gives_its_packages(name):
    packages = {one.name: one for one in read_lockfile(name, FORMATS[name]).packages}

    assert packages["numpy"].version == "2.1.0"
    assert "my-project" not in packages


def test_an_editable_install_has_the_name_that_pip_freeze_writes_above_it():
    text = "numpy==2.1.0\n# Editable Git install with no remote (My_Package==0.3.dev1)\n-e /somewhere/main\n"
    packages = {one.name: one for one in read_lockfile("freeze.txt", text).packages}

    assert sorted(packages) == ["my-package", "numpy"]
    assert (packages["my-package"].version, packages["my-package"].source) == (None, "/somewhere/main")


@pytest.mark.parametrize("name", FORMATS)
def test_line_endings_and_remarks_do_not_count(name):
    text = FORMATS[name]
    remarked = "# a remark\n\n" + text.replace("\n", "\r\n")

    assert content_digest(read_lockfile(name, remarked)) == content_digest(read_lockfile(name, text))


@pytest.mark.parametrize("name", FORMATS)
def test_a_version_counts_and_is_told(name):
    old, new = read_lockfile(name, FORMATS[name]), read_lockfile(name, FORMATS[name].replace("2.1.0", "2.2.0"))

    assert content_digest(old) != content_digest(new)
    assert moved(old, new) == ("numpy 2.1.0 -> 2.2.0",)


@pytest.mark.parametrize("name", ["requirements.txt", "uv.lock", "poetry.lock", "pylock.toml", "conda-lock.yml"])
def test_another_artifact_of_the_same_version_counts(name):
    old, new = read_lockfile(name, FORMATS[name]), read_lockfile(name, FORMATS[name].replace("aaaa", "dddd"))

    assert moved(old, new) == ("numpy 2.1.0: other hashes",)


def test_order_and_spelling_do_not_count():
    one = read_lockfile("r.txt", "Scikit_Learn==1.6.1\nnumpy==2.1.0\n")
    two = read_lockfile("r.txt", "numpy==2.1.0   # fast\n\nscikit-learn==1.6.1\n")

    assert content_digest(one) == content_digest(two)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("numpy==1.0\npandas>=2\n", "r.txt:2: 'pandas>=2' is not pinned"),
        ("numpy>=2\n", "r.txt:1: 'numpy>=2' is not pinned"),
        ("-r other.txt\n", "r.txt:1: '-r other.txt' stood here"),
        ("numpy==1.0\n???\n", "r.txt:2: '???' stood here"),
        ("numpy==1.0\nnumpy==2.0\n", "numpy is locked to 1.0 and to 2.0"),
        ("# nothing\n", "no locked package found"),
    ],
)
def test_what_is_no_lock_is_refused_with_its_line(text, words):
    with pytest.raises(ContractError) as refused:
        read_lockfile("r.txt", text)

    assert words in str(refused.value)


@pytest.mark.parametrize(
    "option", ["--index-url=https://a.org/x?y=1", "--trusted-host a.org", "--require-hashes", "--no-index"]
)
def test_options_of_pip_say_nothing_of_what_is_locked(option):
    text = f"{option}\n{HASHED}"

    assert read_lockfile("requirements.lock", text) == read_lockfile("requirements.lock", HASHED)
    assert installable("requirements.lock", text) == installable("requirements.lock", HASHED)


def test_differences_name_locked_and_installed_and_skip_foreign_markers():
    wanted = installable("r.txt", 'a==1.0\nb==1.0\nc==1.0 ; sys_platform == "plan9"\nd==1\nmine @ file:///srv/m.whl\n')
    found = differences(wanted, {"a": "1.0", "b": "2.0", "d": "1.0.0", "extra": "9"})

    assert [(one.package, one.locked, one.installed) for one in found] == [
        ("b", "1.0", "2.0"),
        ("mine", "a place of its own", None),
    ]


def test_secrets_in_addresses_are_not_shown():
    lock = read_lockfile("r.txt", "mine @ git+https://ada:secret@example.org/mine.git\n")

    assert lock.packages[0].shown == "git+https://***@example.org/mine.git"
