"""How the package is cut: the page names what is there; vendors are kept out of the middle; imports run in no circle."""

import configparser
import re
from graphlib import TopologicalSorter
from pathlib import Path

import baseline_pipeline

PACKAGE = Path(baseline_pipeline.__file__).parent
ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "architecture.md"
OUTSIDE = {"adapters", "workbench", "orchestration", "definitions", "cli", "demo"}
"""What may name a vendor, and what puts these together."""


def test_every_folder_and_file_of_the_package_has_a_line_of_its_own():
    rows = re.findall(r"^\| (`.*?`) \|", PAGE.read_text(), re.MULTILINE)
    named = [name for row in rows for name in re.findall(r"`([^`]+)`", row)]
    folders = [f"{one.parent.name}/" for one in PACKAGE.glob("*/__init__.py")]
    files = [one.stem for one in PACKAGE.glob("*.py") if not one.stem.startswith("__")]

    assert sorted(named) == sorted([*folders, *files])


def test_vendors_are_kept_out_of_all_that_lies_between_adapters_and_the_command_line():
    contracts = configparser.ConfigParser()
    contracts.read(ROOT / ".importlinter")
    kept = contracts["importlinter:contract:vendors"]["source_modules"].split()
    there = {one.parent.name for one in PACKAGE.glob("*/__init__.py")} | {one.stem for one in PACKAGE.glob("[!_]*.py")}

    assert sorted(kept) == sorted(f"baseline_pipeline.{name}" for name in there - OUTSIDE)


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
