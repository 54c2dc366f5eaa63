"""The page on how the package is cut names what is there, and nothing that is not; imports run in no circle."""

import re
from graphlib import TopologicalSorter
from pathlib import Path

import baseline_pipeline

PACKAGE = Path(baseline_pipeline.__file__).parent
PAGE = Path(__file__).parents[1] / "docs" / "architecture.md"


def test_every_folder_and_file_of_the_package_has_a_line_of_its_own():
    rows = re.findall(r"^\| (`.*?`) \|", PAGE.read_text(), re.MULTILINE)
    named = [name for row in rows for name in re.findall(r"`([^`]+)`", row)]
    folders = [f"{one.parent.name}/" for one in PACKAGE.glob("*/__init__.py")]
    files = [one.stem for one in PACKAGE.glob("*.py") if not one.stem.startswith("__")]

    assert sorted(named) == sorted([*folders, *files])


IMPORT = re.compile(r"^ *from (baseline_pipeline[\w.]*) import (\([^)]*\)|.*)", re.MULTILINE)


def imported(file, modules):
    """Modules that a file names in imports, those for types only and those within functions too."""
    for module, names in IMPORT.findall(file.read_text()):
        inside = [f"{module}.{name}" for name in re.findall(r"\w+", names)]
        yield from [one for one in inside if one in modules] or [module]


def test_no_modules_import_each_other_in_a_circle_not_even_for_types():
    files = {".".join(file.relative_to(PACKAGE.parent).with_suffix("").parts): file for file in PACKAGE.rglob("*.py")}
    modules = {name.removesuffix(".__init__"): file for name, file in files.items()}
    graph = {name: set(imported(file, modules)) for name, file in modules.items()}

    assert len(list(TopologicalSorter(graph).static_order())) == len(modules)
