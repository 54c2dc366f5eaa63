"""Which package, which version: how many are asked, and which versions there are."""

import zipfile

import pytest

from baseline_pipeline.adapters.environments.built import NotBuilt
from baseline_pipeline.adapters.environments.uv import versions_between
from baseline_pipeline.replay.bisection import fewest, first_that_differs


@pytest.mark.parametrize("count", [1, 2, 3, 7, 12, 33])
def test_as_many_as_were_told_are_asked_at_most_where_one_package_did_it(count):
    names = [f"p{number:02}" for number in range(count)]
    for guilty in names:
        told, asked = [], []

        def differs(some, guilty=guilty, asked=asked):
            asked.append(some)
            return guilty in some

        assert fewest(names, differs, suspects=names[-1:], ahead=told.append) == {guilty}
        assert all(left >= len(asked) - number for number, left in enumerate(told))
        assert len(told) == len(asked)


@pytest.mark.parametrize("count", [2, 3, 5, 8, 20])
def test_as_many_versions_as_were_told_are_asked_at_most(count):
    for first in range(1, count):
        told, asked = [], []

        def differs(version, first=first, asked=asked):
            asked.append(version)
            return version >= first

        assert first_that_differs(range(count), differs, told.append) == (first - 1, first)
        assert all(left >= len(asked) - number for number, left in enumerate(told))


@pytest.fixture
def index(tmp_path, monkeypatch):
    """Versions 1.0 to 1.4 of a package and a pre-release; from 1.3 on for Python 3.12 and later."""
    links = []
    for minor in (0, 1, 2, 3, 4, "5rc1"):
        name, info = f"grain-1.{minor}-py3-none-any.whl", f"grain-1.{minor}.dist-info"
        with zipfile.ZipFile(tmp_path / name, "w") as wheel:
            wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: grain\nVersion: 1.{minor}\n")
            wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
            wheel.writestr(f"{info}/RECORD", "")
        needs = "3.12" if minor in {3, 4, "5rc1"} else "3.8"  # as the docstring says
        links.append(f'<a href="../../{name}" data-requires-python="&gt;={needs}">{name}</a>')
    (tmp_path / "simple" / "grain").mkdir(parents=True)
    (tmp_path / "simple" / "grain" / "index.html").write_text(
        f"<!DOCTYPE html><html><body>{''.join(links)}</body></html>"
    )
    monkeypatch.setenv("UV_DEFAULT_INDEX", (tmp_path / "simple").as_uri())
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "cache"))


def test_versions_in_between_are_those_for_the_environments_own_python_in_its_direction(index):
    assert versions_between("grain", "1.0", "1.4", "3.11.7") == ["1.1", "1.2"]
    assert versions_between("grain", "1.4", "1.0", "3.12.1") == ["1.3", "1.2", "1.1"]


def test_every_question_to_the_index_is_told_before_it_is_asked(index):
    told = []

    versions_between("grain", "1.0", "1.4", "3.11.7", told.append)

    assert told == [
        "asking the index for the last grain before 1.4 (0 versions so far)",
        "asking the index for the last grain before 1.2 (1 version so far)",
        "asking the index for the last grain before 1.1 (2 versions so far)",
    ]


def test_a_pre_release_is_looked_at_only_where_a_lockfile_holds_one(index):
    assert versions_between("grain", "1.4", "1.6", "3.12.1") == []
    assert versions_between("grain", "1.4", "1.6rc1", "3.12.1") == ["1.5rc1"]


def test_an_index_that_cannot_be_asked_is_not_taken_for_one_without_versions(tmp_path, monkeypatch):
    monkeypatch.setenv("UV_OFFLINE", "1")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "empty"))

    with pytest.raises(NotBuilt, match="index cannot be asked for versions of grain"):
        versions_between("grain", "1.0", "1.4", "3.11.7")
