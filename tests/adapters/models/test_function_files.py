"""A plain function's version moves with all that it is known to rest on."""

import sys
from types import SimpleNamespace

import pytest

from baseline_pipeline.adapters.models.function import FunctionCatalogue
from baseline_pipeline.adapters.models.function_files import files_behind

SOURCE = """\
import json
from pathlib import Path

import numpy as np

from heating import features as made
from heating.curves import slope

WEIGHTS = json.loads((Path(__file__).parent / "weights.json").read_text())


def predict(features):
    return WEIGHTS["a"] * slope(made.of(features))
"""


@pytest.fixture
def project(tmp_path):
    (tmp_path / "heating").mkdir()
    (tmp_path / "heating" / "__init__.py").touch()
    (tmp_path / "heating" / "features.py").write_text("def of(features):\n    return features\n")
    (tmp_path / "heating" / "curves.py").write_text("from .constants import K\n\n\ndef slope(x):\n    return K * x\n")
    (tmp_path / "heating" / "constants.py").write_text("K = 2\n")
    (tmp_path / "weights.json").write_text('{"a": 1}')
    (tmp_path / "notes.json").write_text("{}")
    (tmp_path / "heat_of_a_test.py").write_text(SOURCE)
    yield tmp_path
    for name in [one for one in sys.modules if one.split(".")[0] in {"heating", "heat_of_a_test"}]:
        del sys.modules[name]


def test_imports_from_the_project_and_files_named_whole_are_behind_a_function(project):
    found = files_behind(project / "heat_of_a_test.py", project)

    names = ["__init__.py", "constants.py", "curves.py", "features.py"]
    assert found == [*(project / "heating" / name for name in names), project / "weights.json"]


@pytest.mark.parametrize("text", ["/etc/passwd", "..", "a" * 5000, "\\0", "heating", "../elsewhere.json"])
def test_texts_that_name_no_file_of_the_project_are_passed_over(project, text):
    (project.parent / "elsewhere.json").touch()
    (project / "heat_of_a_test.py").write_text(f"x = {text!r}\n")

    assert files_behind(project / "heat_of_a_test.py", project) == []


@pytest.mark.parametrize(
    ("file", "text", "moves"),
    [("weights.json", '{"a": 9}', True), ("heating/constants.py", "K = 9\n", True), ("notes.json", "9", False)],
)
def test_a_functions_version_moves_with_the_files_behind_it(project, file, text, moves):
    model = SimpleNamespace(function="heat_of_a_test:predict", training=None)
    catalogue = FunctionCatalogue(SimpleNamespace(model=model), project)
    before = catalogue.resolve("champion")
    (project / file).write_text(text)
    after = catalogue.resolve("champion")

    assert (before.version != after.version, before.digest != after.digest) == (moves, moves)
