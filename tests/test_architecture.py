"""The page on how the package is cut names what is there, and nothing that is not."""

import re
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
