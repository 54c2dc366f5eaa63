"""The files behind a function are kept whole, or not at all with a reason."""

import sys
from types import SimpleNamespace

import pytest

from baseline_pipeline.adapters.models import function_kept
from baseline_pipeline.adapters.models.function import FunctionCatalogue
from baseline_pipeline.adapters.models.function_kept import KeptFunctions
from baseline_pipeline.adapters.stores.filesystem import FilesystemStore
from baseline_pipeline.errors import ModelGone

SOURCE = "from dykes.levels import level\n\n\ndef predict(features):\n    return level(features)\n"


@pytest.fixture
def project(tmp_path):
    """`catalogue()` of a function in `src`, and `write(name, text)`."""
    root = tmp_path / "project"

    def write(name, text):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)

    def catalogue():
        model = SimpleNamespace(function="dykes.model:predict", training=None)
        store = FilesystemStore(tmp_path / "store")
        kept = KeptFunctions(store, "dykes", root, tmp_path / "cache")
        return FunctionCatalogue(SimpleNamespace(model=model), root, kept)

    write("src/dykes/__init__.py", "")
    write("src/dykes/levels.py", "def level(features):\n    return features\n")
    write("src/dykes/model.py", SOURCE)
    yield SimpleNamespace(root=root, write=write, catalogue=catalogue, cache=tmp_path / "cache")
    for name in [one for one in sys.modules if one.split(".")[0] == "dykes"]:
        del sys.modules[name]


def test_an_edited_function_is_laid_out_as_it_stood_in_the_project(project):
    catalogue = project.catalogue()
    version = catalogue.resolve("champion")
    before = catalogue.artifact(version)
    said = catalogue.keep(version)
    project.write("src/dykes/levels.py", "def level(features):\n    return -features\n")
    after = catalogue.artifact(version)
    names = sorted(str(one.relative_to(after["folder"])) for one in project.cache.rglob("*.py"))

    assert said == ""
    assert (before["folder"], before["imports"]) == (str(project.root), str(project.root / "src"))
    assert after["imports"] == f"{after['folder']}/src"
    assert names == [f"src/dykes/{name}.py" for name in ("__init__", "levels", "model")]
    assert (project.cache / after["folder"] / "src/dykes/levels.py").read_text().endswith("return features\n")


def test_a_copy_that_somebody_wrote_into_is_made_anew(project):
    catalogue = project.catalogue()
    version = catalogue.resolve("champion")
    catalogue.keep(version)
    project.write("src/dykes/model.py", f"{SOURCE}# edited\n")
    first = catalogue.artifact(version)
    file = project.cache / first["folder"] / "src/dykes/model.py"
    file.write_text("broken")

    assert catalogue.artifact(version) == first
    assert file.read_text() == SOURCE


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (".env", "holds a secret"),
        ("config/db-password.txt", "holds a secret"),
        ("client.pem", "holds a secret"),
        ("tokenizer.json", ""),
        ("monkey.csv", ""),
    ],
)
def test_what_looks_like_a_secret_is_not_copied(project, name, words):
    project.write(name, "x")
    project.write("src/dykes/model.py", f"{SOURCE}FILE = {name!r}\n")
    catalogue = project.catalogue()
    said = catalogue.keep(catalogue.resolve("champion"))

    assert words in said
    assert bool(said) == bool(words)


def test_large_files_and_absolute_paths_are_not_kept(project, monkeypatch):
    project.write("weights.bin", "x" * 1000)
    project.write("src/dykes/model.py", f"{SOURCE}FILE = {str(project.root / 'weights.bin')!r}\n")
    catalogue = project.catalogue()
    version = catalogue.resolve("champion")
    absolute = catalogue.keep(version)
    monkeypatch.setattr(function_kept, "MOST_MB", 0)
    large = catalogue.keep(version)
    project.write("weights.bin", "y")

    assert "named by its absolute path" in absolute
    assert "at most 0 are kept" in large
    with pytest.raises(ModelGone, match="which was not kept"):
        catalogue.artifact(version)
