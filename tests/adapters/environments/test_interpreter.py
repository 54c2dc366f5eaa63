import shutil
import sys

import pytest

from baseline_pipeline.adapters.environments.interpreter import installed_packages


def install(place, name, version):
    folder = place / f"{name}-{version}.dist-info"
    folder.mkdir(parents=True)
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def test_what_is_installed_replaced_or_removed_meanwhile_is_seen(place):
    install(place, "Some.Package", "1.0")
    assert installed_packages()["some-package"] == "1.0"

    shutil.rmtree(place / "Some.Package-1.0.dist-info")
    install(place, "Some.Package", "2.0")
    assert installed_packages()["some-package"] == "2.0"

    shutil.rmtree(place / "Some.Package-2.0.dist-info")
    assert "some-package" not in installed_packages()


def test_the_first_place_on_the_path_is_the_one_that_counts(place, monkeypatch):
    install(place / "first", "thing", "1.0")
    install(place / "second", "thing", "2.0")
    monkeypatch.setattr(sys, "path", [str(place / "first"), str(place / "second"), str(place / "absent")])

    assert installed_packages() == {"thing": "1.0"}


def test_an_answer_that_is_changed_by_its_reader_changes_no_other(place):
    install(place, "thing", "1.0")
    installed_packages().clear()

    assert installed_packages()["thing"] == "1.0"
