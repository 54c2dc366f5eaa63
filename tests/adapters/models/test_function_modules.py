"""A process that lives on is answered by the code that stands there now, not by what it imported once."""

import os
import sys
from types import SimpleNamespace

import pytest

from baseline_pipeline.adapters.models.function import FunctionCatalogue
from baseline_pipeline.adapters.models.function_modules import standing_module
from baseline_pipeline.adapters.own_modules import importing_from
from baseline_pipeline.errors import ContractError, UsageError
from baseline_pipeline.workbench.code import module_file

HELPERS = {
    "from rivers.depths import level": "return level()",
    "from rivers import depths": "return depths.level()",
    "import rivers.depths": "return rivers.depths.level()",
    "import os": "from rivers.depths import level; return level()",
}


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "rivers").mkdir()
    (tmp_path / "rivers" / "depths.py").write_text("def level():\n    return 1\n")
    yield tmp_path
    for name in [one for one in sys.modules if one.split(".")[0] in {"rivers", "reservoir"}]:
        del sys.modules[name]


def write(project, line, body):
    (project / "reservoir.py").write_text(f"{line}\n\n\ndef predict():\n    {body}\n")


def answer(project):
    return standing_module("reservoir:predict", project).predict()


@pytest.mark.parametrize("line", HELPERS)
@pytest.mark.parametrize("package", [True, False])
def test_a_helper_that_was_edited_answers_anew_within_the_same_second_and_size(project, line, package):
    if package:
        (project / "rivers" / "__init__.py").touch()
    write(project, line, HELPERS[line])
    helper = project / "rivers" / "depths.py"
    before, stamp = answer(project), helper.stat().st_mtime_ns
    helper.write_text("def level():\n    return 2\n")
    os.utime(helper, ns=(stamp, stamp))

    assert (before, answer(project)) == (1, 2)


def test_a_file_that_is_read_on_import_is_read_again(project):
    (project / "weight.txt").write_text("3")
    write(project, "W = int((__import__('pathlib').Path(__file__).parent / 'weight.txt').read_text())", "return W")
    before = answer(project)
    (project / "weight.txt").write_text("4")

    assert (before, answer(project)) == (3, 4)


def test_a_module_that_did_not_move_is_imported_once(project):
    write(project, "import rivers.depths", "return rivers.depths.level()")
    first = standing_module("reservoir:predict", project)

    assert standing_module("reservoir:predict", project) is first


def test_a_function_that_was_taken_before_keeps_its_code_and_a_module_that_went_is_told(project):
    write(project, "from rivers.depths import level", "return level()")
    taken = standing_module("reservoir:predict", project).predict
    (project / "rivers" / "depths.py").write_text("def level():\n    return 20\n")
    new = answer(project)
    (project / "reservoir.py").unlink()

    assert (taken(), new) == (1, 20)
    with pytest.raises(ModuleNotFoundError, match="reservoir"):
        answer(project)


def test_a_version_is_answered_by_its_own_code(project):
    model = SimpleNamespace(function="reservoir:predict", training=None)
    catalogue = FunctionCatalogue(SimpleNamespace(model=model), project)
    (project / "reservoir.py").write_text("from rivers import depths\n\n\ndef predict(_):\n    return depths.level()\n")
    old = catalogue.resolve("champion")
    before = catalogue.load(old).predict(None)
    (project / "rivers" / "depths.py").write_text("def level():\n    return 2\n")
    new = catalogue.resolve("champion")

    assert (before, catalogue.load(new).predict(None), old.digest != new.digest) == (1, 2, True)


def test_a_candidate_that_is_no_function_is_refused_with_the_nearest_name(project):
    model = SimpleNamespace(function="reservoir:predict", training=None)
    catalogue = FunctionCatalogue(SimpleNamespace(model=model), project)
    write(project, "import os", "return 1")

    with pytest.raises(UsageError, match="reservoir has no function 'predicts'") as refused:
        catalogue.candidate("reservoir:predicts")

    assert refused.value.next_step == "did you mean 'predict'?"
    assert catalogue.candidate("reservoir:predict").uri == "reservoir:predict"


@pytest.mark.parametrize("place", ["reservoir.py", "basin/__init__.py", "basin/lake.py"])
def test_two_projects_with_modules_of_one_name_are_each_answered_by_their_own(tmp_path, place):
    name = place.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    for number in (1, 2):
        file = tmp_path / str(number) / place
        file.parent.mkdir(parents=True)
        file.write_text("import depths\n\n\ndef predict():\n    return depths.LEVEL\n")
        (tmp_path / str(number) / "depths.py").write_text(f"LEVEL = {number}\n")
    try:
        answers = [standing_module(f"{name}:predict", tmp_path / one).predict() for one in ("1", "2", "1")]
    finally:
        for one in [one for one in sys.modules if one.split(".")[0] in {"reservoir", "basin", "depths"}]:
            del sys.modules[one]

    assert answers == [1, 2, 1]


@pytest.mark.parametrize(("files", "answer"), [(["src"], "src"), ([".", "src"], "."), (["src", "src/__init__"], None)])
def test_modules_in_src_are_found_after_the_projects_own_and_a_package_of_that_name_is_none(tmp_path, files, answer):
    for one in files:
        file = tmp_path / (f"{one}.py" if "_" in one else f"{one}/spillway.py")
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"PLACE = {one!r}\n")
    before = list(sys.path)
    try:
        if answer is None:
            with pytest.raises(ModuleNotFoundError, match="spillway"):
                standing_module("spillway:predict", tmp_path)
        else:
            assert answer == standing_module("spillway:predict", tmp_path).PLACE
            assert module_file("spillway:predict", tmp_path) == tmp_path / answer / "spillway.py"
    finally:
        sys.modules.pop("spillway", None)

    assert sys.path == before


def test_a_path_that_names_src_already_keeps_its_order(tmp_path, monkeypatch):
    (tmp_path / "src").mkdir()
    monkeypatch.syspath_prepend(tmp_path / "src")
    before = list(sys.path)
    with importing_from(tmp_path):
        within = list(sys.path)

    assert (within, sys.path) == ([str(tmp_path), *before], before)


def test_a_module_that_is_nowhere_is_told_with_the_places_that_were_looked_in(tmp_path):
    with pytest.raises(ContractError) as refused:
        module_file("absent_spillway:predict", tmp_path)

    assert "in the project's folder src" in refused.value.next_step


def test_a_helper_with_a_name_of_the_standard_library_takes_nothing_from_others(project):
    import calendar

    (project / "calendar.py").write_text("")
    write(project, "import calendar", "return calendar.isleap(2028)")

    assert (answer(project), sys.modules["calendar"]) == (True, calendar)
