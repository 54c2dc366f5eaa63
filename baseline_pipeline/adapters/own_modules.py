"""Where a project's own modules are imported from: its folder, and `src` in it."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LOOKED_IN = "modules are looked for in the project, among what is installed, and in the project's folder src"


def import_folders(project: Path) -> list[Path]:
    """Folders that a project's modules lie in: its own, and `src` where that is no package itself."""
    source = project / "src"
    return [project, source] if source.is_dir() and not (source / "__init__.py").exists() else [project]


@contextmanager
def importing_from(project: Path) -> Iterator[None]:
    """The project's modules can be imported, for as long as this lasts; those in `src` after all that is installed."""
    first, *last = (str(one) for one in import_folders(project))
    sys.path.insert(0, first)
    last = [one for one in last if one not in sys.path]
    sys.path.extend(last)
    try:
        yield
    finally:
        for one in (first, *last):
            sys.path.remove(one)
